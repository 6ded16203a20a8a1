"""Committed records of one partition, without a group.

A reader that has not reached its end is kept, with what it has fetched, for whoever reads on where it stopped: a heal reads in steps.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as KafkaPartition

from services.runtime.errors import Doubt
from services.runtime.kafka.deadline import within
from services.runtime.ports import CHUNK_BYTES_MAX
from services.runtime.records import Chunk, Record, TopicPartition

CHUNK_RECORDS_MAX = 500
POLL_MS = 200


def record_of(topic: str, found: Any) -> Record:
    """A consumer's record as one of ours, under the topic's name without prefix."""
    return Record(topic, found.partition, found.offset, found.key, found.value, found.headers, found.timestamp)


class Readers:
    """Reads partitions; `make` gives a consumer without group, isolated to committed records, that is started."""

    def __init__(self, make: Callable[[], Awaitable[AIOKafkaConsumer]], prefix: str, deadline_s: float) -> None:
        self._make = make
        self._prefix = prefix
        self._deadline_s = deadline_s
        self._kept: dict[TopicPartition, tuple[AIOKafkaConsumer, int]] = {}

    async def read(self, partition: TopicPartition, start: int, stop: int) -> AsyncGenerator[Chunk, None]:
        """As the port `Broker` has it."""
        if start >= stop:
            return
        place = KafkaPartition(self._prefix + partition.topic, partition.partition)
        async with within(self._deadline_s, f"read {place.topic}[{place.partition}]"):
            consumer = await self._consumer(partition, place, start)
        at, keep = start, False
        try:
            while at < stop:
                chunk = await self._next(consumer, place, partition, at, stop)
                at = chunk.next_offset
                keep = at < stop  # holds only while whoever reads has the chunk: a failed consumer is not trusted again
                yield chunk
                keep = False
        finally:
            if keep and partition not in self._kept:
                self._kept[partition] = (consumer, at)
            else:
                await close_consumer(consumer)

    async def close(self) -> None:
        """Let every kept reader go."""
        kept, self._kept = self._kept, {}
        for consumer, _ in kept.values():
            await close_consumer(consumer)

    async def _consumer(self, partition: TopicPartition, place: KafkaPartition, start: int) -> AIOKafkaConsumer:
        """A consumer at `start`: the one kept for it, or a new one."""
        consumer, at = self._kept.pop(partition, (None, 0))
        if consumer is not None and at == start:
            return consumer
        if consumer is not None:
            await close_consumer(consumer)
        consumer = await self._make()
        try:
            consumer.assign([place])
            consumer.seek(place, start)
        except BaseException:
            await close_consumer(consumer)
            raise
        return consumer

    async def _next(self, consumer: AIOKafkaConsumer, place: KafkaPartition, partition: TopicPartition, at: int, stop: int) -> Chunk:
        """The next records, or none when only markers lie there; position moves in any case.

        Raises:
            Doubt: Not within the deadline, or the partition was cut meanwhile.
        """
        async with within(self._deadline_s, f"read {place.topic}[{place.partition}] from {at} to {stop}"):
            while True:
                found = (await consumer.getmany(place, timeout_ms=POLL_MS, max_records=CHUNK_RECORDS_MAX)).get(place, [])
                position = await consumer.position(place)
                if found and found[0].offset < at:
                    raise Doubt(f"{partition.topic}[{partition.partition}] was cut or rewound below {at} while it was read", "rewound")
                if position > at:
                    chunk = Chunk(tuple(record_of(partition.topic, record) for record in found if record.offset < stop), position)
                    break
        part = chunk.first(CHUNK_BYTES_MAX)
        if part.next_offset < chunk.next_offset:  # a compressed batch unfolds to far more than was fetched
            consumer.seek(place, part.next_offset)
        return part


async def close_consumer(consumer: AIOKafkaConsumer) -> None:
    """Let `consumer` go; it holds nothing but connections, so whatever fails in it is of no interest."""
    stopping = asyncio.ensure_future(consumer.stop())
    await asyncio.wait([stopping], timeout=1.0)
    if not stopping.done():
        stopping.cancel()
    elif not stopping.cancelled():
        stopping.exception()
