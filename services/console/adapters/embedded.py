"""The outside of the demo: everything in the memory of this process. Nothing is written and no lane takes a turn but through it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from services.console.adapters.outside import Pace
from services.runtime.embedded import Embedded
from services.runtime.records import Document, Record, TopicPartition, Want


class EmbeddedOutside:
    """The port `Outside` over services at work in this process, which keep their records."""

    def __init__(self, embedded: Embedded, partitions: int, inputs: Mapping[str, Sequence[str]], now_ms: Callable[[], int]) -> None:
        self.partitions = partitions
        self._embedded = embedded
        self._inputs = inputs
        self._now_ms = now_ms
        self._turn = asyncio.Lock()

    async def documents(self, want: Want) -> Mapping[str, Document]:
        """As the port has it."""
        return (await self._embedded.views["console"].peek(0, want)).documents

    async def record(self, partition: TopicPartition, offset: int) -> Record | None:
        """As the port has it."""
        chunk = self._embedded.kafka.fetch(partition, offset, offset + 1)
        return chunk.records[0] if chunk.records and chunk.records[0].offset == offset else None

    async def send(self, record: Record) -> str:
        """As the port has it; the services have settled it when this returns."""
        lies = (await self.feed([record]))[0]
        return f"{lies.topic}/{lies.partition}/{lies.offset}"

    async def feed(self, records: Sequence[Record]) -> Sequence[Record]:
        """Write records, each to its partition, and let the services settle them all. Returns: the records as they lie."""
        async with self._turn:
            lie = [self._publish(record) for record in records]
            await self._embedded.settle()
            self._embedded.drain()
            return lie

    def _publish(self, record: Record) -> Record:
        key = None if record.key is None else record.key.decode(errors="replace")
        return self._embedded.publish(record.topic, key, record.value, record.headers, self._now_ms(), record.partition)

    async def paces(self) -> Sequence[Pace]:
        """As the port has it: between two records all lanes are at rest."""
        kafka = self._embedded.kafka
        return [
            Pace(service, lane, 0, 0.0, sum(kafka.end(TopicPartition(topic, lane)) for topic in topics))
            for service, topics in self._inputs.items()
            for lane in range(self.partitions)
        ]
