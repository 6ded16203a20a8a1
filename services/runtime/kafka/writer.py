"""The port `Writer`: one transactional producer, one transaction a batch.

In: outputs, each with its partition, and input offsets. Promise: `commit` returns only when every record's future was awaited and EndTxn answered
(the client itself would commit after a failed record); anything else is a `Doubt`. Left open, a transaction is aborted by the next owner's fence.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.structs import OffsetAndMetadata

from services.runtime.errors import Doubt
from services.runtime.kafka.clients import reaching
from services.runtime.kafka.deadline import within
from services.runtime.records import Offsets, Output, TopicPartition
from services.runtime.settings import Settings

BATCH_BYTES_MAX = 900_000
"""Per partition and batch, keys and headers included: below Kafka's default message.max.bytes of 1 MiB. One larger record goes alone."""

TRANSACTION_MS = 15_000
"""After it the broker aborts a dead owner's transaction; readers of committed records wait as long."""

RETRY_MS = 10
"""The client's default of 100 is slept whole at each first question about a topic, and when a broker answers NOT_ENOUGH_REPLICAS once."""

CLOSE_S = 1.0
"""How long a producer may take to let go, before its connections are cut."""

log = structlog.get_logger(__name__)


class KafkaWriter:
    """The producer of one lane."""

    def __init__(self, producer: AIOKafkaProducer, group: str, prefix: str, deadline_s: float) -> None:
        self._producer = producer
        self._group = group
        self._prefix = prefix
        self._deadline_s = deadline_s

    async def commit(self, outputs: Sequence[Output], offsets: Offsets) -> Offsets:
        """As the port has it."""
        async with within(self._deadline_s, "begin a transaction"):
            await self._producer.begin_transaction()
        async with within(self._deadline_s, "write a batch"):
            written = await self._write(outputs, offsets)
        async with within(self._deadline_s, "commit a transaction"):
            await self._producer.commit_transaction()
        return written

    async def close(self) -> None:
        """As the port has it."""
        await close_producer(self._producer)

    async def _write(self, outputs: Sequence[Output], offsets: Offsets) -> Offsets:
        """Send everything and await every answer.

        Raises:
            Doubt: A batch lies in its partition, but nobody knows where.
        """
        sends: list[asyncio.Future[Any]] = []
        counts: list[tuple[TopicPartition, int]] = []
        try:
            for partition, records in _by_partition(outputs).items():
                for batch in self._batches(records):
                    counts.append((partition, batch.record_count()))
                    sends.append(await self._producer.send_batch(batch, self._prefix + partition.topic, partition=partition.partition))
            if offsets:
                sends.append(asyncio.ensure_future(self._producer.send_offsets_to_transaction(self._with_prefix(offsets), self._group)))
            answers = await asyncio.gather(*sends)
        finally:
            for send in sends:  # after one failure nobody asks the others
                send.cancel()
        written: dict[TopicPartition, int] = {}
        for (partition, count), answer in zip(counts, answers, strict=False):  # the offsets' answer comes last and says nothing
            if answer.offset < 0:
                raise Doubt(
                    f"kafka: write a batch: {partition.topic}[{partition.partition}] took it as sent before, its offset unknown", "kafka"
                )
            written[partition] = answer.offset + count
        return written

    def _batches(self, outputs: Iterable[Output]) -> list[Any]:
        """Records of one partition in builders of at most `BATCH_BYTES_MAX`, which is the producer's max_batch_size."""
        batches: list[Any] = []
        for output in outputs:
            if not batches or _append(batches[-1], output) is None:
                batches.append(self._producer.create_batch())
                _append(batches[-1], output)
        return batches

    def _with_prefix(self, offsets: Offsets) -> dict[KafkaPartition, OffsetAndMetadata]:
        return {KafkaPartition(self._prefix + tp.topic, tp.partition): OffsetAndMetadata(offset, "") for tp, offset in offsets.items()}


def _append(batch: Any, output: Output) -> Any:
    """Add `output`; None when it does not fit (the first always does)."""
    return batch.append(timestamp=None, key=output.key, value=output.value, headers=list(output.headers))


def _by_partition(outputs: Sequence[Output]) -> Mapping[TopicPartition, list[Output]]:
    """Outputs in their order, by partition."""
    grouped: dict[TopicPartition, list[Output]] = {}
    for output in outputs:
        grouped.setdefault(TopicPartition(output.topic, output.partition), []).append(output)
    return grouped


def transactional_ids(group: str) -> str:
    """What the transactional ids of a group's lanes begin with; the lane's number follows."""
    return f"{group}-"


def make_producer(settings: Settings, transactional_id: str) -> AIOKafkaProducer:
    """A transactional producer, not started."""
    return AIOKafkaProducer(
        **reaching(settings),
        transactional_id=transactional_id,
        transaction_timeout_ms=TRANSACTION_MS,
        acks="all",
        max_batch_size=BATCH_BYTES_MAX,
        request_timeout_ms=settings.kafka_deadline_ms,
        retry_backoff_ms=RETRY_MS,
    )


async def close_producer(producer: AIOKafkaProducer) -> None:
    """Let `producer` go, never raising; what it has not sent after `CLOSE_S` is dropped with its tasks and connections."""
    stopping = asyncio.ensure_future(producer.stop())
    await asyncio.wait([stopping], timeout=CLOSE_S)
    if stopping.done() and not stopping.cancelled() and stopping.exception() is None:
        return
    stopping.cancel()  # it waits for its sender, which waits for a Kafka that is away
    closing = asyncio.ensure_future(producer.client.close())
    await asyncio.wait([stopping, closing], timeout=CLOSE_S)
    for ending in (stopping, closing):
        if not ending.done():
            log.warning("a producer did not let go of kafka and was left")
        elif not ending.cancelled() and ending.exception() is not None:
            log.warning("a producer did not close well", error=type(ending.exception()).__name__)
