"""An ordinary Kafka client that is not ours: it publishes with its own partitioner, and tells what lies in the topics under a prefix."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import orjson
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import OffsetSpec

from services.console.service import ConsoleService
from services.embedded.replay import TOPIC_OF_TYPE
from services.ledger.services import all_services
from services.policy.library import load_policies
from tests import clients

PARTITIONS = 4
MOVED = {
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.UNKNOWN_LEADER_EPOCH,
    KafkaError.OFFSET_NOT_AVAILABLE,
}
"""What a broker says of a partition that was just made, or has just moved, until all have heard of it."""

ANSWER_S = 10
STILL_S = 20
"""A lane whose offsets stand still for so long, though there is something to read, will not move any more."""

PARTITION_UA = -1
"""librdkafka chooses."""

Event = dict[str, Any]


class ProvedNothing(AssertionError):
    """The fault left no evidence that it fell where it hurts: chance, to be tried again (`--only-rerun` in the Makefile). What is wrong is never this."""


class TooSlow(AssertionError):
    """What was waited for did not come in time, though every lane that is behind moves on; on a noisy machine worth another try. What stands still never is."""


class Topics:
    """The topics of one pipeline, each with so many partitions.

    Attributes:
        security: How librdkafka's clients are let in, where the place is not open to everybody.
    """

    security: Mapping[str, str] = {}

    def __init__(self, bootstrap: str, prefix: str, partitions: int = PARTITIONS) -> None:
        self.bootstrap = bootstrap
        self.prefix = prefix
        self.partitions = partitions
        self._admin = clients.admin(self._reaching())

    def _reaching(self) -> dict[str, Any]:
        return {"bootstrap.servers": self.bootstrap, **self.security}

    def delete(self) -> None:
        """Make room in a Kafka that other tests share; one that is gone needs none."""
        with suppress(KafkaException):
            names = [name for name in self._admin.list_topics(timeout=ANSWER_S).topics if name.startswith(self.prefix)]
            for deleted in self._admin.delete_topics(names, request_timeout=ANSWER_S).values() if names else ():
                deleted.result()

    def publish(
        self,
        lines: Iterable[bytes],
        pace: Callable[[int], None] = lambda _number: None,
        partition_of: Callable[[bytes], int] = lambda _line: PARTITION_UA,
    ) -> int:
        """Send lines with librdkafka, to `partition_of` or by its default partitioner (CRC32, not ours); those that fit no topic are left out."""
        producer = clients.producer(self._reaching(), {"enable.idempotence": True, "linger.ms": 5, "message.max.bytes": 2_000_000})
        sent = 0
        lost: list[str] = []

        def delivered(error: KafkaError | None, _: Any) -> None:
            if error is not None:
                lost.append(str(error))

        for line in lines:
            topic, key = place_of(line)
            if topic is None:
                continue
            while True:
                try:
                    producer.produce(self.prefix + topic, line, key, partition_of(line), on_delivery=delivered)
                    break
                except BufferError:
                    producer.poll(0.1)
            sent += 1
            producer.poll(0)
            pace(sent)
        assert producer.flush(60) == 0
        assert not lost, lost
        return sent

    def append(self, topic: str, values: Mapping[int, Sequence[bytes]]) -> None:
        """Write records without keys to partitions."""
        producer = clients.producer(self._reaching())
        for partition, found in values.items():
            for value in found:
                producer.produce(self.prefix + topic, value, partition=partition)
        assert producer.flush(60) == 0

    def ends(self, topics: Iterable[str], isolation: IsolationLevel = IsolationLevel.READ_UNCOMMITTED) -> dict[tuple[str, int], int]:
        """End offsets of topics, markers and open transactions included; up to the first open transaction with `READ_COMMITTED`."""
        places = [TopicPartition(self.prefix + topic, number) for topic in topics for number in range(self.partitions)]
        until = time.monotonic() + 2 * ANSWER_S
        while (found := self._ends(places, isolation)) is None:
            if time.monotonic() > until:
                raise TooSlow("no leader tells where its partition ends")
            time.sleep(0.1)
        return found

    def is_at_rest(self, *names: str) -> bool:
        """Whether every service that speaks, or each of those named, has committed all that lies in its inputs."""
        speaking = all_services(load_policies())
        for service in (*speaking, ConsoleService(load_policies())):
            if service.name not in (names or [known.name for known in speaking]):
                continue
            reached = self._committed(service.name, service.inputs)
            decided, ends = self.ends(service.inputs, IsolationLevel.READ_COMMITTED), self.ends(service.inputs)
            if decided != ends or any(
                end > reached.get(place, 0) and self._holds_records(place, reached.get(place, 0)) for place, end in ends.items()
            ):
                return False
        return True

    def is_moving(self, names: Collection[str]) -> bool:
        """Whether lanes of the services named are behind, and each goes on within `STILL_S`: it commits more, or is done. One that wedges is not slow."""
        began = self._behind(names)
        left = dict(began)
        until = time.monotonic() + STILL_S
        while left and time.monotonic() < until:
            time.sleep(0.5)
            now = self._behind(names)
            left = {lane: offsets for lane, offsets in left.items() if now.get(lane) == offsets}
        return bool(began) and not left

    def _behind(self, names: Collection[str]) -> dict[tuple[str, int], tuple[int, ...]]:
        """The lanes, service and number, that have not committed all of their inputs, and where they are."""
        behind = {}
        for service in (known for known in all_services(load_policies()) if known.name in names):
            reached, ends = self._committed(service.name, service.inputs), self.ends(service.inputs)
            for number in range(self.partitions):
                places = [(topic, number) for topic in service.inputs]
                offsets = tuple(reached.get(place, 0) for place in places)
                if any(ends[place] > at and self._holds_records(place, at) for place, at in zip(places, offsets, strict=True)):
                    behind[service.name, number] = offsets
        return behind

    def read(self, topic: str) -> Iterator[Event]:
        """All committed events of a topic, partition by partition in their order."""
        for _, value in self.values(topic):
            if value is not None:
                yield orjson.loads(value)

    def values(self, topic: str) -> Iterator[tuple[int, bytes | None]]:
        """Partition and value of every committed record."""
        for number in range(self.partitions):
            for value in self._partition(topic, number, 0):
                yield number, value

    def since(self, topic: str, number: int, start: int) -> Iterator[bytes | None]:
        """Committed values of one partition from `start` to its present end."""
        return self._partition(topic, number, start)

    def offsets(self, topic: str, number: int, start: int) -> Iterator[int]:
        """Offsets of all records of one partition from `start` on, aborted and undecided ones too; a gap is a transaction's end."""
        return (message.offset() for message in self._messages(topic, number, start, "read_uncommitted"))

    def aborted(self, topic: str) -> int:
        """How many records of a topic, of those that are decided, no reader of committed records ever sees."""
        decided = self.ends([topic], IsolationLevel.READ_COMMITTED)
        count = 0
        for (_, number), end in decided.items():
            seen = {message.offset() for message in self._messages(topic, number, 0, "read_committed")}
            count += sum(offset < end and offset not in seen for offset in self.offsets(topic, number, 0))
        return count

    def _ends(self, places: Sequence[TopicPartition], isolation: IsolationLevel) -> dict[tuple[str, int], int] | None:
        """End offsets; None while a leader moves. By a new client: one that asked before goes on asking the same leader by the same epoch."""
        admin = clients.admin(self._reaching(), {"log_level": 4})  # its end is no news
        answers = admin.list_offsets({place: OffsetSpec.latest() for place in places}, isolation_level=isolation, request_timeout=ANSWER_S)
        try:
            found = {(tp.topic.removeprefix(self.prefix), tp.partition): answer.result().offset for tp, answer in answers.items()}
        except KafkaException as error:
            if error.args[0].code() not in MOVED:
                raise
            return None
        return found if min(found.values()) >= 0 else None  # -1001 from one that did not answer

    def _partition(self, topic: str, number: int, start: int) -> Iterator[bytes | None]:
        """Committed values of one partition from `start` to its present end."""
        return (message.value() for message in self._messages(topic, number, start, "read_committed"))

    def _messages(self, topic: str, number: int, start: int, isolation: str) -> Iterator[Any]:
        consumer = self._consumer(isolation)
        try:
            consumer.assign([TopicPartition(self.prefix + topic, number, start)])
            while True:
                message = consumer.poll(30.0)
                assert message is not None, f"no answer about {topic}[{number}]"
                error = message.error()
                if error is None:
                    yield message
                elif error.code() == KafkaError._PARTITION_EOF:
                    return
                elif error.code() not in MOVED:
                    raise KafkaException(error)
        finally:
            consumer.close()

    def rewind(self, service: str) -> None:
        """Set the service's committed offsets to zero, as an operator may while it does not run."""
        inputs = next(known.inputs for known in all_services(load_policies()) if known.name == service)
        offsets = [TopicPartition(self.prefix + topic, number, 0) for topic in inputs for number in range(self.partitions)]
        group = ConsumerGroupTopicPartitions(self.prefix + service, offsets)
        for altered in self._admin.alter_consumer_group_offsets([group]).values():
            altered.result(timeout=30)

    def _consumer(self, isolation: str) -> Consumer:
        settings = {
            "group.id": f"{self.prefix}reader",
            "isolation.level": isolation,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 20,  # the end is told by an empty answer
        }
        return clients.consumer(self._reaching(), {**settings, "auto.offset.reset": "earliest", "fetch.message.max.bytes": 4_000_000})

    def _committed(self, service: str, topics: Iterable[str]) -> dict[tuple[str, int], int]:
        consumer = clients.consumer(self._reaching(), {"group.id": self.prefix + service})  # it does not join
        try:
            asked = [TopicPartition(self.prefix + topic, number) for topic in topics for number in range(self.partitions)]
            offsets = consumer.committed(asked, timeout=ANSWER_S)
        finally:
            consumer.close()
        return {(tp.topic.removeprefix(self.prefix), tp.partition): tp.offset for tp in offsets if tp.offset >= 0}

    def _holds_records(self, place: tuple[str, int], start: int) -> bool:
        """Whether a committed record, not only markers, lies at or after an offset."""
        return next((True for _ in self._partition(*place, start)), False)


def place_of(line: bytes) -> tuple[str | None, bytes | None]:
    """Topic and key of a line, as an ordinary sender would choose them."""
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None, None
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        return None, None
    data = event.get("data")
    person = data.get("person_id") if isinstance(data, dict) else None
    return TOPIC_OF_TYPE.get(event["type"]), person.encode() if isinstance(person, str) else None
