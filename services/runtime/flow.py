"""A lane's partitions at the consumer: pausing, resuming, seeking. When they are no longer assigned, every call is a `Doubt`."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from aiokafka import TopicPartition as KafkaPartition

from services.runtime.errors import Doubt

POSITION_S = 1.0
"""A position is known at once, unless the client is looking for it."""


class Flow:
    """The stream of records to one lane. `consumer` gives the subscription's consumer, or None while there is none."""

    def __init__(self, consumer: Callable[[], Any], prefix: str, partition: int) -> None:
        self._consumer = consumer
        self._prefix = prefix
        self._partition = partition

    def pause(self, topics: Iterable[str]) -> None:
        """Give no more records of `topics`. Raises: Doubt."""
        with self._assigned() as consumer:
            consumer.pause(*map(self._place, topics))

    def resume(self, topics: Iterable[str]) -> None:
        """Give records of `topics` again. Raises: Doubt."""
        with self._assigned() as consumer:
            consumer.resume(*map(self._place, topics))

    def seek(self, positions: Mapping[str, int]) -> None:
        """Read on from these offsets; what was fetched before is dropped. Raises: Doubt."""
        with self._assigned() as consumer:
            for topic, offset in positions.items():
                consumer.seek(self._place(topic), offset)

    async def position(self, topic: str) -> int:
        """The offset after the last record given, beyond markers; -1 when the client is still looking for it. Raises: Doubt."""
        with self._assigned() as consumer:
            try:
                return int(await asyncio.wait_for(consumer.position(self._place(topic)), POSITION_S))
            except TimeoutError:
                return -1

    def polled_ms(self, topics: Iterable[str]) -> int:
        """When Kafka last answered a fetch of the one of `topics` that it is silent about longest, milliseconds; 0 when it has not yet. Raises: Doubt."""
        with self._assigned() as consumer:
            return min(consumer.last_poll_timestamp(self._place(topic)) or 0 for topic in topics)

    def _place(self, topic: str) -> KafkaPartition:
        return KafkaPartition(self._prefix + topic, self._partition)

    @contextmanager
    def _assigned(self) -> Iterator[Any]:
        """The consumer; whatever it raises means that these partitions are not ours just now.

        Raises:
            Doubt: They are not, or there is no consumer.
        """
        consumer = self._consumer()
        if consumer is None:
            raise Doubt("there is no consumer", "unassigned")
        try:
            yield consumer
        except Exception as error:  # IllegalStateError, or an assertion, according to how far a rebalance is
            raise Doubt(f"lane {self._partition} is not assigned: {type(error).__name__}", "unassigned") from error
