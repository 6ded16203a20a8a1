"""`medaid ledger` on real Kafka and Redis: verified at rest and while claims flow; what Redis holds otherwise is found, and mended by a rebuild."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.catalogue import RESULTS
from services.policy.library import load_policies
from services.settlement.app import SettlementService
from services.synthetic import generate
from tests import clients
from tests.integration.pipeline import MEDAID, Pipeline
from tests.unit.events import claim

PERSONS = 40
FIRST, PACE_S = 100, 0.008
"""How many events are sent at once, and seconds between the others."""
SERVICES = ("identity-1", "settlement-1")


class City:
    """A small city's events, the services that settle them, and `medaid ledger` beside them."""

    def __init__(self, pipeline: Pipeline, redis_url: str) -> None:
        self.pipeline = pipeline
        self.redis = clients.redis_at(redis_url)
        self.lines = [line for name in ("suzhou", "changchun") for line in generate(load_policies().current[name][-1], PERSONS, seed=11)]
        self._environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": pipeline.bootstrap,
            "REDIS_URL": redis_url,
            "MEDAID_PREFIX": pipeline.prefix,
        }

    def ledger(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`medaid ledger …`."""
        command = [MEDAID, "ledger", *arguments]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False, timeout=90)

    def key(self, rest: str) -> str:
        """A key of settlement's view."""
        return f"{self.pipeline.prefix}medaid:settlement:f{SettlementService.format}:{rest}"

    def ends(self) -> int:
        """About how many results there are."""
        return sum(self.pipeline.ends([RESULTS]).values())

    def is_at_rest(self) -> bool:
        """Whether identity and settlement have nothing left to read."""
        return self.pipeline.is_at_rest("identity", "settlement")

    def results(self) -> list[tuple[int, bytes | None]]:
        """Partition and value of every result."""
        return list(self.pipeline.values(RESULTS))

    def view(self) -> dict[bytes, dict[bytes, bytes]]:
        """Settlement's documents and index."""
        keys = [key for kind in "db" for key in self.redis.scan_iter(self.key(f"{kind}:*"))]
        return {key: self.redis.hgetall(key) for key in keys}

    def tamper(self) -> set[str]:
        """Change what Redis holds in four places. Returns what a verification must say of it."""
        counted, claimless, ghost = sorted(key.decode().partition("d:y/")[2] for key in self.redis.scan_iter(self.key("d:y/*")))[:3]
        sequence = self.redis.hget(self.key(f"d:y/{counted}"), "_sequence").decode()
        claims = self.redis.hlen(self.key(f"d:c/{claimless}"))
        bucket = min(self.redis.scan_iter(self.key("b:*")))
        claim, holder = min(self.redis.hgetall(bucket).items())
        year, person, region, content = holder.decode().split("|")
        self.redis.hset(self.key(f"d:y/{counted}"), "_sequence", "77")
        self.redis.delete(self.key(f"d:c/{claimless}"))
        self.redis.hset(self.key(f"d:y/{ghost}1"), "year", "1")
        self.redis.hset(bucket, claim, f"{year}|nobody|{region}|{content}")
        return {
            f"redis y/{counted} _sequence: ledger {sequence}, redis 77",
            f"redis c/{claimless} document: ledger {claims} fields, redis -",
            f"redis y/{ghost}1 document: ledger -, redis 1 fields",
            f"index {claim.decode()} holder: ledger {person}/{region}/{year} {content}, redis nobody/{region}/{year} {content}",
        }


@pytest.fixture
def city(kafka_bootstrap: str, redis_db: str, topic_prefix: str, tmp_path: Path) -> Iterator[City]:
    """Topics and workers; the events are not sent yet."""
    pipeline = Pipeline(kafka_bootstrap, redis_db, topic_prefix, tmp_path)
    pipeline.create_topics()
    for name in SERVICES:
        pipeline.start(name)
    yield City(pipeline, redis_db)
    pipeline.abandon()


def test_what_redis_holds_otherwise_is_found_and_mended(city: City) -> None:
    """Verified while the year comes in; tampered with in four places; rebuilt while the workers run, who then go on; lost and rebuilt without them."""
    assert verified_while_it_flows(city) >= 1
    city.pipeline.wait(city.is_at_rest, 60)
    clean(city.ledger("verify", "--from", "redis"))
    expected = city.tamper()
    found = city.ledger("verify")
    assert (found.returncode, set(found.stdout.splitlines()[:-1])) == (4, expected)
    ledger = city.results()
    rebuilt = city.ledger("rebuild")
    assert (rebuilt.returncode, rebuilt.stdout, rebuilt.stderr.count("\n")) == (0, "", 1)
    assert rebuilt.stderr.startswith("settlement: ")
    city.pipeline.publish([*city.lines[-50:], claim("new", "2025-03-02", "1500.00")])
    city.pipeline.wait(lambda: len(city.results()) > len(ledger) and city.is_at_rest(), 60)
    clean(city.ledger("verify"))
    assert [result for result in city.results() if result in ledger] == ledger
    assert city.pipeline.stop() == dict.fromkeys(SERVICES, 0)
    kept = city.view()
    city.redis.flushdb()
    found = city.ledger("verify")
    assert found.returncode == 4
    assert all(line.startswith("watermark lane ") for line in found.stdout.splitlines()[:-1])
    assert city.ledger("rebuild").returncode == 0
    clean(city.ledger("verify"))
    assert city.view() == kept


def verified_while_it_flows(city: City) -> int:
    """Send the events, the first at once until the workers are at work, the others at a pace; how often results came in during a verification."""
    city.pipeline.publish(city.lines[:FIRST])
    city.pipeline.wait(lambda: city.ends() > 0, 60)
    sending = threading.Thread(target=lambda: city.pipeline.publish(city.lines[FIRST:], lambda _: time.sleep(PACE_S)))
    sending.start()
    looks = 0
    while sending.is_alive():
        before = city.ends()
        clean(city.ledger("verify"))
        looks += city.ends() > before
    sending.join()
    return looks


def clean(said: subprocess.CompletedProcess[str]) -> None:
    """Nothing differs."""
    assert (said.returncode, said.stderr) == (0, ""), said.stdout
    assert said.stdout.count("\n") == 1
    assert said.stdout.endswith(" 0 differences\n")
