"""What the topics on Kafka hold of one person, as lines of JSON: each record whole, with where it lies. Told on the audit topic before anything is read.

In: his id, who asks and why. Out: lines in the order of `reading_order`, partitions and offsets, up to the ends found at the beginning. Promise: memory
holds a chunk of records, his claims' keys and his letters' ids. Not here: whose a record is (`whose.py`), Redis, which holds nothing but a view of this.
"""

import base64
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from schemas.envelope import read_document
from schemas.refusal import Refused
from services.ledger.letters.audit import audit_record
from services.ledger.persons.whose import Sought, reading_order
from services.runtime.kafka import AioKafkaBroker
from services.runtime.kafka.sending import send
from services.runtime.ports import Broker
from services.runtime.records import Record, TopicPartition
from services.runtime.settings import Settings


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for whose data, from which host, when and why, as the audit has it."""

    person_id: str
    operator: str
    client: str
    reason: str
    at: datetime


@dataclass(slots=True)
class Progress:
    """Told about how many records there are to read, and how many were read since the last time.

    Attributes:
        found: By topic, how many were his.
    """

    expect: Callable[[int], None] = lambda _: None
    step: Callable[[int], None] = lambda _: None
    found: dict[str, int] = field(default_factory=dict)


async def export_kafka(settings: Settings, asked: Asked, progress: Progress) -> AsyncIterator[bytes]:
    """Tell the audit, then give each line, without its end.

    Raises:
        Doubt: Kafka is away.
        Stop: A topic is missing.
    """
    broker = AioKafkaBroker("person", settings)
    try:
        await broker.prepare(reading_order())
        who = {"operator": asked.operator, "client": asked.client, "person_id": asked.person_id, "reason": asked.reason}
        await send(settings, audit_record("exported", asked.at, broker.partitions, **who))
        async for line in export(broker, asked.person_id, progress):
            yield line
    finally:
        await broker.close()


async def export(broker: Broker, person_id: str, progress: Progress) -> AsyncIterator[bytes]:
    """Each record that is about the person, as a line. Records that operators have lanes pass over are read like any other.

    Raises:
        Doubt: Kafka is away.
    """
    sought = Sought(person_id)
    places = [TopicPartition(topic, number) for topic in reading_order() for number in range(broker.partitions)]
    ends = await broker.ends(places)
    progress.expect(sum(ends.values()))
    for place in places:
        async for chunk in broker.read(place, 0, ends[place]):
            progress.step(len(chunk.records))
            for record in chunk.records:
                if sought.is_his(record):
                    progress.found[record.topic] = progress.found.get(record.topic, 0) + 1
                    yield line_of(record)


def line_of(record: Record) -> bytes:
    """A record as one line of JSON: its value as it is where it is JSON, else as text, or base64 where it is none."""
    entry: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "kind": _kind(record),
        "timestamp_ms": record.timestamp_ms,
        **_texts("key", record.key),
        "headers": [{"name": name, **_texts("value", value)} for name, value in record.headers],
        **_value(record.value),
    }
    return orjson.dumps(entry)


def _kind(record: Record) -> str:
    """The event's type; a tombstone has none, and of what cannot be read it is not known."""
    if record.value is None:
        return "tombstone"
    try:
        kind = read_document(record.value, record.headers, bytes_max=None).get("type")
    except Refused:
        return "unreadable"
    return kind if isinstance(kind, str) else "unreadable"


def _value(value: bytes | None) -> dict[str, Any]:
    """A value, digit for digit; between the parts of JSON the ends of lines mean nothing, and within them there are none."""
    try:
        orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return _texts("value", value)
    return {"value": orjson.Fragment((value or b"").replace(b"\n", b" ").replace(b"\r", b" "))}


def _texts(name: str, value: bytes | None) -> dict[str, str | None]:
    """Bytes under a name, as text where they are UTF-8."""
    if value is None:
        return {name: None}
    try:
        return {name: value.decode()}
    except UnicodeDecodeError:
        return {name: base64.b64encode(value).decode(), f"{name}_encoding": "base64"}
