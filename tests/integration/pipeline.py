"""The three services as processes on a real Kafka and Redis, an ordinary Kafka client that is not ours beside them, and what lies in the topics."""

import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from services.cli.replay import TOPIC_OF_TYPE
from services.cli.services import all_services
from services.policy.library import load_policies

MEDAID = str(Path(sys.executable).with_name("medaid"))
PARTITIONS = 4
Event = dict[str, Any]


class Pipeline:
    """Processes of the services, started and killed by name, e.g. `settlement-1`."""

    def __init__(self, bootstrap: str, redis_url: str, prefix: str, logs: Path) -> None:
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
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._admin = AdminClient({"bootstrap.servers": bootstrap})

    def create_topics(self) -> None:
        """As an operator does."""
        subprocess.run([MEDAID, "topics", "create"], env=self._environment, check=True, capture_output=True, timeout=60)

    def start(self, name: str) -> None:
        """Start a process of the service that `name` begins with."""
        log = (self._logs / f"{name}.log").open("ab")
        self._running[name] = subprocess.Popen([MEDAID, "run", name.partition("-")[0]], env=self._environment, stderr=log, stdout=log)

    def kill(self, name: str) -> None:
        """kill -9."""
        process = self._running.pop(name)
        assert process.poll() is None, f"{name} had ended by itself: {self.log(name)}"
        process.kill()
        process.wait()

    def stop(self) -> dict[str, int]:
        """SIGTERM to all; their exit statuses."""
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        return {name: process.wait(timeout=60) for name, process in self._running.items()}

    def abandon(self) -> None:
        """Whatever still runs ends now."""
        for process in self._running.values():
            if process.poll() is None:
                process.kill()
                process.wait()

    def log(self, name: str) -> str:
        """The end of what a process told."""
        return (self._logs / f"{name}.log").read_text("utf-8", errors="replace")[-3_000:]

    def publish(self, lines: Iterable[bytes], pace: Callable[[int], None] = lambda _number: None) -> int:
        """Send lines with librdkafka and its default partitioner (CRC32, not ours); those that fit no topic are left out."""
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
                    producer.produce(self.prefix + topic, line, key)
                    break
                except BufferError:
                    producer.poll(0.1)
            sent += 1
            pace(sent)
        assert producer.flush(60) == 0
        return sent

    def ends(self, topics: Iterable[str]) -> dict[tuple[str, int], int]:
        """End offsets of topics, markers and open transactions included."""
        asked = {TopicPartition(self.prefix + topic, number): OffsetSpec.latest() for topic in topics for number in range(PARTITIONS)}
        found = self._admin.list_offsets(asked)
        return {(tp.topic.removeprefix(self.prefix), tp.partition): future.result().offset for tp, future in found.items()}

    def is_at_rest(self) -> bool:
        """Whether every service has committed all that lies in its inputs."""
        for service in all_services(load_policies()):
            reached = self._committed(service.name, service.inputs)
            if any(
                end > reached.get(place, 0) and self._holds_records(place, reached.get(place, 0))
                for place, end in self.ends(service.inputs).items()
            ):
                return False
        return True

    def wait(self, condition: Callable[[], bool], seconds_max: float) -> None:
        """Until `condition` holds. Raises: AssertionError, with what the processes told."""
        until = time.monotonic() + seconds_max
        while not condition():
            for name, process in self._running.items():
                assert process.poll() is None, f"{name} ended with {process.returncode}: {self.log(name)}"
            assert time.monotonic() < until, "\n".join(f"== {name}\n{self.log(name)}" for name in self._running)
            time.sleep(0.5)

    def read(self, topic: str) -> Iterator[Event]:
        """All committed events of a topic, partition by partition in their order."""
        for _, value in self.values(topic):
            if value is not None:
                yield orjson.loads(value)

    def values(self, topic: str) -> Iterator[tuple[int, bytes | None]]:
        """Partition and value of every committed record."""
        for number in range(PARTITIONS):
            for value in self._partition(topic, number, 0):
                yield number, value

    def _partition(self, topic: str, number: int, start: int) -> Iterator[bytes | None]:
        """Values of one partition from `start` to its present end."""
        consumer = self._consumer()
        try:
            consumer.assign([TopicPartition(self.prefix + topic, number, start)])
            while True:
                message = consumer.poll(30.0)
                assert message is not None, f"no answer about {topic}[{number}]"
                error = message.error()
                if error is None:
                    yield message.value()
                elif error.code() == KafkaError._PARTITION_EOF:
                    return
                else:
                    raise KafkaException(error)
        finally:
            consumer.close()

    def _consumer(self) -> Consumer:
        settings = {
            "bootstrap.servers": self.bootstrap,
            "group.id": f"{self.prefix}reader",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
        return Consumer({**settings, "auto.offset.reset": "earliest", "fetch.message.max.bytes": 4_000_000})

    def _committed(self, service: str, topics: Iterable[str]) -> dict[tuple[str, int], int]:
        group = ConsumerGroupTopicPartitions(self.prefix + service)
        found = self._admin.list_consumer_group_offsets([group])
        offsets = next(iter(found.values())).result().topic_partitions
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


def by_claim(results: Iterable[Event]) -> dict[str, list[Event]]:
    """Data of results by claim, in their order."""
    claims: defaultdict[str, list[Event]] = defaultdict(list)
    for event in results:
        claims[f"{event['data']['hospital_id']}/{event['data']['claim_id']}"].append(event["data"])
    return claims
