"""A right that is taken away while services run: readiness and the log name it, on which resource and for whom, and given back the service goes on."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy.local.errors import Unobtainable
from deploy.local.process import free_port
from schemas.catalogue import CLAIMS, RESULTS, SETTLEMENT_WAITING
from services.runtime.needs import Need
from tests.integration.faults.bills import bill
from tests.integration.pipeline import Pipeline
from tests.integration.rightful import COMMANDS, USER, rights_in_redis
from tests.integration.test_doctor import PREFIX, Place

NAMED_S = 45
"""Deadlines of Kafka and of a heartbeat, and the time that a small machine takes."""

pytestmark = [pytest.mark.kafka, pytest.mark.redis, pytest.mark.prove]


class Running(Place):
    """A healthy site with identity and settlement at work."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port = free_port()
        self.pipeline: Pipeline
        self.claims = 0

    def begin(self) -> None:
        """Start both, and settle a claim."""
        own = {**self.variables, "MEDAID_PREFIX": PREFIX, "MEDAID_HEALTH_PORT": str(self.port)}
        self.pipeline = Pipeline(self.kafka.bootstrap_servers, self.redis.url, PREFIX, self.folder, **own)
        self.pipeline.start("settlement-1")
        self.pipeline.wait(lambda: self.ready().get("ready", False), 60)

    def settle(self) -> None:
        """One claim more."""
        self.claims += 1
        self.pipeline.publish([bill("P1", f"C{self.claims}", 300)])

    def is_settled(self) -> bool:
        """Whether every claim sent has its result."""
        return sum(1 for _ in self.pipeline.read(RESULTS)) >= self.claims

    def ready(self) -> dict[str, Any]:
        """What it answers on /ready; nothing while nobody answers."""
        try:
            found: dict[str, Any] = httpx2.get(f"http://127.0.0.1:{self.port}/ready", timeout=5).json()
        except httpx2.HTTPError:
            return {}
        return found

    def is_well(self) -> bool:
        """Whether it is ready and waits for nothing."""
        found = self.ready()
        return bool(found.get("ready", False)) and found["waits_for"] == ""

    def says(self, *words: str) -> bool:
        """Whether it is not ready, and says why in these words."""
        found = self.ready()
        told = [found.get("waits_for", ""), *(lane["doubt"] for lane in found.get("lanes", {}).values())]
        return not found.get("ready", True) and any(all(word in text for word in words) for text in told)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    site = Running(tmp_path_factory.mktemp("rights"))
    try:
        with site.kafka, site.redis:
            site.make()
            site.begin()
            try:
                site.settle()
                site.pipeline.wait(site.is_settled, 60)
                yield site
            finally:
                site.pipeline.abandon()
    except Unobtainable as reason:
        pytest.skip(str(reason))


def need(resource: str, name: str, operation: str, pattern: str = "literal") -> Need:
    return Need(resource, PREFIX + name, pattern, operation)  # type: ignore[arg-type]


def all_of(topic: str) -> list[Need]:
    return [need("topic", topic, operation) for operation in ("READ", "WRITE", "DESCRIBE", "DESCRIBE_CONFIGS")]


TAKEN: Mapping[str, tuple[list[Need], tuple[str, ...]]] = {
    "READ of an input": (all_of(CLAIMS), ("READ", f"on topic {PREFIX}{CLAIMS}")),
    "WRITE of an output": ([need("topic", RESULTS, "WRITE")], ("WRITE", f"on topic {PREFIX}{RESULTS}")),
    "everything of a state topic": (all_of(SETTLEMENT_WAITING), ("WRITE", f"on topic {PREFIX}{SETTLEMENT_WAITING}")),
    "READ of the group": ([need("group", "settlement", "READ")], ("READ", f"on group {PREFIX}settlement")),
    "everything of the group": (
        [need("group", "settlement", "READ"), need("group", "settlement", "DESCRIBE")],
        ("DESCRIBE, READ", f"on group {PREFIX}settlement"),
    ),
    "transactional ids": (
        [need("transactional-id", "settlement-", operation, "prefixed") for operation in ("WRITE", "DESCRIBE")],
        ("WRITE", f"on transactional-id {PREFIX}settlement-*"),
    ),
}


@pytest.mark.parametrize("what", TAKEN)
def test_a_right_of_kafka_taken_from_a_running_service_is_named(running: Running, what: str) -> None:
    """It is named while it is missing; given back, the very process settles what came meanwhile, and says nothing more."""
    taken, words = TAKEN[what]
    running.kafka.take(taken)
    try:
        running.settle()
        running.pipeline.wait(lambda: running.says(f"User:{USER} may not", *words), NAMED_S)
    finally:
        running.kafka.give(taken)
    running.pipeline.wait(lambda: running.is_well() and running.is_settled(), 90)
    assert any(all(word in one["why"] for word in words) for one in running.pipeline.told("a right is missing"))


@pytest.mark.parametrize(
    ("rights", "words"),
    [
        (rights_in_redis([command for command in COMMANDS if command != "hset"]), "user medaid-view may not run HSET"),
        (rights_in_redis([command for command in COMMANDS if command not in ("eval", "evalsha")]), "may not run scripts"),
        (rights_in_redis(keys="other:*"), "may not run any command on keys that begin with"),
    ],
    ids=["a command", "scripts", "keys"],
)
def test_a_right_of_redis_taken_from_a_running_service_is_named(running: Running, rights: list[str], words: str) -> None:
    running.store.execute_command(*rights)
    try:
        running.settle()
        running.pipeline.wait(lambda: running.says(words), NAMED_S)
    finally:
        running.store.execute_command(*rights_in_redis())
    running.pipeline.wait(lambda: running.ready().get("ready", False) and running.is_settled(), 90)
    assert any(words in one["why"] for one in running.pipeline.told("lane in doubt"))


@pytest.mark.parametrize("what", ["DESCRIBE_CONFIGS of an output", "everything of an input", "READ of the group"])
def test_a_service_that_lacks_a_right_at_its_start_waits_for_it(running: Running, what: str) -> None:
    """It names it, does not end, and begins by itself when it is given."""
    taken, words = {
        "DESCRIBE_CONFIGS of an output": ([need("topic", RESULTS, "DESCRIBE_CONFIGS")], ("DESCRIBE_CONFIGS", RESULTS)),
        "everything of an input": (all_of(CLAIMS), ("READ", CLAIMS)),
        "READ of the group": ([need("group", "settlement", "READ")], ("READ", "on group")),
    }[what]
    assert running.pipeline.end("settlement-1") == 0
    running.kafka.take(taken)
    try:
        running.pipeline.start("settlement-1")
        running.pipeline.wait(lambda: running.says(f"User:{USER} may not", *words), NAMED_S)
    finally:
        running.kafka.give(taken)
    running.settle()
    running.pipeline.wait(lambda: running.ready().get("ready", False) and running.is_settled(), 90)
