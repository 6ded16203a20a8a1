"""Input that a real Kafka deletes before a real worker has read it: the worker says what is lost and ends; after a ruling it goes on behind it."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition

from schemas.catalogue import AUDIT, CLAIMS, RESULTS
from services.runtime.home import home_of
from tests import clients
from tests.integration.pipeline import MEDAID, Pipeline
from tests.integration.topics import PARTITIONS
from tests.unit.events import claim

HOME = home_of("P1", PARTITIONS)
WORKER = "settlement-1"


class Office:
    """One worker of settlement, a hospital, somebody who deletes, an operator."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline

    def send(self, *claim_ids: str) -> None:
        """Claims of one person, each acknowledged."""
        producer = clients.producer(self.pipeline.bootstrap)
        for claim_id in claim_ids:
            producer.produce(self.pipeline.prefix + CLAIMS, claim(claim_id, "2025-03-02", "100.00"), partition=HOME)
        assert producer.flush(30) == 0

    def delete(self, before: int) -> None:
        """As retention does."""
        place = TopicPartition(self.pipeline.prefix + CLAIMS, HOME, before)
        admin = clients.admin(self.pipeline.bootstrap)  # held, for its answers come later
        for deleted in admin.delete_records([place]).values():
            assert deleted.result().low_watermark == before

    def settled(self) -> list[str]:
        """The claims in the ledger."""
        return [event["data"]["claim_id"] for event in self.pipeline.read(RESULTS)]

    def wait_for(self, *claim_ids: str) -> None:
        """Until just these are settled."""
        self.pipeline.wait(lambda: self.settled() == list(claim_ids), 60)

    def accept(self) -> str:
        """`medaid lanes accept-loss`, and what it printed."""
        lost = ["--service", "settlement", "--topic", CLAIMS, "--partition", str(HOME)]
        command = [MEDAID, "lanes", "accept-loss", *lost, "--operator", "li", "--reason", "H1 sends again"]
        done = subprocess.run(command, env=self.pipeline.environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def office(kafka_bootstrap: str, redis_db: str, topic_prefix: str, tmp_path: Path) -> Iterator[Office]:
    pipeline = Pipeline(kafka_bootstrap, redis_db, topic_prefix, tmp_path)
    pipeline.create_topics()
    try:
        yield Office(pipeline)
    finally:
        pipeline.abandon()
        pipeline.delete()


def test_what_was_deleted_while_nobody_worked_stops_the_worker_until_it_is_accepted(office: Office) -> None:
    office.pipeline.start(WORKER)
    office.send("1")
    office.wait_for("1")
    assert office.pipeline.end(WORKER) == 0
    office.send("2", "3", "4")
    office.delete(before=3)
    office.pipeline.start(WORKER)
    assert office.pipeline.ended(WORKER) == 1
    (told,) = office.pipeline.told("stopped, an operator must look", WORKER)
    assert f"{CLAIMS}[{HOME}] begins at 3, read was up to 1: 2 offsets (1 to 2) deleted unread" in told["why"]
    assert office.settled() == ["1"]

    assert office.accept().startswith(f"{AUDIT}/")
    office.pipeline.start(WORKER)
    office.wait_for("1", "4")
    office.send("2", "3")  # the hospital, again
    office.wait_for("1", "4", "2", "3")


def test_what_is_deleted_before_a_running_worker_has_read_it_stops_it_too(office: Office) -> None:
    office.pipeline.start(WORKER)
    office.send("1")
    office.wait_for("1")
    office.pipeline.send(WORKER, signal.SIGSTOP)
    office.send("2")  # ends the fetch that Kafka may be holding for the worker
    office.send("3", "4")
    office.delete(before=3)
    office.pipeline.send(WORKER, signal.SIGCONT)
    assert office.pipeline.ended(WORKER) == 1
    (told,) = office.pipeline.told("stopped, an operator must look", WORKER)
    assert f"{CLAIMS}[{HOME}] begins at 3" in told["why"]
    assert not {"3", "4"} & set(office.settled())
    office.accept()
    office.pipeline.start(WORKER)
    office.pipeline.wait(lambda: office.settled()[-1] == "4", 60)
    assert "3" not in office.settled()
