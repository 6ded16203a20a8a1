"""Logs are one JSON object a line, and hold nobody's data."""

import io
import json
import logging as stdlib
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from aiokafka.errors import KafkaConnectionError

from services.runtime import logging
from services.runtime.settings import Settings

PERSON = "510100199001011234"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    handlers, level = stdlib.root.handlers, stdlib.root.level
    stream = io.StringIO()
    logging.configure(Settings(), stream)
    yield stream
    stdlib.root.handlers = handlers
    stdlib.root.setLevel(level)
    structlog.reset_defaults()


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_a_line_holds_nothing_that_is_not_seen(log: io.StringIO) -> None:
    """A terminal that shows the log obeys nobody; what was meant is still there for whoever reads JSON."""
    evil = "a\x1b[2J\x9b\u202e\u2066\n\U000e0041"
    half = "\ud800"  # pytest's own record of what clients log cannot travel from a worker with it
    structlog.get_logger("any").info(evil + half, why=evil)
    stdlib.getLogger("aiokafka.consumer").error(evil)
    assert log.getvalue().replace("\n", "").isprintable()
    assert [line["event"] for line in lines(log)] == [evil + half, evil]
    assert lines(log)[0]["why"] == evil


def test_a_line_is_a_json_object(log: io.StringIO) -> None:
    structlog.get_logger("any").info("lane taken", lane=3, why="因病")
    [line] = lines(log)
    assert (line["event"], line["lane"], line["why"], line["level"]) == ("lane taken", 3, "因病", "info")
    assert line["timestamp"].endswith("Z")


def test_lines_below_the_level_are_left_out(log: io.StringIO) -> None:
    structlog.get_logger("any").debug("detail")
    assert lines(log) == []


def test_of_an_exception_the_kinds_and_places_are_told_and_not_the_text(log: io.StringIO) -> None:
    def fail() -> None:
        raise ValueError(PERSON)

    try:
        try:
            fail()
        except ValueError as error:
            raise RuntimeError(PERSON) from error
    except RuntimeError:
        structlog.get_logger("any").exception("failed")
        stdlib.getLogger("library").exception("failed too")
    ours, theirs = lines(log)
    assert ours["exception"] == theirs["exception"]
    assert [told.split(" < ")[0] for told in ours["exception"]] == ["RuntimeError", "ValueError"]
    assert "test_logging.py" in ours["exception"][1]
    assert " fail" in ours["exception"][1]
    assert PERSON not in log.getvalue()


def test_a_library_speaks_from_warnings_on_and_says_a_thing_once_a_minute(log: io.StringIO) -> None:
    library = stdlib.getLogger("aiokafka.consumer.fetcher")
    library.info("each batch")
    for node in (1, 2, 3):
        library.error("Failed fetch messages from %s", node)
    stdlib.getLogger("aiokafka").error("Unable connect")
    assert [line["event"] for line in lines(log)] == ["Failed fetch messages from 1"]


def test_futures_that_a_failed_client_left_unasked_are_not_told(log: io.StringIO) -> None:
    failed = KafkaConnectionError()
    stdlib.getLogger("asyncio").error("Future exception was never retrieved", exc_info=(type(failed), failed, None))
    stdlib.getLogger("asyncio").error("Task was destroyed but it is pending!")
    assert [line["event"] for line in lines(log)] == ["Task was destroyed but it is pending!"]


def test_a_pseudonym_is_the_same_for_the_same_person_and_key_alone() -> None:
    logging.configure(Settings(pseudonym_key="one"), io.StringIO())
    first, other = logging.pseudonym(PERSON), logging.pseudonym(PERSON[::-1])
    logging.configure(Settings(pseudonym_key="two"), io.StringIO())
    second = logging.pseudonym(PERSON)
    logging.configure(Settings(pseudonym_key="one"), io.StringIO())
    assert first == logging.pseudonym(PERSON) != second
    assert first != other
    assert PERSON not in first
