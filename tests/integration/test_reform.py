"""`medaid reform` on a real Kafka: a city's year settled by the services; the same figures as of the file, and what replay makes of the same events."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from schemas.catalogue import RESULTS, TIMELINES
from tests.integration.pipeline import MEDAID, Pipeline
from tests.unit.ledger.reform.laboratory import newest, reformed, replayed, town

REGION, PERSONS = "wuxi", 40
FIGURES = {"pools.year.limit_yuan.default": "20000"}
SERVICES = ("identity-1", "settlement-1")

pytestmark = pytest.mark.prove


@pytest.fixture
def pipeline(kafka_bootstrap: str, redis_db: str, topic_prefix: str, tmp_path: Path) -> Iterator[Pipeline]:
    """The city's year, settled."""
    made = Pipeline(kafka_bootstrap, redis_db, topic_prefix, tmp_path, MEDAID_PSEUDONYM_KEY="k" * 16)
    made.create_topics()
    for name in SERVICES:
        made.start(name)
    made.publish(list(town(REGION, PERSONS)))
    made.wait(lambda: made.is_at_rest("identity", "settlement"), 90)
    yield made
    made.abandon()


def run(pipeline: Pipeline, patch: Path, out: Path, *more: str) -> dict[str, object]:
    """The summary."""
    command = [MEDAID, "reform", str(patch), "--year", "2025", "--out", str(out), *more]
    said = subprocess.run(command, env=pipeline.environment, capture_output=True, text=True, check=False, timeout=120)
    assert said.returncode == 0, said.stderr
    found: dict[str, object] = orjson.loads((out / "summary.json").read_bytes())
    return found


def test_kafka_and_a_file_say_what_replay_says(pipeline: Pipeline, tmp_path: Path) -> None:
    patch = tmp_path / "patch.yaml"
    patch.write_text(f"region: {REGION}\nset:\n" + "".join(f"  {path}: {value}\n" for path, value in FIGURES.items()), "utf-8")
    ends = {topic: len(list(pipeline.read(topic))) for topic in (RESULTS, TIMELINES)}
    found = run(pipeline, patch, tmp_path / "kafka")
    ledger = tmp_path / "ledger.jsonl"
    ledger.write_bytes(b"".join(orjson.dumps(event) + b"\n" for topic in (RESULTS, TIMELINES) for event in pipeline.read(topic)))
    assert run(pipeline, patch, tmp_path / "file", "--from", str(ledger)) == {**found, "ledger": str(ledger)}
    expected = newest(replayed(reformed(REGION, FIGURES).policies, town(REGION, PERSONS)), REGION)
    owed = sum(int(paid.replace(".", "")) for year, _, _, paid in expected.values() if year == 2025)
    total = found["reforms"][0]["total"]  # type: ignore[index]
    assert total["then"] == f"{owed // 100}.{owed % 100:02d}" != total["now"]
    assert {topic: len(list(pipeline.read(topic))) for topic in (RESULTS, TIMELINES)} == ends, "nothing was written"
    assert pipeline.stop() == dict.fromkeys(SERVICES, 0)
