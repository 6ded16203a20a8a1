"""`medaid explain` from Kafka and from Redis tells what it tells from a file; `medaid run all` runs and ends as it should."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson
import pytest

from schemas.catalogue import RESULTS, TIMELINES
from schemas.topics import load_topics
from services.embedded.replay import PARTITIONS, Replay
from services.policy.library import load_policies
from services.runtime.home import home_of
from services.runtime.records import Want, Writes
from services.runtime.redis_view import RedisView
from services.runtime.settings import Settings
from services.settlement.adapters.documents import person_key, year_keys
from services.settlement.app import SettlementService
from tests import clients
from tests.unit.events import claim, granted, reversed_

MEDAID = Path(sys.executable).with_name("medaid")
PERSON = "P1"
LINES = [
    granted(),
    claim("1", "2025-03-02", "1500.00"),
    claim("2", "2025-05-20", "3500.00"),
    claim("3", "2025-06-20", "10.00"),
    reversed_("3"),
    granted("extreme_poverty", "2025-02-01", "g2"),
]
UNTOLD = "R23 grant_takes_effect"
"""Redis does not keep the identity events from which it would follow."""


def medaid(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MEDAID, *map(str, arguments)], env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The input events as a file."""
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"".join(LINES))
    return path


async def settled() -> tuple[Replay, list[bytes]]:
    work, outputs = Replay(load_policies()), []
    await work.start()
    for number, line in enumerate(LINES):
        outputs += await work.feed(number, line)
    return work, outputs


def section(text: str, title: str) -> str:
    """One block of an explanation."""
    return next((block for block in text.rstrip().split("\n\n") if block.startswith(title)), "")


def test_kafka_tells_what_the_file_tells(kafka_bootstrap: str, topic_prefix: str, file: Path) -> None:
    """Also with other persons' records around it, and the same claim numbers of another hospital."""
    servers = {"KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap, "MEDAID_PREFIX": topic_prefix}
    assert medaid("topics", "create", **servers).returncode == 0
    publish(kafka_bootstrap, topic_prefix, asyncio.run(settled())[1])
    for key in ("H1/2", "H1/3"):
        said = medaid("explain", key, **servers)
        assert (said.returncode, said.stderr) == (0, "")
        assert said.stdout == medaid("explain", key, "--from", file).stdout
    missing = medaid("explain", "H1/9", **servers)
    assert (missing.returncode, missing.stderr) == (
        3,
        "medaid: H1/9: no such claim in kafka; it may have been refused: look into the dead letters\n",
    )


def test_topics_are_made_once_and_their_partitions_stay(kafka_bootstrap: str, topic_prefix: str) -> None:
    """Each name made is a line; a second time there is nothing to make; another number of partitions is a difference."""
    servers = {"KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap, "MEDAID_PREFIX": topic_prefix}
    created = medaid("topics", "create", **servers)
    assert (created.returncode, created.stderr) == (0, "")
    assert {topic_prefix + name for name in load_topics()} == set(created.stdout.split())
    again = medaid("topics", "create", **servers)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    other = medaid("topics", "create", **servers, MEDAID_PARTITIONS="3")
    assert (other.returncode, other.stdout, other.stderr.count("\n")) == (4, "", 1)


def publish(bootstrap: str, prefix: str, outputs: Sequence[bytes]) -> None:
    """Results and timelines to the home of their person, others' around them."""
    producer = clients.producer(bootstrap)
    topics: Mapping[str, str] = {"identity.timeline.updated.v1": TIMELINES}
    for value in outputs:
        event = orjson.loads(value)
        topic = topics.get(event["type"], RESULTS if event["type"].startswith("settlement.") else None)
        for person in (PERSON, "P2", "P11") if topic else ():
            told = value if person == PERSON else value.replace(b'"P1"', f'"{person}"'.encode()).replace(b'"H1', b'"H12')
            producer.produce(prefix + str(topic), told, person, home_of(person, PARTITIONS))
    assert producer.flush(30) == 0


@pytest.mark.parametrize("key", ["H1/2", "H1/3"])
def test_redis_tells_what_the_file_tells(redis_db: str, topic_prefix: str, file: Path, key: str) -> None:
    """But for the history and the events behind a timeline, which it does not keep."""
    servers = {"REDIS_URL": redis_db, "MEDAID_PREFIX": topic_prefix}
    asyncio.run(copy_view(Settings(redis_url=redis_db, prefix=topic_prefix)))
    said, expected = medaid("explain", key, "--from", "redis", **servers), medaid("explain", key, "--from", file).stdout
    assert (said.returncode, said.stderr) == (0, "")
    titles = ("Result", "Self-pay", "Statuses", "Category", "Payments", "Counters")
    assert [section(said.stdout, title) for title in titles] == [section(expected, title) for title in titles]
    assert section(said.stdout, "Result")
    assert section(said.stdout, "Revisions") == ""
    assert UNTOLD not in said.stdout
    missing = medaid("explain", "H1/9", "--from", "redis", **servers)
    assert (missing.returncode, missing.stderr) == (
        3,
        "medaid: H1/9: no such claim in redis; it may have been refused: look into the dead letters\n",
    )


async def copy_view(settings: Settings) -> None:
    """Settlement's documents of the person, from memory to Redis."""
    work, _ = await settled()
    documents = [person_key(PERSON), *year_keys(PERSON, "lianyungang", 2025)]
    keys = frozenset(f"H1/{number}" for number in (1, 2, 3))
    known = await work.embedded.views["settlement"].peek(0, Want(dict.fromkeys(documents), peeks=keys))
    view = RedisView.of(settings, SettlementService.name, SettlementService.format, PARTITIONS)
    assert await view.apply(0, None, {"-": 1}, Writes(known.documents, known.holders))
    await view.close()


def test_all_services_run_together_and_end_together(kafka_bootstrap: str, redis_db: str, topic_prefix: str, tmp_path: Path) -> None:
    """Each tells where its health is; SIGTERM to the first process ends all, with status 0."""
    servers = {"KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap, "REDIS_URL": redis_db, "MEDAID_PREFIX": topic_prefix}
    assert medaid("topics", "create", **servers).returncode == 0
    log = tmp_path / "log"
    with log.open("wb") as stderr:
        process = subprocess.Popen([MEDAID, "run", "all"], env={**os.environ, **servers}, stdout=subprocess.PIPE, stderr=stderr)
    try:
        wait_for(lambda: len([event for event in told(log) if event["event"] == "lane taken"]) == 4 * PARTITIONS)
        served = {event["service"]: event["port"] for event in told(log) if event["event"] == "health and metrics served"}
        assert set(served) == {"identity", "settlement", "monitoring", "console"}
        assert len(set(served.values())) == 4
    finally:
        process.terminate()
        assert process.wait(60) == 0
    assert process.stdout is not None
    assert process.stdout.read() == b""


def told(log: Path) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in log.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def wait_for(holds: object, patience_s: float = 60.0) -> None:
    until = time.monotonic() + patience_s
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < until
        time.sleep(0.1)
