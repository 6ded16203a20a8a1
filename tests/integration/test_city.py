"""A city's year on real Kafka and Redis, with everything that goes wrong in a year: it ends as `medaid replay` of the same events ends."""

import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from deploy.local.servers import Redis
from schemas.catalogue import CLAIMS, IDENTITY_EVENTS, RESULTS, TIMELINES, WARNINGS, dead_letters_of
from schemas.money import signed_fen
from services.cli.synthetic import generate
from services.policy.library import load_policies
from services.policy.result import FIGURES
from tests.integration.pipeline import MEDAID, Event, Pipeline, by_claim, place_of

PERSONS_EACH = 2_120
CLAIMS_MIN = 50_000
FOLLOW_THE_ORDER = {"conflicting_duplicate", "recovery_due"}
"""Warnings that tell what happened, and in which order."""


def events() -> Iterator[bytes]:
    """Lines of all cities; a claim key is used by one person alone, for who comes first across partitions is nobody's promise."""
    policies = load_policies()
    owner: dict[str, str] = {}
    for region in policies.regions():
        for line in generate(policies.current[region][-1], PERSONS_EACH, seed=7):
            topic, person = place_of(line)
            if topic == CLAIMS and person is not None:
                data = orjson.loads(line)["data"]
                key = f"{data.get('hospital_id')}/{data.get('claim_id')}"
                if owner.setdefault(key, person.decode()) != person.decode():
                    continue
            yield line


@pytest.fixture
def year(tmp_path: Path) -> Path:
    """The file of events."""
    path = tmp_path / "year.jsonl"
    with path.open("wb") as file:
        file.writelines(line.replace(b"\n", b" ") + b"\n" for line in events())
    return path


def replayed(year: Path) -> list[Event]:
    """What `medaid replay` makes of the file."""
    out = year.with_suffix(".out")
    subprocess.run([MEDAID, "replay", str(year), "--out", str(out)], check=True, timeout=600)
    return [orjson.loads(line) for line in out.open("rb")]


@pytest.mark.xdist_group("city")
def test_a_year_with_kills_and_a_lost_redis_ends_like_its_replay(
    kafka_bootstrap: str, topic_prefix: str, own_redis: Redis, tmp_path: Path, year: Path
) -> None:
    """50,000 claims, most in the wrong partition; every service killed once, Redis restarted empty once; each revision once, all figures right."""
    lines = year.read_bytes().splitlines()
    pipeline = Pipeline(kafka_bootstrap, own_redis.url, topic_prefix, tmp_path)
    pipeline.create_topics()
    workers = ["identity-1", "settlement-1", "settlement-2", "monitoring-1"]
    for name in workers:
        pipeline.start(name)
    try:
        claims = sum(b'"hospital.claim.submitted.v1"' in line for line in lines)
        assert claims >= CLAIMS_MIN
        pipeline.publish(lines)
        for share, name in ((0.15, "settlement-1"), (0.3, "identity-1"), (0.45, "monitoring-1")):
            pipeline.wait(lambda share=share: results_so_far(pipeline) > share * claims, 240)
            pipeline.kill(name)
            pipeline.start(name)
        pipeline.wait(lambda: results_so_far(pipeline) > 0.6 * claims, 240)
        own_redis.restart(empty=True)
        pipeline.wait(lambda: results_so_far(pipeline) > 0.9 * claims and pipeline.is_at_rest(), 300)
        check(pipeline, replayed(year))
        assert pipeline.stop() == dict.fromkeys(workers, 0)
    finally:
        pipeline.abandon()


def results_so_far(pipeline: Pipeline) -> int:
    """About how many results were written; markers count a little."""
    return sum(pipeline.ends([RESULTS]).values())


def check(pipeline: Pipeline, wanted: list[Event]) -> None:
    """What lies in the topics against what replay wrote."""
    settled = by_claim(pipeline.read(RESULTS))
    expected = by_claim(event for event in wanted if event["type"].startswith("settlement."))
    for key, revisions in settled.items():
        assert [result["revision"] for result in revisions] == list(range(len(revisions))), key
        assert sum(signed_fen(result["delta"]) for result in revisions) == signed_fen(revisions[-1]["assistance_amount"]), key
    assert {key: figures(revisions) for key, revisions in settled.items()} == {
        key: figures(revisions) for key, revisions in expected.items()
    }
    assert newest_intervals(pipeline.read(TIMELINES)) == newest_intervals(of_type(wanted, "identity.timeline"))
    for topic in (CLAIMS, IDENTITY_EVENTS):
        letters = of_type(wanted, "deadletter")
        assert refused(pipeline.read(dead_letters_of(topic)), topic) == refused(letters, topic)
    assert standing(pipeline.read(WARNINGS)) == standing(of_type(wanted, "monitoring."))


def of_type(events: Iterable[Event], prefix: str) -> list[Event]:
    """Events whose type begins so."""
    return [event for event in events if event["type"].startswith(prefix)]


def figures(revisions: list[Any]) -> Event:
    """What the contract promises of the last revision, whatever the interleaving."""
    return {name: revisions[-1][name] for name in (*FIGURES, "sequence", "claim")}


def newest_intervals(events: Iterable[Event]) -> dict[str, Any]:
    """The intervals of each person's newest timeline."""
    newest: dict[str, Any] = {}
    for event in events:
        data = event["data"]
        if data["revision"] >= newest.get(data["person_id"], {"revision": 0})["revision"]:
            newest[data["person_id"]] = data
    return {person: (data["birth_date"], data["intervals"]) for person, data in newest.items()}


def refused(letters: Iterable[Event], topic: str) -> Counter[tuple[str, str | None]]:
    """Reasons and payloads of the dead letters of a topic."""
    return Counter((letter["data"]["reason"], letter["data"]["payload"]) for letter in letters if letter["data"]["topic"] == topic)


def standing(events: Iterable[Event]) -> dict[str, tuple[str, Any]]:
    """The open warnings with level and measure, but those that follow the order."""
    warnings: dict[str, tuple[str, Any]] = {}
    for event in events:
        data = event["data"]
        if data["kind"] in FOLLOW_THE_ORDER:
            continue
        if event["type"] == "monitoring.warning.resolved.v1":
            warnings.pop(data["warning_id"], None)
        else:
            warnings[data["warning_id"]] = (data["level"], data["measure"])
    return warnings
