"""Records sent by themselves, outside any lane: a refused one again, what an operator did or asks for."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer

from services.runtime.errors import Doubt
from services.runtime.kafka.clients import reaching, start
from services.runtime.kafka.deadline import within
from services.runtime.kafka.writer import RETRY_MS, close_producer
from services.runtime.records import Record
from services.runtime.settings import Settings


async def send(settings: Settings, record: Record) -> str:
    """Send one record, as `sender` does. Returns: where it lies now, as the id of a letter would say it.

    Raises:
        Doubt: Kafka is away, or did not answer: it may have been written.
        Stop: It is larger than its topic takes.
    """
    async with sender(settings) as put:
        return await put(record)


@asynccontextmanager
async def sender(settings: Settings) -> AsyncIterator[Callable[[Record], Awaitable[str]]]:
    """A connection that sends records, each to its partition, its offset does not count, and returns where it lies now. Both raise as `send` does.

    Raises:
        Doubt: Kafka is away.
    """
    deadline_s = settings.kafka_deadline_ms / 1000
    producer = AIOKafkaProducer(
        **reaching(settings),
        acks="all",
        enable_idempotence=True,
        request_timeout_ms=settings.kafka_deadline_ms,
        retry_backoff_ms=RETRY_MS,
    )

    async def put(record: Record) -> str:
        async with within(deadline_s, "send a record"):
            batch = producer.create_batch()  # takes what `send` would not: neither key nor value
            batch.append(timestamp=None, key=record.key, value=record.value, headers=list(record.headers))
            answer = await (await producer.send_batch(batch, settings.prefix + record.topic, partition=record.partition))
        if answer.offset < 0:
            raise Doubt(f"kafka: {record.topic}[{record.partition}] took the record when it was sent before, its offset unknown", "kafka")
        return f"{record.topic}/{record.partition}/{answer.offset}"

    try:
        async with within(deadline_s, "send a record"):
            await start(producer, settings, settings.kafka_deadline_ms)
        yield put
    finally:
        await close_producer(producer)
