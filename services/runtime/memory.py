"""The port `Broker` in memory, over a `MemoryKafka` that all services of a process share. For replay, tests and simulation."""

from collections.abc import AsyncGenerator, Collection, Sequence

from services.runtime.errors import Doubt
from services.runtime.memory_kafka import MemoryKafka, Producer, Tail
from services.runtime.ports import CHUNK_BYTES_MAX
from services.runtime.records import Chunk, Offsets, Output, TopicPartition

__all__ = ["MemoryBroker", "MemoryKafka", "MemoryWriter", "Tail"]


class MemoryWriter:
    """The port `Writer`: a whole transaction in one step, for nothing can come between here."""

    def __init__(self, kafka: MemoryKafka, group: str, producer: Producer) -> None:
        self._kafka = kafka
        self._group = group
        self._producer = producer

    async def commit(self, outputs: Sequence[Output], offsets: Offsets) -> Offsets:
        """As the port has it."""
        written: dict[TopicPartition, int] = {}
        for output in outputs:
            record = self._kafka.send(self._producer, output)
            written[TopicPartition(record.topic, record.partition)] = record.offset + 1
        self._kafka.commit(self._producer, self._group, offsets)
        return written

    async def close(self) -> None:
        """Nothing is held."""


class MemoryBroker:
    """The port `Broker` of one service over a shared `MemoryKafka`."""

    def __init__(self, kafka: MemoryKafka, group: str, partitions: int) -> None:
        self.partitions = partitions
        self._kafka = kafka
        self._group = group

    async def fence(self, lane: int) -> MemoryWriter:
        """As the port has it."""
        return MemoryWriter(self._kafka, self._group, self._kafka.init(f"{self._group}-{lane}"))

    async def committed(self, partitions: Collection[TopicPartition]) -> Offsets:
        """As the port has it."""
        return {partition: self._kafka.committed(self._group, partition) for partition in partitions}

    async def beginnings(self, partitions: Collection[TopicPartition]) -> Offsets:
        """As the port has it."""
        return {partition: self._kafka.beginning(partition) for partition in partitions}

    async def ends(self, partitions: Collection[TopicPartition]) -> Offsets:
        """As the port has it."""
        return {partition: self._kafka.end(partition) for partition in partitions}

    async def log_ends(self, partitions: Collection[TopicPartition]) -> Offsets:
        """As the port has it."""
        return {partition: self._kafka.log_end(partition) for partition in partitions}

    async def read(self, partition: TopicPartition, start: int, stop: int) -> AsyncGenerator[Chunk, None]:
        """As the port has it.

        Raises:
            Doubt: `stop` cannot be reached now; Kafka would let a deadline pass first.
        """
        at = start
        while at < stop:
            chunk = self._kafka.fetch(partition, at, stop).first(CHUNK_BYTES_MAX)
            if chunk.next_offset <= at:
                raise Doubt(f"{partition.topic}[{partition.partition}] cannot be read up to {stop}")
            yield chunk
            at = chunk.next_offset
