"""A hospital's backfill, each record dated by its sender two years back, before a real Kafka whose retention check runs again and again."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import NewTopic, OffsetSpec

from deploy.local.servers import Kafka
from schemas.catalogue import CLAIMS, RESULTS
from services.runtime.home import home_of
from tests import clients
from tests.integration.pipeline import Pipeline
from tests.integration.topics import PARTITIONS
from tests.unit.events import claim

HOME = home_of("P1", PARTITIONS)
YEAR_MS = 365 * 24 * 60 * 60 * 1000
CANARY = "canary"
CLAIM_IDS = ["1", "2", "3"]


class Impatient(Kafka):
    """A Kafka that looks for what is too old several times a second, not every five minutes."""

    def _settings(self) -> dict[str, str]:
        return super()._settings() | {"log.retention.check.interval.ms": "200", "log.initial.task.delay.ms": "100"}


class Site:
    """A pipeline on it, and a topic that is kept as long as the claims but dated by senders: what the check deletes there, it has looked for."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.admin = clients.admin(pipeline.bootstrap)
        self._canaries = 0
        pipeline.create_topics()
        dated_by_senders = {"retention.ms": str(YEAR_MS), "message.timestamp.type": "CreateTime"}
        for made in self.admin.create_topics([NewTopic(CANARY, 1, 1, config=dated_by_senders)]).values():
            made.result()

    def send(self, topic: str, partition: int, *values: bytes) -> None:
        """Acknowledged by Kafka, two years old by their sender."""
        producer = clients.producer(self.pipeline.bootstrap)
        for value in values:
            producer.produce(topic, value, partition=partition, timestamp=int(time.time() * 1000) - 2 * YEAR_MS)
        assert producer.flush(30) == 0

    def wait_for_a_whole_check(self) -> None:
        """Until two records that were sent one after the other's deletion are gone: between the two all topics were looked at."""
        for _ in range(2):
            self.send(CANARY, 0, b"canary")
            self._canaries += 1
            self._until(lambda: self._beginning() == self._canaries)

    def _beginning(self) -> int:
        place = TopicPartition(CANARY, 0)
        return int(self.admin.list_offsets({place: OffsetSpec.earliest()})[place].result().offset)

    def _until(self, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < until, "Kafka deleted nothing"
            time.sleep(0.1)


@pytest.fixture
def site(redis_db: str, tmp_path: Path) -> Iterator[Site]:
    kafka = Impatient(tmp_path / "kafka")
    kafka.start()
    pipeline = Pipeline(kafka.bootstrap_servers, redis_db, "", tmp_path)
    try:
        yield Site(pipeline)
    finally:
        pipeline.abandon()
        kafka.stop()


def test_what_is_sent_with_an_old_time_is_there_until_it_is_settled(site: Site) -> None:
    site.send(CLAIMS, HOME, *[claim(claim_id, "2023-03-02", "100.00") for claim_id in CLAIM_IDS])
    site.wait_for_a_whole_check()
    site.pipeline.start("settlement-1")
    site.pipeline.wait(lambda: len(list(site.pipeline.read(RESULTS))) == len(CLAIM_IDS), 60)
    assert [event["data"]["claim_id"] for event in site.pipeline.read(RESULTS)] == CLAIM_IDS
