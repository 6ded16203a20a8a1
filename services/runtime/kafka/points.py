"""Single records by their places, for whoever looks something up: one consumer without a group, one question at a time."""

import asyncio
from collections.abc import Awaitable, Callable

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as KafkaPartition

from services.runtime.kafka.deadline import within
from services.runtime.kafka.reader import close_consumer, record_of
from services.runtime.records import Record, TopicPartition

POLL_MS = 100


class Points:
    """Reads records by partition and offset; `make` gives a consumer without group, isolated to committed records, that is started."""

    def __init__(self, make: Callable[[], Awaitable[AIOKafkaConsumer]], prefix: str, deadline_s: float) -> None:
        self._make = make
        self._prefix = prefix
        self._deadline_s = deadline_s
        self._consumer: AIOKafkaConsumer | None = None
        self._turn = asyncio.Lock()

    async def from_offset(self, partition: TopicPartition, offset: int) -> Record | None:
        """The first record at `offset` or behind it; None where there is none up to the end.

        Raises:
            Doubt: Kafka is away, or all questions before this one take too long: the deadline holds from the asking on.
        """
        place = KafkaPartition(self._prefix + partition.topic, partition.partition)
        async with within(self._deadline_s, f"read {place.topic}[{place.partition}] at {offset}"), self._turn:
            try:
                return await self._read(partition, place, offset)
            except BaseException:  # a consumer that failed, or was left in the middle, is not trusted again
                await self._let_go()
                raise

    async def close(self) -> None:
        """Let the consumer go."""
        async with self._turn:
            await self._let_go()

    async def _read(self, partition: TopicPartition, place: KafkaPartition, offset: int) -> Record | None:
        if self._consumer is None:
            self._consumer = await self._make()
        consumer = self._consumer
        consumer.assign([place])
        end = (await consumer.end_offsets([place]))[place]
        consumer.seek(place, offset)
        while await consumer.position(place) < end:
            found = (await consumer.getmany(place, timeout_ms=POLL_MS, max_records=1)).get(place, [])
            if found:
                return record_of(partition.topic, found[0])
        return None

    async def _let_go(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await close_consumer(consumer)
