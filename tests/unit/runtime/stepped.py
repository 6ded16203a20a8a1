"""The memory adapters with something happening before and after each call, and between the sends of a transaction."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence

from services.runtime.memory import MemoryBroker, MemoryKafka
from services.runtime.memory_kafka import Producer
from services.runtime.memory_view import MemoryView
from services.runtime.ports import Closed, Loaded, Moved, Writer
from services.runtime.records import Chunk, Offsets, Output, TopicPartition, Want, Watermark, Writes

Happening = Callable[[str], Awaitable[None]]
"""Told the step's name; what it raises the caller meets."""


class SteppedWriter:
    """A writer whose transaction can be cut off between any two sends, and before and after its commit."""

    def __init__(self, kafka: MemoryKafka, group: str, producer: Producer, happens: Happening) -> None:
        self._kafka = kafka
        self._group = group
        self._producer = producer
        self._happens = happens

    async def commit(self, outputs: Sequence[Output], offsets: Offsets) -> Offsets:
        written = {}
        for output in outputs:
            await self._happens("send")
            record = self._kafka.send(self._producer, output)
            written[TopicPartition(record.topic, record.partition)] = record.offset + 1
        await self._happens("commit")
        self._kafka.commit(self._producer, self._group, offsets)
        await self._happens("committed")
        return written

    async def close(self) -> None:
        await self._happens("close")


class SteppedBroker:
    """`MemoryBroker` with something happening around every call."""

    def __init__(self, kafka: MemoryKafka, group: str, partitions: int, happens: Happening) -> None:
        self.partitions = partitions
        self._kafka = kafka
        self._group = group
        self._inner = MemoryBroker(kafka, group, partitions)
        self._happens = happens

    async def fence(self, lane: int) -> Writer:
        await self._happens("fence")
        producer = self._kafka.init(f"{self._group}-{lane}")
        await self._happens("fenced")
        return SteppedWriter(self._kafka, self._group, producer, self._happens)

    async def committed(self, partitions: Collection[TopicPartition]) -> Offsets:
        await self._happens("read committed")
        return await self._inner.committed(partitions)

    async def beginnings(self, partitions: Collection[TopicPartition]) -> Offsets:
        await self._happens("read beginnings")
        return await self._inner.beginnings(partitions)

    async def ends(self, partitions: Collection[TopicPartition]) -> Offsets:
        await self._happens("read ends")
        return await self._inner.ends(partitions)

    async def log_ends(self, partitions: Collection[TopicPartition]) -> Offsets:
        await self._happens("read log ends")
        return await self._inner.log_ends(partitions)

    async def read(self, partition: TopicPartition, start: int, stop: int) -> AsyncGenerator[Chunk, None]:
        async for chunk in self._inner.read(partition, start, stop):
            await self._happens("read")
            yield chunk


class SteppedView:
    """A view with something happening around every call."""

    def __init__(self, view: MemoryView, happens: Happening) -> None:
        self._inner = view
        self._happens = happens

    async def run(self) -> str:
        await self._happens("run")
        return await self._inner.run()

    async def load(self, lane: int, at: Watermark, want: Want) -> Loaded | Closed | Moved:
        await self._happens("load")
        answer = await self._inner.load(lane, at, want)
        await self._happens("loaded")
        return answer

    async def peek(self, lane: int, want: Want) -> Loaded:
        await self._happens("peek")
        return await self._inner.peek(lane, want)

    async def apply(self, lane: int, at: Watermark | None, to: Watermark, writes: Writes, healed_in: str | None = None) -> bool:
        await self._happens("apply")
        done = await self._inner.apply(lane, at, to, writes, healed_in)
        await self._happens("applied")
        return done

    async def empty(self) -> None:
        await self._happens("empty")
        await self._inner.empty()
