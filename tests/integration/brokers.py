"""A broker under test with what surrounds it: outside producers, a former owner who died in mid-transaction, a second view of the topics."""

import asyncio
import gc
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from confluent_kafka import TopicPartition as KafkaPartition

from schemas.topics import load_topics
from services.runtime.kafka import AioKafkaBroker
from services.runtime.memory import MemoryBroker
from services.runtime.memory_kafka import MemoryKafka
from services.runtime.ports import Broker
from services.runtime.records import Output, Record, TopicPartition
from services.runtime.settings import Settings
from services.runtime.topic_settings import configs_of
from tests import clients

SERVICE = "counting"
CLAIMS, RESULTS, TIMELINES = TOPICS = ("claims.v1", "results.v1", "timelines.v1")
LANES = 2


class Place(Protocol):
    """A broker of `SERVICE` and its surroundings; `CLAIMS`, `RESULTS` and `TIMELINES` are there, with `LANES` partitions each, empty."""

    @property
    def broker(self) -> Broker:
        """The first process's."""

    def another(self) -> Broker:
        """The same service in another process."""

    async def send(self, topic: str, partition: int, values: Sequence[bytes]) -> None:
        """Write as an outside producer does."""

    async def delete(self, topic: str, partition: int, before: int) -> None:
        """Delete what lies before an offset, as retention does."""

    async def leave_open(self, lane: int, outputs: Sequence[Output]) -> None:
        """Write in a transaction of the lane's own producer, which dies before it commits."""

    async def close(self) -> None:
        """Let go of everything."""


@dataclass
class MemoryPlace:
    kafka: MemoryKafka = field(default_factory=MemoryKafka)
    broker: MemoryBroker = field(init=False)

    def __post_init__(self) -> None:
        self.broker = self.another()

    def another(self) -> MemoryBroker:
        return MemoryBroker(self.kafka, SERVICE, LANES)

    async def send(self, topic: str, partition: int, values: Sequence[bytes]) -> None:
        for value in values:
            self.kafka.append(topic, partition, None, value)

    async def delete(self, topic: str, partition: int, before: int) -> None:
        self.kafka.truncate(topic, partition, before)

    async def leave_open(self, lane: int, outputs: Sequence[Output]) -> None:
        dying = self.kafka.init(f"{SERVICE}-{lane}")
        for output in outputs:
            self.kafka.send(dying, output)

    async def close(self) -> None:
        pass


@dataclass
class KafkaPlace:
    settings: Settings
    broker: AioKafkaBroker = field(init=False)
    dying: list[AIOKafkaProducer] = field(default_factory=list)
    brokers: list[AioKafkaBroker] = field(default_factory=list)

    @classmethod
    async def prepare(cls, bootstrap: str, prefix: str) -> "KafkaPlace":
        place = cls(Settings(kafka_bootstrap_servers=bootstrap, prefix=prefix, kafka_deadline_ms=30_000))
        await make_topics(bootstrap, prefix, TOPICS, LANES)
        place.broker = place.another()
        await place.broker.prepare(TOPICS)
        return place

    def another(self, **settings: Any) -> AioKafkaBroker:
        self.brokers.append(AioKafkaBroker(SERVICE, self.settings.model_copy(update=settings)))
        return self.brokers[-1]

    async def send(self, topic: str, partition: int, values: Sequence[bytes]) -> None:
        squeezed = {"compression.type": "gzip", "message.max.bytes": 20_000_000, "batch.size": 20_000_000, "linger.ms": 200}
        outside = clients.producer(self.settings.kafka_bootstrap_servers, squeezed)
        for value in values:
            outside.produce(self.settings.prefix + topic, value, partition=partition)
        assert outside.flush(30) == 0

    async def delete(self, topic: str, partition: int, before: int) -> None:
        admin = clients.admin(self.settings.kafka_bootstrap_servers)
        for deleted in admin.delete_records([KafkaPartition(self.settings.prefix + topic, partition, before)]).values():
            assert deleted.result().low_watermark == before

    async def leave_open(self, lane: int, outputs: Sequence[Output]) -> None:
        dying = AIOKafkaProducer(
            **clients.aiokafka_at(self.settings.kafka_bootstrap_servers), transactional_id=f"{self.settings.prefix}{SERVICE}-{lane}"
        )
        self.dying.append(dying)
        await dying.start()
        await dying.begin_transaction()
        for output in outputs:
            await dying.send_and_wait(self.settings.prefix + output.topic, output.value, partition=output.partition)

    async def close(self) -> None:
        for closing in (*self.dying, *self.brokers):
            await (closing.stop() if isinstance(closing, AIOKafkaProducer) else closing.close())
        admin = AIOKafkaAdminClient(**clients.aiokafka_at(self.settings.kafka_bootstrap_servers))
        await admin.start()
        await admin.delete_topics([self.settings.prefix + topic for topic in TOPICS])
        await admin.close()


@contextmanager
def hushed() -> Iterator[None]:
    """aiokafka leaves futures of a fenced producer unasked, of which asyncio complains when they are collected."""

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not isinstance(context.get("exception"), KafkaError):
            loop.default_exception_handler(context)

    asyncio.get_running_loop().set_exception_handler(handle)
    yield
    gc.collect()


async def make_topics(bootstrap: str, prefix: str, topics: Collection[str], partitions: int) -> None:
    """Make topics of a test, by Kafka's own means; those that are medaid's own as `topics.yaml` describes them, the others with the broker's defaults."""
    known = load_topics()
    configs = {topic: configs_of(known[topic]) if topic in known else None for topic in topics}
    admin = AIOKafkaAdminClient(**clients.aiokafka_at(bootstrap))
    await admin.start()
    made = await admin.create_topics([NewTopic(prefix + topic, partitions, 1, topic_configs=config) for topic, config in configs.items()])
    assert all(code == 0 for _, code, *_ in made.topic_errors)
    await admin.close()


async def read(broker: Broker, topic: str, partition: int = 0, start: int = 0) -> list[Record]:
    """Every committed record of a partition up to its present end."""
    for _ in range(100):  # Kafka answers a commit before it has written the markers; what is left open on purpose stays so
        if await broker.ends([TopicPartition(topic, partition)]) == await broker.log_ends([TopicPartition(topic, partition)]):
            break
        await asyncio.sleep(0.02)
    place = TopicPartition(topic, partition)
    stop = (await broker.ends([place]))[place]
    return [record async for chunk in broker.read(place, start, stop) for record in chunk.records]


def outputs(*values: bytes, topic: str = RESULTS, partition: int = 0) -> list[Output]:
    return [Output(topic, partition, b"key", value) for value in values]
