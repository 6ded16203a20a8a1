"""One record sent by itself, outside any lane: a refused one again, or what an operator did."""

from aiokafka import AIOKafkaProducer

from services.runtime.errors import Doubt
from services.runtime.kafka.clients import reaching, start
from services.runtime.kafka.deadline import within
from services.runtime.kafka.writer import RETRY_MS, close_producer
from services.runtime.records import Record
from services.runtime.settings import Settings


async def send(settings: Settings, record: Record) -> str:
    """Send `record` to its partition; its offset does not count. Returns: where it lies now, as the id of a letter would say it.

    Raises:
        Doubt: Kafka is away, or did not answer: it may have been written.
        Stop: It is larger than its topic takes.
    """
    producer = AIOKafkaProducer(
        **reaching(settings),
        acks="all",
        enable_idempotence=True,
        request_timeout_ms=settings.kafka_deadline_ms,
        retry_backoff_ms=RETRY_MS,
    )
    try:
        async with within(settings.kafka_deadline_ms / 1000, "send a record"):
            await start(producer, settings, settings.kafka_deadline_ms)
            batch = producer.create_batch()  # takes what `send` would not: neither key nor value
            batch.append(timestamp=None, key=record.key, value=record.value, headers=list(record.headers))
            answer = await (await producer.send_batch(batch, settings.prefix + record.topic, partition=record.partition))
    finally:
        await close_producer(producer)
    if answer.offset < 0:
        raise Doubt(f"kafka: {record.topic}[{record.partition}] took the record when it was sent before, its offset unknown", "kafka")
    return f"{record.topic}/{record.partition}/{answer.offset}"
