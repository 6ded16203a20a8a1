"""An upgrade from the version before, and the way back, while claims go on: nothing lost, nothing doubled, and no command is typed.

The version before lies beside the tests as its wheel (`tests/integration/versions`). Both are replaced as the manifests of `deploy/kubernetes` do it: a worker
ends, its successor starts, and once that one lives the next is due. Readiness is not waited for: where formats differ, no lane is ready before all are healed.
"""

import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from zipfile import ZipFile

import orjson
import pytest

from schemas.catalogue import RESULTS
from tests import clients
from tests.integration.faults.city import DRAIN_S_MAX, City
from tests.integration.faults.load import Load, prove
from tests.integration.pipeline import Pipeline

pytestmark = pytest.mark.prove

VERSIONS = Path(__file__).parents[1] / "versions"
SPEAKING = ("identity", "settlement", "monitoring")
WORKERS = tuple(f"{service}-{number}" for service in (*SPEAKING, "console") for number in (1, 2))
CLAIMS_A_SECOND = 275
"""Half of what "under load" means, on a machine that also runs Kafka, Redis and eight workers of four services."""

READY_S_MAX = 120
SHORT = {"MEDAID_SESSION_MS": "2000", "MEDAID_HEARTBEAT_MS": "200"}
ANOTHER_FORMAT = 99


@pytest.fixture(scope="session")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the former version's code."""
    folder = tmp_path_factory.mktemp("before")
    (wheel,) = VERSIONS.glob("*.whl")
    with ZipFile(wheel) as packed:
        packed.extractall(folder)
    told = subprocess.run(
        [sys.executable, "-c", "import services; print(services.__file__)"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(told.stdout.strip()) == folder / "services/__init__.py", "another version than the one before would be run"
    return folder


@pytest.fixture
def before_with_another_format(before: Path, tmp_path: Path) -> Path:
    """The former version, as if it kept settlement's documents in another form."""
    folder = tmp_path / "another"
    shutil.copytree(before, folder)
    stated = folder / "services/settlement/adapters/format.py"
    text = stated.read_text("utf-8")
    changed = re.sub(r"^FORMAT: Final = \d+$", f"FORMAT: Final = {ANOTHER_FORMAT}", text, flags=re.MULTILINE)
    assert changed != text
    stated.write_text(changed, "utf-8")
    return folder


@pytest.fixture
def pipeline(kafka_bootstrap: str, redis_db: str, topic_prefix: str, tmp_path: Path, before: Path) -> Iterator[Pipeline]:
    """With the topics of the former version: what a newer one needs besides would be missing."""
    pipeline = Pipeline(kafka_bootstrap, redis_db, topic_prefix, tmp_path, **SHORT)
    pipeline.create_topics(before)
    yield pipeline
    pipeline.abandon()
    pipeline.delete()


def test_two_workers_of_each_service_go_to_this_version_and_back_under_load(
    pipeline: Pipeline, redis_db: str, city: City, before: Path
) -> None:
    """One after the other; once all are back a Redis that is lost, too: what this version wrote heals the former one."""
    for name in WORKERS:
        pipeline.start(name, code=before)
    pipeline.wait(lambda: all(is_live(pipeline, name) for name in WORKERS), READY_S_MAX)
    with Load(pipeline, city.lines, CLAIMS_A_SECOND) as load:
        for code, until in ((None, 0.5), (before, 0.9)):
            load.hold(until)
            settled = results(pipeline)
            for name in WORKERS:
                replace(pipeline, name, code)
            prove(results(pipeline) > settled + load.claims / 10, "hardly anything was settled while versions changed")
            load.go_on()
        empty(redis_db)
    load.finish(claims_a_second=0.9 * CLAIMS_A_SECOND)
    city.check(pipeline, *SPEAKING)
    pipeline.wait(lambda: pipeline.is_at_rest("console"), DRAIN_S_MAX)
    pipeline.verify(before)
    print(f"{load.claims} claims; bytes of Redis by service: {weight(redis_db)}")
    assert set(pipeline.stop().values()) == {0}


def test_between_formats_a_rollout_ends_if_it_does_not_wait_for_readiness(
    pipeline: Pipeline, city: City, before_with_another_format: Path
) -> None:
    """The first new process heals its lanes and is live, but waits for the last former one: with readiness in the way the rollout would never end."""
    first, last = "settlement-1", "settlement-2"
    pipeline.start("identity-1")
    for name in (first, last):
        pipeline.start(name, code=before_with_another_format)
    with Load(pipeline, city.lines) as load:
        load.hold(0.5)
        pipeline.wait(lambda: results(pipeline) > load.claims / 20, READY_S_MAX)
        replace(pipeline, first, None)
        pipeline.wait(lambda: is_waiting(pipeline, first), READY_S_MAX)
        assert (is_live(pipeline, first), answers(pipeline, first, "/ready")) == (True, False)
        replace(pipeline, last, None)
        pipeline.wait(lambda: all(answers(pipeline, name, "/ready") for name in (first, last)), READY_S_MAX)
        load.go_on()
    load.finish()
    city.check(pipeline, "identity", "settlement")
    pipeline.wait(lambda: pipeline.told("another format's keys dropped"), READY_S_MAX)
    assert set(pipeline.stop().values()) == {0}


def test_a_first_start_over_what_the_version_before_left(pipeline: Pipeline, redis_db: str, city: City, before: Path) -> None:
    """First with its view as it was left, then with Redis empty, so that all heals from topics that both wrote."""
    half, most = len(city.lines) // 2, len(city.lines) * 3 // 4
    settle(pipeline, city.lines[:half], before)
    settle(pipeline, city.lines[half:most], None)
    empty(redis_db)
    settle(pipeline, city.lines[most:], None)
    city.check(pipeline, *SPEAKING)
    print(f"bytes of Redis by service: {weight(redis_db)}")


def replace(pipeline: Pipeline, name: str, code: Path | None) -> None:
    """End a worker, start its successor, and return when that one lives, and a lane is in its hands: the versions run side by side."""
    assert pipeline.end(name) == 0
    taken = len(pipeline.told("lane taken", name))
    pipeline.start(name, code=code)
    pipeline.wait(lambda: is_live(pipeline, name) and len(pipeline.told("lane taken", name)) > taken, READY_S_MAX)


def settle(pipeline: Pipeline, lines: list[bytes], code: Path | None) -> None:
    """One worker of each service settles the lines, and ends."""
    for service in SPEAKING:
        pipeline.start(f"{service}-1", code=code)
    pipeline.publish(lines)
    pipeline.wait(lambda: pipeline.is_at_rest(*SPEAKING), DRAIN_S_MAX)
    assert set(pipeline.stop().values()) == {0}


def empty(url: str) -> None:
    """Lose what Redis holds, as it runs."""
    with clients.redis_at(url) as client:
        client.flushdb()


def weight(url: str) -> dict[str, int]:
    """How many bytes of Redis each service's view takes."""
    found: Counter[str] = Counter()
    with clients.redis_at(url) as client:
        for key in client.scan_iter(count=1_000):
            found[key.decode(errors="replace").partition("medaid:")[2].partition(":")[0]] += client.memory_usage(key, samples=0) or 0
    return dict(found)


def results(pipeline: Pipeline) -> int:
    """About how many results were written; markers count a little."""
    return sum(pipeline.ends([RESULTS]).values())


def is_live(pipeline: Pipeline, name: str) -> bool:
    """What the manifests ask before the next one is due."""
    return answers(pipeline, name, "/live")


def is_waiting(pipeline: Pipeline, name: str) -> bool:
    """Whether each lane of a process is healed, and waits for those of others."""
    with suppress(urllib.error.HTTPError), urllib.request.urlopen(f"{health(pipeline, name)}/live", timeout=10) as answer:
        lanes = orjson.loads(answer.read())["lanes"].values()
        return bool(lanes) and all(lane["waiting"] for lane in lanes)
    return False


def answers(pipeline: Pipeline, name: str, page: str) -> bool:
    """Whether a process that is up answers well."""
    if not pipeline.is_up(name):
        return False
    try:
        with urllib.request.urlopen(health(pipeline, name) + page, timeout=10) as answer:
            return bool(answer.status == 200)
    except urllib.error.URLError:
        return False


def health(pipeline: Pipeline, name: str) -> str:
    """Where a process serves its health."""
    return f"http://127.0.0.1:{pipeline.told('health and metrics served', name)[-1]['port']}"
