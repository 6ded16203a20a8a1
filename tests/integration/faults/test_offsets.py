"""Committed offsets that are missing, behind or set back: what was read before brings nothing new, and nothing is skipped."""

import re
import urllib.request

import pytest

from schemas.catalogue import RESULTS
from tests.integration.faults.city import City
from tests.integration.faults.conftest import Start
from tests.integration.faults.load import Load, aborted, healed, prove
from tests.integration.pipeline import Pipeline
from tests.integration.topics import PARTITIONS
from tests.integration.year import Ledger, claims_in

pytestmark = pytest.mark.prove

DEATHS = 4
DEATH_S_MAX = 60
RECORDS_READ = re.compile(r'medaid_records_read_total\{.*topic="hospital.claims.v1"\} ([0-9.]+)')


def read_by(pipeline: Pipeline, name: str) -> float:
    """How many claims the process that was started last says that it has read."""
    served = pipeline.told("health and metrics served", name)[-1]
    with urllib.request.urlopen(f"http://127.0.0.1:{served['port']}/metrics", timeout=10) as answer:
        return sum(map(float, RECORDS_READ.findall(answer.read().decode())))


def test_offsets_that_are_missing_behind_or_zero_bring_nothing_twice(start: Start, kafka_bootstrap: str, redis_db: str, city: City) -> None:
    """The first batches aborted, so that nothing is committed; then a coordinator that answers zero; then offsets set to zero when all is settled."""
    pipeline = start(kafka_bootstrap, redis_db)
    pipeline.start("identity-1")
    with Load(pipeline, city.lines) as load:
        for death in range(DEATHS):
            pipeline.start("settlement-1", fails=f"sent:kill:{1 + death % 2}")
            pipeline.wait_for_deaths(["settlement-1"], DEATH_S_MAX)
        prove(aborted(pipeline), "no transaction was aborted")
        pipeline.start("settlement-1", fails="apply:kill:30")
        pipeline.wait_for_deaths(["settlement-1"], DEATH_S_MAX)
        load.reach(0.8)
        pipeline.start("settlement-1", fails=f"committed:stale:{PARTITIONS}")
        load.finish()
    city.check(pipeline, "identity", "settlement", reads_again=True)
    prove(healed(pipeline), "no lane had to heal")
    before = Ledger(pipeline.read(RESULTS))
    assert pipeline.end("settlement-1") == 0
    pipeline.rewind("settlement")
    pipeline.start("settlement-2")
    pipeline.wait(lambda: pipeline.is_at_rest("settlement"), DEATH_S_MAX)
    assert read_by(pipeline, "settlement-2") >= claims_in(city.lines), "nothing was read twice"
    after = Ledger(pipeline.read(RESULTS))
    assert (after.newest, after.revisions) == (before.newest, before.revisions)
    pipeline.verify()
