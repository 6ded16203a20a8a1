"""The tasks of the three services, and who can do them."""

import sys
from itertools import islice
from pathlib import Path

import orjson

from schemas.catalogue import CLAIMS, IDENTITY_EVENTS, RESULTS, TIMELINES, WARNINGS
from tests.bench.course import Task
from tests.bench.expected import replayed
from tests.bench.process import Subject
from tests.bench.workload import Event, Workload
from tests.integration.pipeline import MEDAID, ROOT

IDENTITY, SETTLEMENT, MONITORING = (Subject(f"medaid {name}", (MEDAID, "run", name)) for name in ("identity", "settlement", "monitoring"))
FLOOR = Subject("floor", (sys.executable, "-m", "tests.bench.floor"))
RIVAL = Path(ROOT, ".medaid", "rival", "bin", "python")
QUIX = Subject("Quix Streams", (str(RIVAL), "-m", "tests.bench.quix"), is_ours=False)


def settling(work: Workload, earlier: int = 0, misplaced: bool = False) -> Task:
    """Claims for settlement; the first `earlier` of them are settled before the clock starts."""
    before = [(TIMELINES, work.timelines)]
    if earlier:
        before.append((CLAIMS, lambda: islice(work.bills(), earlier)))
    return Task("settlement", before, CLAIMS, lambda: islice(work.bills(), earlier, None), RESULTS, misplaced)


def certifying(work: Workload) -> Task:
    """Grants for identity."""
    return Task("identity", [], IDENTITY_EVENTS, work.grants, TIMELINES)


def watching(work: Workload) -> Task:
    """Results for monitoring, as settlement has written them."""
    results: list[Event] = [(orjson.loads(value)["data"]["person_id"], value) for value in replayed(work)[RESULTS]]
    return Task("monitoring", [(TIMELINES, work.timelines)], RESULTS, lambda: results, WARNINGS)
