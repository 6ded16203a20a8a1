"""The sources of a dossier: Kafka, Redis, or a file of output events. Not here: a file of input events, which has to be replayed (`services/embedded/`)."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import orjson

from schemas.catalogue import AUDIT, INPUTS, RESULTS, TIMELINES, TYPES_BY_TOPIC
from services.ledger.dossiers.known import Known, Read, from_ledger, from_view
from services.ledger.encoding import check_is_utf8
from services.ledger.errors import Declined
from services.runtime.kafka import AioKafkaBroker
from services.runtime.records import Record, TopicPartition
from services.runtime.redis_view import RedisView
from services.runtime.rulings import Skip, is_skipped, rulings
from services.runtime.settings import Settings
from services.settlement.app import SettlementService

LOOKED_INTO = (RESULTS, TIMELINES, AUDIT)
"""What the ledger in Kafka is, for an explanation."""

_INPUT_TYPES = frozenset(kind for topic in INPUTS for kind in TYPES_BY_TOPIC[topic])
_OUTPUT_OF_TYPE = {kind: topic for topic, types in TYPES_BY_TOPIC.items() for kind in types if kind not in _INPUT_TYPES}


async def from_kafka(settings: Settings, key: str) -> Known | None:
    """What the ledger in Kafka knows of the claim `key`; None where it does not know it.

    Raises:
        Doubt: Kafka is away.
        Stop: The topics are not there, or a record that may be about the claim's person is not ours.
    """
    broker = AioKafkaBroker("explain", settings)
    await broker.prepare(LOOKED_INTO)
    try:
        return await from_ledger(_kafka_reader(broker, (await rulings(broker)).skipped), key)
    finally:
        await broker.close()


async def from_redis(settings: Settings, key: str) -> Known | None:
    """What settlement's view in Redis knows of the claim `key`; None where it does not know it.

    Raises:
        Doubt: Redis is away, or holds the view in another format.
    """
    view = RedisView.of(settings, SettlementService.name, SettlementService.format, settings.partitions)
    try:
        await view.check_format()
        return await from_view(view, key)
    finally:
        await view.close()


async def from_outputs(path: Path, key: str) -> Known | None:
    """What a file of output events knows of the claim `key`; None where it does not know it."""
    return await from_ledger(_file_reader(path), key)


def holds_inputs(path: Path) -> bool:
    """Whether the first event of a known type in the file is an input.

    Raises:
        Declined: There is none.
    """
    check_is_utf8(path)
    for kind in _types(path):
        if kind in _INPUT_TYPES or kind in _OUTPUT_OF_TYPE:
            return kind in _INPUT_TYPES
    raise Declined(f"{path}: no event of a known type in this file")


def _kafka_reader(broker: AioKafkaBroker, skipped: frozenset[Skip]) -> Read:
    """Committed records of a topic up to its present end, without those that operators pass over."""

    async def read(topic: str, partition: int | None) -> AsyncIterator[Record]:
        chosen = range(broker.partitions) if partition is None else [partition]
        ends = await broker.ends([TopicPartition(topic, number) for number in chosen])
        for place, end in ends.items():
            async for chunk in broker.read(place, 0, end):
                for record in chunk.records:
                    if not is_skipped(record, skipped):
                        yield record

    return read


def _file_reader(path: Path) -> Read:
    """Records of a topic in a file of output events; of no partition."""

    async def read(topic: str, _partition: int | None) -> AsyncIterator[Record]:
        with path.open("rb") as file:
            for number, line in enumerate(file):
                event = _event(line)
                if event is not None and _OUTPUT_OF_TYPE.get(event["type"]) == topic:
                    yield Record(topic, 0, number, None, line.rstrip())

    return read


def _types(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        for line in file:
            event = _event(line)
            if event is not None:
                yield event["type"]


def _event(line: bytes) -> dict[str, str] | None:
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("type"), str) else None
