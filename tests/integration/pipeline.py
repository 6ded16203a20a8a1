"""The three services as processes on a real Kafka and Redis, an ordinary Kafka client that is not ours beside them, and what lies in the topics."""

import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec

from services.cli.replay import TOPIC_OF_TYPE
from services.cli.services import all_services
from services.policy.library import load_policies

MEDAID = str(Path(sys.executable).with_name("medaid"))
ROOT = Path(__file__).parents[2]
PARTITIONS = 4
LOADING = {KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.NOT_COORDINATOR, KafkaError._TIMED_OUT}
NEW = {KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.UNKNOWN_TOPIC_OR_PART}
"""What a broker says of a partition that was just made, or has just moved."""

ANSWER_S = 10
PARTITION_UA = -1
"""librdkafka chooses."""

Event = dict[str, Any]


class Pipeline:
    """Processes of the services, started and killed by name, e.g. `settlement-1`."""

    def __init__(self, bootstrap: str, redis_url: str, prefix: str, logs: Path, **settings: str) -> None:
        """`settings` are variables of the processes' environment."""
        self.bootstrap = bootstrap
        self.prefix = prefix
        self._logs = logs
        self._environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "REDIS_URL": redis_url,
            "MEDAID_PREFIX": prefix,
            "MEDAID_SESSION_MS": "6000",
            "MEDAID_HEARTBEAT_MS": "500",
            **settings,
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._starts: dict[int, int] = {}
        """Process id to where its part of the log begins."""

        self._admin = AdminClient({"bootstrap.servers": bootstrap})

    def create_topics(self) -> None:
        """As an operator does."""
        subprocess.run([MEDAID, "topics", "create"], env=self._environment, check=True, capture_output=True, timeout=60)

    def verify(self) -> None:
        """`medaid ledger verify` finds no difference."""
        done = subprocess.run([MEDAID, "ledger", "verify"], env=self._environment, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-1_000:]

    def start(self, name: str, *, fails: str = "") -> None:
        """Start a process of the service that `name` begins with; `fails` is where it is to fail by itself (`faults/failing.py`)."""
        service = name.partition("-")[0]
        command = [sys.executable, "-m", "tests.integration.faults.failing", service, fails] if fails else [MEDAID, "run", service]
        with (self._logs / f"{name}.log").open("ab") as log:
            process = self._running[name] = subprocess.Popen(command, cwd=ROOT, env=self._environment, stderr=log, stdout=log)
            self._starts[process.pid] = log.tell()

    def send(self, name: str, sign: signal.Signals) -> None:
        """Send a signal to a process that must be alive."""
        assert self._running[name].poll() is None, f"{name} had ended by itself: {self.log(name)}"
        self._running[name].send_signal(sign)

    def kill(self, name: str) -> None:
        """kill -9."""
        self.send(name, signal.SIGKILL)
        self._running.pop(name).wait()

    def end(self, name: str) -> int:
        """SIGTERM to one, and its exit status."""
        self.send(name, signal.SIGTERM)
        return self._running.pop(name).wait(timeout=60)

    def is_up(self, name: str) -> bool:
        """Whether a process has come so far that SIGTERM ends it well."""
        told = (self._logs / f"{name}.log").read_bytes()[self._starts[self._running[name].pid] :]
        return b"health and metrics served" in told

    def died(self, name: str) -> bool:
        """Whether a process that was to fail by itself has done so; then it is forgotten."""
        if self._running[name].poll() is None:
            return False
        assert self._running.pop(name).returncode == -signal.SIGKILL, self.log(name)
        return True

    def pid(self, name: str) -> int:
        """The process id."""
        return self._running[name].pid

    def stop(self) -> dict[str, int]:
        """SIGTERM to all; their exit statuses."""
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        statuses = {name: process.wait(timeout=60) for name, process in self._running.items()}
        self._running.clear()
        return statuses

    def abandon(self) -> None:
        """Whatever still runs ends now."""
        for process in self._running.values():
            process.kill()
            process.wait()

    def told(self, event: str) -> list[Event]:
        """What all processes have told of one event."""
        lines = (line for path in sorted(self._logs.glob("*-*.log")) for line in path.read_bytes().splitlines())
        return [found for line in lines if event.encode() in line and (found := orjson.loads(line))["event"] == event]

    def log(self, name: str) -> str:
        """The end of what a process told."""
        return (self._logs / f"{name}.log").read_text("utf-8", errors="replace")[-3_000:]

    def publish(
        self,
        lines: Iterable[bytes],
        pace: Callable[[int], None] = lambda _number: None,
        partition_of: Callable[[bytes], int] = lambda _line: PARTITION_UA,
    ) -> int:
        """Send lines with librdkafka, to `partition_of` or by its default partitioner (CRC32, not ours); those that fit no topic are left out."""
        producer = Producer(
            {"bootstrap.servers": self.bootstrap, "enable.idempotence": True, "linger.ms": 5, "message.max.bytes": 2_000_000}
        )
        sent = 0
        for line in lines:
            topic, key = place_of(line)
            if topic is None:
                continue
            while True:
                try:
                    producer.produce(self.prefix + topic, line, key, partition_of(line))
                    break
                except BufferError:
                    producer.poll(0.1)
            sent += 1
            pace(sent)
        assert producer.flush(60) == 0
        return sent

    def append(self, topic: str, values: Mapping[int, Sequence[bytes]]) -> None:
        """Write records without keys to partitions."""
        producer = Producer({"bootstrap.servers": self.bootstrap})
        for partition, found in values.items():
            for value in found:
                producer.produce(self.prefix + topic, value, partition=partition)
        assert producer.flush(60) == 0

    def ends(self, topics: Iterable[str], isolation: IsolationLevel = IsolationLevel.READ_UNCOMMITTED) -> dict[tuple[str, int], int]:
        """End offsets of topics, markers and open transactions included; up to the first open transaction with `READ_COMMITTED`."""
        asked = {TopicPartition(self.prefix + topic, number): OffsetSpec.latest() for topic in topics for number in range(PARTITIONS)}
        found = self._admin.list_offsets(asked, isolation_level=isolation, request_timeout=ANSWER_S)
        return {(tp.topic.removeprefix(self.prefix), tp.partition): future.result().offset for tp, future in found.items()}

    def is_at_rest(self, *names: str) -> bool:
        """Whether every service, or each of those named, has committed all that lies in its inputs."""
        for service in all_services(load_policies()):
            if names and service.name not in names:
                continue
            reached = self._committed(service.name, service.inputs)
            decided, ends = self.ends(service.inputs, IsolationLevel.READ_COMMITTED), self.ends(service.inputs)
            if decided != ends or any(
                end > reached.get(place, 0) and self._holds_records(place, reached.get(place, 0)) for place, end in ends.items()
            ):
                return False
        return True

    def wait_for_deaths(self, names: Collection[str], seconds_max: float) -> None:
        """Until each of `names` has failed by itself, as it was told to."""
        left = set(names)

        def are_dead() -> bool:
            left.difference_update([name for name in left if self.died(name)])
            return not left

        self.wait(are_dead, seconds_max, dying=left)

    def wait(self, condition: Callable[[], bool], seconds_max: float, *, dying: Collection[str] = ()) -> None:
        """Until `condition` holds; nobody may end meanwhile but those `dying`. Raises: AssertionError, with what the processes told."""
        until = time.monotonic() + seconds_max
        while not _holds(condition):
            for name, process in self._running.items():
                assert name in dying or process.poll() is None, f"{name} ended with {process.returncode}: {self.log(name)}"
            assert time.monotonic() < until, "\n".join(f"== {name}\n{self.log(name)}" for name in self._running)
            time.sleep(0.5)

    def read(self, topic: str) -> Iterator[Event]:
        """All committed events of a topic, partition by partition in their order."""
        for _, value in self.values(topic):
            if value is not None:
                yield orjson.loads(value)

    def values(self, topic: str, isolation: str = "read_committed") -> Iterator[tuple[int, bytes | None]]:
        """Partition and value of every record that is committed, or of all (`read_uncommitted`)."""
        for number in range(PARTITIONS):
            for value in self._partition(topic, number, 0, isolation):
                yield number, value

    def offsets(self, topic: str, number: int, start: int) -> Iterator[int]:
        """Offsets of all records of one partition from `start` on, aborted and undecided ones too; a gap is a transaction's end."""
        return (message.offset() for message in self._messages(topic, number, start, "read_uncommitted"))

    def _partition(self, topic: str, number: int, start: int, isolation: str = "read_committed") -> Iterator[bytes | None]:
        """Values of one partition from `start` to its present end."""
        return (message.value() for message in self._messages(topic, number, start, isolation))

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
                elif error.code() not in NEW:
                    raise KafkaException(error)
        finally:
            consumer.close()

    def rewind(self, service: str) -> None:
        """Set the service's committed offsets to zero, as an operator may while it does not run."""
        inputs = next(known.inputs for known in all_services(load_policies()) if known.name == service)
        offsets = [TopicPartition(self.prefix + topic, number, 0) for topic in inputs for number in range(PARTITIONS)]
        group = ConsumerGroupTopicPartitions(self.prefix + service, offsets)
        for altered in self._admin.alter_consumer_group_offsets([group]).values():
            altered.result(timeout=30)

    def _consumer(self, isolation: str) -> Consumer:
        settings = {
            "bootstrap.servers": self.bootstrap,
            "group.id": f"{self.prefix}reader",
            "isolation.level": isolation,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 20,  # the end is told by an empty answer
        }
        return Consumer({**settings, "auto.offset.reset": "earliest", "fetch.message.max.bytes": 4_000_000})

    def _committed(self, service: str, topics: Iterable[str]) -> dict[tuple[str, int], int]:
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": self.prefix + service})  # it does not join
        try:
            asked = [TopicPartition(self.prefix + topic, number) for topic in topics for number in range(PARTITIONS)]
            offsets = consumer.committed(asked, timeout=ANSWER_S)
        finally:
            consumer.close()
        return {(tp.topic.removeprefix(self.prefix), tp.partition): tp.offset for tp in offsets if tp.offset >= 0}

    def _holds_records(self, place: tuple[str, int], start: int) -> bool:
        """Whether a committed record, not only markers, lies at or after an offset."""
        return next((True for _ in self._partition(*place, start)), False)


def _holds(condition: Callable[[], bool]) -> bool:
    """Whether `condition` holds; not while a broker that has just come up answers that it is still loading."""
    try:
        return condition()
    except KafkaException as error:
        if error.args[0].retriable() or error.args[0].code() in LOADING:
            return False
        raise


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


def by_claim(results: Iterable[Event]) -> dict[str, list[Event]]:
    """Data of results by claim, in their order."""
    claims: defaultdict[str, list[Event]] = defaultdict(list)
    for event in results:
        claims[f"{event['data']['hospital_id']}/{event['data']['claim_id']}"].append(event["data"])
    return claims
