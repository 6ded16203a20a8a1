"""Topics of ours that a later version has written: a field more is passed over, for an older version may run beside it, or again after it.

Whoever refused it would forget what the record tells: a timeline in the dead letters is a death that settlement never hears of. What senders write
is another matter: there an unknown field is a mistake of theirs.
"""

from typing import Any

import orjson
import pytest

from schemas.documents import is_input
from services.console.service import ConsoleService
from services.policy.library import load_policies
from services.runtime.service import AnyService
from tests.contract.examples import accepted, bytes_of, readers_of, record

CONSOLE = ConsoleService(load_policies())


def readers(topic: str) -> list[AnyService]:
    """The services that read a topic."""
    return [*readers_of(topic), *([CONSOLE] if topic in CONSOLE.inputs else [])]


OURS = sorted((topic, f"{kind}/{name}") for topic, kind, name in accepted() if not is_input(kind) and readers(topic))


def widened(value: Any, depth: int = 0) -> Any:
    """With a field more in every object of `data` whose fields our models name."""
    if isinstance(value, list):
        return [widened(part, depth) for part in value]
    if not isinstance(value, dict):
        return value
    free = {"counters", "readings", "claim"} | ({"data"} if depth else set())
    return {name: part if name in free else widened(part, depth + 1) for name, part in value.items()} | {"of_a_later_version": [1]}


@pytest.mark.parametrize(("topic", "place"), OURS, ids=[f"{topic}: {place}" for topic, place in OURS])
def test_a_field_more_in_what_we_write_changes_nothing_for_who_reads_it(topic: str, place: str) -> None:
    for value in bytes_of(place):
        event = orjson.loads(value)
        later = orjson.dumps({**event, "data": widened(event["data"])})
        for service in readers(topic):
            plain = record(topic, value)
            assert service.read(plain._replace(value=later)) == service.read(plain)
