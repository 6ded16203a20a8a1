"""Where logs begin, asked often while lanes run: one consumer without a group is kept for it, and given up at its first failure."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as KafkaPartition

from services.runtime.kafka.deadline import within
from services.runtime.kafka.reader import close_consumer


class Lookout:
    """Tells the beginnings of partitions; `make` gives a consumer without group that is started."""

    def __init__(self, make: Callable[[], Awaitable[AIOKafkaConsumer]], deadline_s: float) -> None:
        self._make = make
        self._deadline_s = deadline_s
        self._consumer: AIOKafkaConsumer | None = None
        self._turn = asyncio.Lock()

    async def beginnings(self, places: Collection[KafkaPartition]) -> Mapping[KafkaPartition, int]:
        """The offset at which each log begins.

        Raises:
            Doubt: Kafka is away, or all questions before this one take too long: the deadline holds from the asking on.
        """
        async with within(self._deadline_s, "read beginning offsets"), self._turn:
            try:
                if self._consumer is None:
                    self._consumer = await self._make()
                found: Mapping[KafkaPartition, int] = await self._consumer.beginning_offsets(list(places))
            except BaseException:  # not trusted again
                await self._let_go()
                raise
            return found

    async def close(self) -> None:
        """Let the consumer go."""
        async with self._turn:
            await self._let_go()

    async def _let_go(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await close_consumer(consumer)
