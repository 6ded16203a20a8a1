"""A few dead letters by hand, as the services write them."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime

from schemas.catalogue import CLAIMS
from schemas.refusal import Reason
from services.runtime.deadletters import letter
from services.runtime.errors import Refused
from services.runtime.letters import Letter, read_letter
from services.runtime.records import Record

DETAIL = ("data.basic_paid", "at most total_amount")


def at(text: str) -> int:
    """Milliseconds since 1970 of an instant."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def refused(value: bytes | None = b"{}", key: bytes | None = b"P1", offset: int = 7, topic: str = CLAIMS, **more: object) -> Record:
    """A record that a service refuses."""
    return Record(topic, 2, offset, key, value)._replace(**more)


def letter_record(record: Record, reason: Reason = "invalid_amounts", when: str = "2025-06-11T10:00:00+08:00", **more: object) -> Record:
    """The record of its letter, as it lies in the dead-letter topic."""
    written = letter(str(more.get("service", "settlement")), 2, record, Refused(reason, *DETAIL))
    place = Record(written.topic, written.partition, int(str(more.get("place", record.offset))), written.key, written.value)
    return place._replace(timestamp_ms=at(when))


def read(record: Record) -> Letter:
    """The letter in a record that holds one."""
    found = read_letter(record)
    assert found is not None
    return found


async def stream(records: Iterable[Record]) -> AsyncIterator[Record]:
    """As Kafka gives them."""
    for record in records:
        yield record
