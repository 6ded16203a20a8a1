"""The sources that commands read from: a file of input or output events, Kafka, Redis."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import orjson

from schemas.catalogue import RESULTS, TIMELINES, TYPES_BY_TOPIC
from services.cli.dossiers import Known, Read, from_embedded, from_ledger, from_view, told
from services.cli.failure import Exit, Failure
from services.cli.progress import lines_of
from services.cli.replay import TOPIC_OF_TYPE, Replay
from services.policy.library import Policies
from services.runtime.kafka import AioKafkaBroker
from services.runtime.records import Record, TopicPartition
from services.runtime.redis_view import RedisView
from services.runtime.settings import Settings
from services.settlement.app import SettlementService

_OUTPUT_OF_TYPE = {kind: topic for topic, types in TYPES_BY_TOPIC.items() for kind in types if kind not in TOPIC_OF_TYPE}


def known_from(source: str, policies: Policies, key: str) -> Known | None:
    """What `source` (`kafka`, `redis`, or a file's path) knows of the claim `key`; None where it does not know it.

    Raises:
        Failure: The file is missing, or holds no events.
        WrongSetting: A variable of the environment cannot be used.
        Doubt: The server is away.
        Stop: The topics are not there.
    """
    if source == "kafka":
        return asyncio.run(_from_kafka(Settings.from_env(), key))
    if source == "redis":
        return asyncio.run(_from_redis(Settings.from_env(), key))
    path = Path(source)
    if not path.is_file():
        raise Failure(Exit.USAGE, f"--from {source}: no such file, and neither kafka nor redis")
    if not _holds_inputs(path):
        return asyncio.run(from_ledger(_reader(path), key))
    with path.open("rb") as file:
        return asyncio.run(_from_inputs(lines_of(file, path.stat().st_size, "replaying"), policies, key))


async def _from_kafka(settings: Settings, key: str) -> Known | None:
    broker = AioKafkaBroker("explain", settings)
    await broker.prepare([RESULTS, TIMELINES])
    try:
        return await from_ledger(kafka_reader(broker), key)
    finally:
        await broker.close()


def kafka_reader(broker: AioKafkaBroker) -> Read:
    """Committed records of a topic up to its present end."""

    async def read(topic: str, partition: int | None) -> AsyncIterator[Record]:
        chosen = range(broker.partitions) if partition is None else [partition]
        ends = await broker.ends([TopicPartition(topic, number) for number in chosen])
        for place, end in ends.items():
            async for chunk in broker.read(place, 0, end):
                for record in chunk.records:
                    yield record

    return read


async def _from_redis(settings: Settings, key: str) -> Known | None:
    view = RedisView.of(settings, SettlementService.name, SettlementService.format, settings.partitions)
    try:
        return await from_view(view, key)
    finally:
        await view.close()


async def _from_inputs(lines: Iterable[bytes], policies: Policies, key: str) -> Known | None:
    """Replay the lines to their end, then look into settlement's view; the claim's revisions are noted on the way."""
    work = Replay(policies)
    await work.start()
    mark = f'"settlement_id":"{key}/'.encode()
    history = []
    for number, line in enumerate(lines):
        history += [told(orjson.loads(output)) for output in await work.feed(number, line) if mark in output]
    known = await from_embedded(work.embedded, key)
    return known and replace(known, history=history)


def _holds_inputs(path: Path) -> bool:
    """Whether the first event of a known type in the file is an input.

    Raises:
        Failure: There is none.
    """
    for kind in _types(path):
        if kind in TOPIC_OF_TYPE or kind in _OUTPUT_OF_TYPE:
            return kind in TOPIC_OF_TYPE
    raise Failure(Exit.REFUSED, f"{path}: no event of a known type in this file")


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


def _reader(path: Path) -> Read:
    """Records of a topic in a file of output events; of no partition."""

    async def read(topic: str, _partition: int | None) -> AsyncIterator[Record]:
        with path.open("rb") as file:
            for number, line in enumerate(file):
                event = _event(line)
                if event is not None and _OUTPUT_OF_TYPE.get(event["type"]) == topic:
                    yield Record(topic, 0, number, None, line.rstrip())

    return read
