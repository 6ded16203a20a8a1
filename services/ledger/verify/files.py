"""Results, timelines and whatever else is asked for in a file of output events, as `medaid replay --out` writes it."""

from collections.abc import AsyncIterator, Collection
from pathlib import Path

import orjson

from schemas.catalogue import INPUTS, RESULTS, TIMELINES, TYPES_BY_TOPIC
from services.ledger.encoding import check_is_utf8
from services.ledger.errors import Declined, Misnamed
from services.runtime.records import Record

FOLDED = (RESULTS, TIMELINES)
"""What a verification reads."""

_INPUTS = {kind for topic in INPUTS for kind in TYPES_BY_TOPIC[topic]}


def check_is_ledger(path: Path, then: str = "verify") -> None:
    """Look whether the file holds output events; `then` says what is done with such a file.

    Raises:
        Misnamed: It is not there.
        Declined: It is not in UTF-8, holds input events, or no result at all.
    """
    if not path.is_file():
        raise Misnamed(f"--from {path}: no such file, and neither kafka nor redis")
    check_is_utf8(path)
    with path.open("rb") as file:
        kinds = (_type(line) for line in file)
        first = next((kind for kind in kinds if kind in _INPUTS or kind in TYPES_BY_TOPIC[RESULTS]), None)
    if first in _INPUTS:
        raise Declined(f"{path}: input events; `medaid replay {path.name} --out FILE` first, then {then} that file")
    if first is None:
        raise Declined(f"{path}: no result in this file")


async def records_of(path: Path, topics: Collection[str] = FOLDED) -> AsyncIterator[Record]:
    """Its records of `topics`, each under its line's number from 0."""
    topic_of = {kind: topic for topic in topics for kind in TYPES_BY_TOPIC[topic]}
    with path.open("rb") as file:
        for number, line in enumerate(file):
            topic = topic_of.get(_type(line))
            if topic is not None:
                yield Record(topic, 0, number, None, line.rstrip())


def _type(line: bytes) -> str:
    """The type of the event in a line; none where there is no event."""
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        return ""
    kind = event.get("type") if isinstance(event, dict) else None
    return kind if isinstance(kind, str) else ""
