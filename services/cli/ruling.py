"""An operator's ruling about a lane written to the audit topic, once: whoever says it again is told where the first one lies.

In: what he says, and what lies in Kafka. Promise: all of it is checked before anything is written. Not here: reading rulings (`runtime/rulings.py`),
acting by them (the lanes), what a command takes (`commands/lanes.py`).
"""

import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from schemas.catalogue import AUDIT, OURS, TYPES_BY_TOPIC
from schemas.envelope import read_event
from schemas.topics import load_topics
from services.cli.failure import Exit, Failure
from services.ledger.letters.audit import audit_record
from services.runtime.errors import Refused
from services.runtime.kafka import AioKafkaBroker
from services.runtime.kafka.sending import send
from services.runtime.losses import losses_of
from services.runtime.records import Record, TopicPartition
from services.runtime.rulings import Place, Skip, rulings
from services.runtime.settings import Settings

"""Whose topic the audit is; `client` tells that it was a command."""


async def accept_loss(settings: Settings, service: str, topic: str, partition: int, operator: str, reason: str) -> str:
    """Accept that the lane of `service` goes on behind what was deleted. Returns: the ruling's place, topic/partition/offset.

    Raises:
        Failure: Nothing is lost there, or it must be restored.
        Doubt: Kafka is away.
        Stop: A topic is missing.
    """
    if load_topics()[topic].retention_days is None:
        raise Failure(Exit.REFUSED, f"{topic} is kept for ever, and views are healed from it: what is gone there must be restored")
    async with _broker(settings, service, topic, partition) as broker:
        place = TopicPartition(topic, partition)
        found = losses_of(await broker.committed([place]), await broker.beginnings([place]))
        ruled = await rulings(broker)
        said = ruled.accepted(service, *found[0]) if found else next(reversed(ruled.losses.get((service, place), ())), None)
        if said is not None:
            return _again(said.ruling, f"a loss up to {said.stop}")
        if not found:
            raise Failure(Exit.REFUSED, f"{topic}[{partition}]: nothing is lost, {service} has read all that was deleted")
        _tell(f"{found[0]}; {service} will go on at {found[0].stop}")
        lost = {"topic": topic, "partition": partition, "from_offset": found[0].start, "to_offset": found[0].stop}
        return await _rule(settings, broker.partitions, "loss_accepted", operator, {"service": service, **lost, "reason": reason})


async def skip_record(
    settings: Settings, topic: str, partition: int, offset: int, operator: str, reason: str, *, force: bool = False
) -> str:
    """Have the lanes pass over one record. Returns: the ruling's place, topic/partition/offset.

    Raises:
        Failure: There is no such record, or it may be one of ours.
        Doubt: Kafka is away.
        Stop: A topic is missing.
    """
    if topic not in OURS:
        ours = ", ".join(sorted(OURS))
        raise Failure(Exit.USAGE, f"--topic: one of {ours}; of the topics that others write, dead letters tell what cannot be read")
    where = Place(topic, partition, offset)
    async with _broker(settings, "lanes", topic, partition) as broker:
        record = await _record_at(broker, where)
        if record is None:
            raise Failure(Exit.REFUSED, f"{topic}[{partition}]: no committed record at offset {offset}")
        skip = Skip.of(record)
        said = (await rulings(broker)).skips.get(skip)
        if said is not None:
            return _again(said, f"{topic}[{partition}]@{offset}")
        if _is_readable(record) and not force:
            raise Failure(Exit.REFUSED, f"{topic}[{partition}]@{offset} can be read as an event of ours; --force if it is none")
        _tell(f"{topic}[{partition}]@{offset} will be passed over by every lane, and nothing else")
        return await _rule(settings, broker.partitions, "record_skipped", operator, {**skip._asdict(), "reason": reason})


@asynccontextmanager
async def _broker(settings: Settings, group: str, topic: str, partition: int) -> AsyncIterator[AioKafkaBroker]:
    """A broker that knows the topics.

    Raises:
        Failure: They have no such partition.
    """
    broker = AioKafkaBroker(group, settings)
    try:
        await broker.prepare({topic, AUDIT})
        if partition >= broker.partitions:
            raise Failure(Exit.USAGE, f"--partition {partition}: {topic} has {broker.partitions}, from 0 on")
        yield broker
    finally:
        await broker.close()


async def _record_at(broker: AioKafkaBroker, where: Place) -> Record | None:
    """The record that lies exactly there."""
    points = broker.points()
    try:
        found = await points.from_offset(TopicPartition(where.topic, where.partition), where.offset)
    finally:
        await points.close()
    return found if found is not None and found.offset == where.offset else None


def _is_readable(record: Record) -> bool:
    """Whether it is an event of its topic, as far as its schema says; a tombstone of a compacted topic is one."""
    if record.value is None and load_topics()[record.topic].compacted:
        return True
    try:
        read_event(record.value, record.headers, TYPES_BY_TOPIC[record.topic], bytes_max=None)
    except Refused:
        return False
    return True


async def _rule(settings: Settings, partitions: int, verb: str, operator: str, more: dict[str, Any]) -> str:
    """Write the ruling. Returns: its place."""
    who = {"operator": f"cli:{operator}", "client": socket.gethostname()[:64] or "localhost"}
    return await send(settings, audit_record(verb, datetime.now(UTC), partitions, **who, **more))


def _again(ruling: Place, what: str) -> str:
    """The place of a ruling that stands already."""
    _tell(f"{what} was ruled before, nothing is written")
    return "/".join(map(str, ruling))


def _tell(line: str) -> None:
    print(line, file=sys.stderr)
