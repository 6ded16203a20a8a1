"""Dead letters read back: each with the refused record's own bytes, as an operator meets it. Not here: writing them (`deadletters.py`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Final, NamedTuple, cast

import orjson

from schemas.catalogue import DEADLETTER_TYPES, home_field
from schemas.deadletters import DeadLetter, original
from schemas.envelope import read_document
from schemas.topics import load_topics
from services.runtime.errors import Refused
from services.runtime.home import home_of
from services.runtime.records import Headers, Record

LOCAL: Final = timezone(timedelta(hours=8))
"""Where the days of an operator begin and end."""


class Place(NamedTuple):
    """Where a letter itself lies, after the time at which it was written: the order of letters. Milliseconds since 1970, UTC."""

    refused_at_ms: int
    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter.

    Attributes:
        id: Where the refused record lay: topic, partition and offset with slashes between.
        service: Who refused it.
        time: The refused event's own time, or its record's.
        place: Where the letter lies.
        data: What it says.
        refused: The refused record, byte for byte, as far as the letter holds it.
    """

    id: str
    service: str
    time: str
    place: Place
    data: DeadLetter
    refused: Record

    @property
    def is_whole(self) -> bool:
        """Whether it holds all of the refused record: not so of one that was too large."""
        return self.data.length is None and self.data.headers_left_out == 0


def refusable() -> Mapping[str, str]:
    """Each topic whose records may be refused, with its dead-letter topic."""
    return {name: topic.dead_letters for name, topic in load_topics().items() if topic.dead_letters is not None}


def read_letter(record: Record) -> Letter | None:
    """The letter in `record`; None where it holds none."""
    try:
        event = orjson.loads(record.value or b"")
        if event["type"] not in DEADLETTER_TYPES:
            return None
        data = DeadLetter.model_validate(event["data"], extra="ignore")
        place = Place(record.timestamp_ms, record.topic, record.partition, record.offset)
        return Letter(str(event["id"]), str(event["source"]).removeprefix("/medaid/"), str(event["time"]), place, data, _refused(data))
    except (LookupError, TypeError, ValueError):  # pydantic's and base64's errors are ValueErrors
        return None


def _refused(data: DeadLetter) -> Record:
    """The record that a letter tells of."""
    headers = tuple((header.name, original(header.value, header.encoding)) for header in data.headers)
    return Record(
        topic=data.topic or "",
        partition=data.partition or 0,
        offset=data.offset,
        key=original(data.key, data.key_encoding),
        value=original(data.payload, data.payload_encoding),
        headers=cast(Headers, headers),  # Kafka knows null as a header's value, and so does its client
    )


def at_home(record: Record, partitions: int) -> Record:
    """`record` in the home partition of its person; where it lay if no person can be read."""
    try:
        data = read_document(record.value, record.headers).get("data")
    except Refused:
        return record
    home = data.get(home_field(record.topic)) if isinstance(data, dict) else None
    return record._replace(partition=home_of(home, partitions)) if isinstance(home, str) else record
