"""A ledger that lost its front, or that somebody else wrote into, on real Kafka and Redis: nothing is paid twice, and the exact place is named."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition

from schemas.catalogue import RESULTS
from services.runtime.home import home_of
from tests import clients
from tests.integration.pipeline import MEDAID, Pipeline
from tests.unit.events import claim, granted

PERSON, LANE = "P1", home_of("P1", 4)
BILLS = [claim(str(number), f"2025-0{number}-02", "2900.00") for number in range(1, 7)]
IDENTITY, SETTLEMENT = "identity-1", "settlement-1"


class Site:
    """Identity and settlement as processes, and `medaid` beside them."""

    def __init__(self, pipeline: Pipeline, redis_url: str) -> None:
        self.pipeline = pipeline
        self.redis = clients.redis_at(redis_url)
        self._environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": pipeline.bootstrap,
            "REDIS_URL": redis_url,
            "MEDAID_PREFIX": pipeline.prefix,
        }

    def medaid(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([MEDAID, *arguments], env=self._environment, capture_output=True, text=True, check=False, timeout=90)

    def results(self) -> list[bytes | None]:
        """Every result of the person."""
        return [value for partition, value in self.pipeline.values(RESULTS) if partition == LANE]

    def end(self) -> int:
        """The end of the ledger in the person's partition."""
        return self.pipeline.ends([RESULTS])[RESULTS, LANE]

    def settle(self, *lines: bytes) -> None:
        """Send events and wait until they are settled."""
        self.pipeline.publish(lines)
        self.pipeline.wait(lambda: self.pipeline.is_at_rest("identity", "settlement"), 60)

    def why_stopped(self) -> str:
        """What settlement said when it ended by itself, with status 1."""
        self.pipeline.wait(lambda: self.pipeline.status(SETTLEMENT) is not None, 60, dying=[SETTLEMENT])
        assert self.pipeline.forget(SETTLEMENT) == 1
        return str(self.pipeline.told("stopped, an operator must look", SETTLEMENT)[-1]["why"])

    def is_clean(self) -> bool:
        """Whether the ledger is verified without a difference."""
        found = self.medaid("ledger", "verify")
        assert found.returncode in (0, 4), found.stderr
        return found.returncode == 0


@pytest.fixture
def site(kafka_bootstrap: str, redis_db: str, topic_prefix: str, tmp_path: Path) -> Iterator[Site]:
    """Six bills of one person settled."""
    pipeline = Pipeline(kafka_bootstrap, redis_db, topic_prefix, tmp_path)
    pipeline.create_topics()
    for name in (IDENTITY, SETTLEMENT):
        pipeline.start(name)
    site = Site(pipeline, redis_db)
    site.settle(granted())
    site.settle(*BILLS)
    assert len(site.results()) == len(BILLS)
    yield site
    pipeline.abandon()


@pytest.mark.kafka
@pytest.mark.redis
def test_a_ledger_without_its_front_pays_no_bill_again(site: Site) -> None:
    """The scenario: the front deleted, Redis lost, the same bills sent again. Without the look at the front all of them were paid once more."""
    assert site.pipeline.stop() == {IDENTITY: 0, SETTLEMENT: 0}
    admin = clients.admin(site.pipeline.bootstrap)
    place = TopicPartition(site.pipeline.prefix + RESULTS, LANE, site.end())
    for deleted in admin.delete_records([place]).values():
        deleted.result(timeout=30)
    told = f"{RESULTS}[{LANE}] begins at {site.end()}: kept for ever"
    for is_lost in (False, True):
        if is_lost:
            site.redis.flushdb()
        found = site.medaid("ledger", "verify")
        assert (found.returncode, found.stdout) == (4, "")
        assert told in found.stderr
    found = site.medaid("ledger", "rebuild")
    assert (found.returncode, told in found.stderr) == (4, True)
    site.pipeline.publish(BILLS)
    site.pipeline.start(SETTLEMENT)
    assert told in site.why_stopped()
    assert site.results() == []


@pytest.mark.kafka
@pytest.mark.redis
def test_a_stray_in_the_ledger_is_named_and_passed_over_only_when_an_operator_says_so(site: Site) -> None:
    stray = site.end()
    site.pipeline.append(RESULTS, {LANE: [b'{"not": "ours"}']})
    site.pipeline.publish([claim("7", "2025-07-02", "2900.00")])
    told = f"{RESULTS}[{LANE}]@{stray} is not as the one lane that writes there wrote it"
    assert told in site.why_stopped()
    site.redis.flushdb()
    site.pipeline.start(SETTLEMENT)
    assert told in site.why_stopped()
    assert f"{RESULTS}[{LANE}]@{stray}" in site.medaid("ledger", "verify").stdout
    ruling = ("lanes", "skip", "--topic", RESULTS, "--partition", str(LANE), "--operator", "li", "--reason", "a load test")
    assert site.medaid(*ruling, "--offset", str(stray)).returncode == 0
    site.pipeline.start(SETTLEMENT)
    site.settle(*BILLS, claim("8", "2025-08-02", "2900.00"))
    assert len(site.results()) == len(BILLS) + 3, "seven bills, the stray, an eighth bill"
    assert site.is_clean()
    assert "2900.00" in site.medaid("explain", "H1/8").stdout
    assert site.medaid("ledger", "rebuild").returncode == 0
    assert site.is_clean()
    site.pipeline.append(RESULTS, {LANE: [b'{"not": "ours, either"}']})
    site.pipeline.publish([claim("9", "2025-09-02", "2900.00")])
    assert f"{RESULTS}[{LANE}]@{stray + 5} " in site.why_stopped(), "behind the stray: bill 7, a marker, bill 8, a marker"
