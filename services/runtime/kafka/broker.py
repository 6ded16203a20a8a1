"""`AioKafkaBroker`: the port `Broker` of one service (group) over aiokafka.

In: topic names without prefix; the configured prefix is put before topics, group and transactional ids here. Promise: the port's; every question
but that after beginnings (`lookout.py`) opens its own connection and closes it, for lanes are taken rarely and a client that has seen a failure is not
to be trusted. Not here: the subscription (`pump.py`), making topics (`topics.py`).
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.admin import AIOKafkaAdminClient

from schemas.topics import load_topics
from services.runtime.errors import Doubt, Stop
from services.runtime.kafka.clients import reaching, start
from services.runtime.kafka.deadline import within
from services.runtime.kafka.described import found_in, partitions_of
from services.runtime.kafka.lookout import Lookout
from services.runtime.kafka.mending import read_any_header_name
from services.runtime.kafka.points import Points
from services.runtime.kafka.reader import Readers, close_consumer
from services.runtime.kafka.writer import RETRY_MS, KafkaWriter, close_producer, make_producer, transactional_ids
from services.runtime.records import Chunk, Offsets, TopicPartition
from services.runtime.settings import Settings
from services.runtime.topic_settings import Difference, differences

LOOKS_MAX, LOOK_S = 20, 0.1
"""How many times, and seconds apart, missing topics are looked for again."""


class AioKafkaBroker:
    """The port `Broker`.

    Attributes:
        partitions: How many lanes there are; known once `prepare` has looked.
    """

    def __init__(self, service: str, settings: Settings) -> None:
        read_any_header_name()
        self.partitions = 0
        self.group = settings.prefix + service
        self._prefix = settings.prefix
        self._settings = settings
        self._deadline_s = settings.kafka_deadline_ms / 1000
        self._request_ms = settings.kafka_deadline_ms
        self._readers = Readers(self._consumer, self._prefix, self._deadline_s)
        self._lookout = Lookout(self._consumer, self._deadline_s)

    async def prepare(self, topics: Collection[str]) -> None:
        """Look whether all `topics` are there, with the same number of partitions, which `partitions` then says.

        Raises:
            Doubt: Kafka is away.
            Stop: One is missing, or their numbers differ.
        """
        names = sorted(self._prefix + topic for topic in topics)
        async with within(self._deadline_s, "look at the topics"), self._admin() as admin:
            counts = await await_topics(admin, names)
        missing = [name for name in names if name not in counts]
        if missing:
            raise Stop(f"missing in Kafka: {', '.join(missing)}; `medaid topics create` makes the topics")
        if len(set(counts.values())) > 1:
            listed = ", ".join(f"{name} {counts[name]}" for name in names)
            raise Stop(f"topics about persons must have the same number of partitions, these have not: {listed}")
        self.partitions = next(iter(counts.values()))

    async def differences(self, topics: Collection[str]) -> list[Difference]:
        """Where the settings of `topics` are not those that `schemas/topics.yaml` describes.

        Raises:
            Doubt: Kafka is away.
            Stop: It does not let us ask.
        """
        described = {self._prefix + name: topic for name, topic in load_topics().items() if name in topics}
        async with within(self._deadline_s, "look at the topics' settings"), self._admin() as admin:
            found = await found_in(admin, described.keys())
        return [one for name, topic in described.items() for one in differences(name, topic, found[name])]

    async def fence(self, lane: int) -> KafkaWriter:
        """As the port has it."""
        producer = make_producer(self._settings, f"{transactional_ids(self.group)}{lane}")
        try:
            async with within(self._deadline_s, "fence a lane"):
                await start(producer, self._settings, self._request_ms)  # returns when InitProducerId has been answered
        except BaseException:
            await close_producer(producer)
            raise
        return KafkaWriter(producer, self.group, self._prefix, self._deadline_s)

    async def committed(self, partitions: Collection[TopicPartition]) -> Offsets:
        """As the port has it.

        Raises:
            Doubt: Kafka is away, or the group's coordinator has only just begun.
        """
        places = self._places(partitions)
        async with within(self._deadline_s, "read committed offsets"), self._admin() as admin:
            found = await admin.list_consumer_group_offsets(self.group, partitions=list(places))
        if (
            not places.keys() <= found.keys()
        ):  # aiokafka passes over the error of the whole answer; read as nothing, a lane would begin anew
            raise Doubt("kafka: read committed offsets: the group's coordinator cannot tell them yet", "kafka")
        return {places[place]: max(known.offset, 0) for place, known in found.items()}

    async def beginnings(self, partitions: Collection[TopicPartition]) -> Offsets:
        """As the port has it."""
        places = self._places(partitions)
        return {places[place]: offset for place, offset in (await self._lookout.beginnings(places)).items()}

    async def ends(self, partitions: Collection[TopicPartition]) -> Offsets:
        """As the port has it."""
        return await self._ends(partitions, "read_committed")

    async def log_ends(self, partitions: Collection[TopicPartition]) -> Offsets:
        """As the port has it."""
        return await self._ends(partitions, "read_uncommitted")

    def read(self, partition: TopicPartition, start: int, stop: int) -> AsyncGenerator[Chunk, None]:
        """As the port has it."""
        return self._readers.read(partition, start, stop)

    def points(self) -> Points:
        """A reader of single records; whoever takes it closes it."""
        return Points(self._consumer, self._prefix, self._deadline_s)

    async def close(self) -> None:
        """Let go of what is kept for reading on and for looking out."""
        await self._readers.close()
        await self._lookout.close()

    async def _ends(self, partitions: Collection[TopicPartition], isolation: str) -> Offsets:
        if not partitions:
            return {}
        places = self._places(partitions)
        async with within(self._deadline_s, "read end offsets"), self._started(isolation) as consumer:
            return {places[place]: offset for place, offset in (await consumer.end_offsets(list(places))).items()}

    def _places(self, partitions: Collection[TopicPartition]) -> Mapping[KafkaPartition, TopicPartition]:
        return {KafkaPartition(self._prefix + partition.topic, partition.partition): partition for partition in partitions}

    async def _consumer(self, isolation: str = "read_committed") -> AIOKafkaConsumer:
        """A consumer without a group, started; whoever takes it closes it."""
        consumer = AIOKafkaConsumer(
            **reaching(self._settings),
            request_timeout_ms=self._request_ms,
            retry_backoff_ms=RETRY_MS,
            isolation_level=isolation,
            auto_offset_reset="earliest",  # a start before the log's beginning reads from there
            enable_auto_commit=False,
        )
        try:
            await start(consumer, self._settings, self._request_ms)
        except BaseException:
            await close_consumer(consumer)
            raise
        return consumer

    @asynccontextmanager
    async def _started(self, isolation: str) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = await self._consumer(isolation)
        try:
            yield consumer
        finally:
            await close_consumer(consumer)

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(**reaching(self._settings), request_timeout_ms=self._request_ms)
        try:
            await start(admin, self._settings, self._request_ms)
            yield admin
        finally:
            await admin.close()


async def await_topics(admin: AIOKafkaAdminClient, names: Collection[str]) -> Mapping[str, int]:
    """The partitions of `names`, looked for again where some are missing: brokers hear of a new topic a little later than who made it.

    Raises:
        Doubt: One of them cannot be described just now.
    """
    counts = await partitions_of(admin, names)
    for _ in range(LOOKS_MAX):
        if len(counts) == len(names):
            break
        await asyncio.sleep(LOOK_S)
        counts = await partitions_of(admin, names)
    return counts
