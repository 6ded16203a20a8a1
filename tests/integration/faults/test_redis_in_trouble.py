"""A Redis in trouble that loses nothing: the services pause, alive and not ready, skip nothing and go on by themselves, or only get slower."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from deploy.local.servers import Redis
from schemas.catalogue import RESULTS
from tests.integration.faults.city import City
from tests.integration.faults.conftest import Start
from tests.integration.faults.load import prove
from tests.integration.faults.losing import batches_since, records_healed
from tests.integration.faults.troubles import (
    DEADLINE_S,
    Line,
    Site,
    down,
    forgetting_its_scripts,
    full,
    hanging_up,
    losing_answers,
    losing_questions,
    paused,
    read_only,
    slow,
    slower_than_the_deadline,
    without_replicas,
)
from tests.integration.pipeline import Pipeline
from tests.integration.year import Replayed, events, write_lines

pytestmark = pytest.mark.prove

WORKERS = ("identity-1", "settlement-1", "settlement-2")
PERSONS_EACH = 240
PAUSES = {down: 20.0, full: 2.0, read_only: 2.0, without_replicas: 2.0, paused: 2.0, slower_than_the_deadline: 3.0}
"""What nobody can work with, and how long nobody does, seconds."""

NUISANCES = (slow, forgetting_its_scripts, hanging_up, losing_answers, losing_questions)
PATIENCE_S = 90
LOOK_EVERY_S = 0.2


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> City:
    """Some thousands of claims."""
    lines = list(events(PERSONS_EACH))
    return City(lines, Replayed(write_lines(tmp_path_factory.mktemp("town") / "year.jsonl", lines)))


@pytest.fixture
def site(own_redis: Redis) -> Iterator[Site]:
    with Line(f"127.0.0.1:{own_redis.port}") as proxy:
        yield Site(own_redis, proxy)


@pytest.fixture
def pipeline(site: Site, kafka_bootstrap: str, start: Start) -> Pipeline:
    """Ready."""
    settings = {"MEDAID_REDIS_DEADLINE_MS": str(int(DEADLINE_S * 1000)), "MEDAID_SESSION_MS": "10000"}
    pipeline = start(kafka_bootstrap, f"redis://{site.proxy.address}/0", **settings)
    for name in WORKERS:
        pipeline.start(name)
    pipeline.wait(lambda: is_ready(pipeline), PATIENCE_S)
    return pipeline


def ask(pipeline: Pipeline, page: str) -> list[tuple[int, Any]]:
    """Status and body of a page of every worker's health server."""
    answers = []
    for served in pipeline.told("health and metrics served"):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{served['port']}{page}", timeout=10) as answer:
                answers.append((answer.status, json.load(answer)))
        except urllib.error.HTTPError as answer:
            answers.append((answer.code, json.load(answer)))
    return answers


def is_ready(pipeline: Pipeline) -> bool:
    """Whether every worker is."""
    return [status for status, _ in ask(pipeline, "/ready")] == [200] * len(WORKERS)


def has_paused(pipeline: Pipeline) -> bool:
    """Whether no worker is ready and none of its lanes runs, because of Redis."""
    answers = ask(pipeline, "/ready")
    lanes = [lane for _, body in answers for lane in body["lanes"].values()]
    return all(status == 503 for status, _ in answers) and all(
        lane["state"] in {"doubt", "taking"} and lane["doubt"].startswith("redis") for lane in lanes
    )


def nothing_happens(pipeline: Pipeline, seconds: float) -> None:
    """For so long every worker is alive, none ready, and none settles."""
    since = pipeline.ends([RESULTS])
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert [status for status, _ in ask(pipeline, "/live")] == [200] * len(WORKERS)
        assert has_paused(pipeline), ask(pipeline, "/ready")
        time.sleep(LOOK_EVERY_S)
    assert not any(batches_since(pipeline, lane, end) for (_, lane), end in since.items())


def parts(lines: Sequence[bytes], count: int) -> list[Sequence[bytes]]:
    """The lines in so many parts."""
    size = -(-len(lines) // count)
    return [lines[first : first + size] for first in range(0, len(lines), size)]


def test_the_services_pause_while_redis_cannot_be_used_and_go_on_by_themselves(pipeline: Pipeline, site: Site, town: City) -> None:
    for (trouble, seconds), lines in zip(PAUSES.items(), parts(town.lines, len(PAUSES)), strict=True):
        half = len(lines) // 2
        pipeline.publish(lines[:half])
        with trouble(site):
            pipeline.publish(lines[half:])
            pipeline.wait(lambda: has_paused(pipeline), PATIENCE_S)
            nothing_happens(pipeline, seconds)
        pipeline.wait(lambda: is_ready(pipeline), PATIENCE_S)
    prove(records_healed(pipeline), "no record had to be healed")
    town.check(pipeline, "identity", "settlement")
    assert pipeline.stop() == dict.fromkeys(WORKERS, 0)


def test_a_redis_that_is_slow_or_forgetful_or_hangs_up_holds_nobody_up_for_ever(pipeline: Pipeline, site: Site, town: City) -> None:
    """All that was published is settled while the trouble goes on."""
    before = len(pipeline.told("lane taken"))
    for trouble, lines in zip(NUISANCES, parts(town.lines, len(NUISANCES)), strict=True):
        with trouble(site):
            pipeline.publish(lines)
            pipeline.wait(lambda: pipeline.is_at_rest("identity", "settlement"), PATIENCE_S)
    assert len(pipeline.told("lane taken")) > before
    prove(records_healed(pipeline), "no record had to be healed")
    pipeline.wait(lambda: is_ready(pipeline), PATIENCE_S)
    town.check(pipeline, "identity", "settlement")
    assert pipeline.stop() == dict.fromkeys(WORKERS, 0)
