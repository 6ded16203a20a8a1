"""The ledger on Kafka, lane by lane, by the port that stands for it: the same as of a file; news that settlement has not taken in is not in it."""

from pathlib import Path

import pytest

from schemas.catalogue import RESULTS, TIMELINES
from schemas.envelope import write_event
from services.embedded.replay import PARTITIONS
from services.ledger.errors import Declined
from services.ledger.reform.accounts import Frame
from services.ledger.reform.buckets import Buckets
from services.ledger.reform.gathering import Gatherer, Wanted, gather_lane
from services.ledger.reform.given import today
from services.ledger.reform.levels import Levels
from services.ledger.reform.reckoning import reckon
from services.ledger.reform.sums import Sums
from services.runtime.rulings import Skip
from tests.unit.ledger.reform.laboratory import POLICIES, THRESHOLDS, YEAR, outcome, reformed
from tests.unit.ledger.reform.test_by_hand import LINES, REGION, TRIED
from tests.unit.ledger.towns import Town


@pytest.fixture
async def town() -> Town:
    """The year worked by hand, settled."""
    made = Town(POLICIES)
    await made.embedded.start()
    return await made.settle(LINES)


async def reckoned(town: Town, skipped: frozenset[Skip] = frozenset()) -> Sums:
    """What the lanes say under the policy that is tried."""
    buckets = Buckets(3, 1)
    writer = buckets.writer(0)
    for lane in range(PARTITIONS):
        await gather_lane(town.broker, lane, skipped, Gatherer(Wanted(REGION, YEAR, False), writer), lambda _: None)
    writer.flush()
    base = today(POLICIES, REGION)
    frame = Frame(base, Levels(POLICIES, THRESHOLDS, REGION), YEAR, None)
    sums, _ = reckon(frame, [reformed(REGION, TRIED)], buckets, 1, lambda _: None)
    buckets.close()
    return sums[0]


async def test_lanes_say_what_a_file_says(town: Town, tmp_path: Path) -> None:
    sums = await reckoned(town)
    assert sums.paid == (282_000, 378_000)
    expected = outcome(town.write(tmp_path / "ledger.jsonl"), [reformed(REGION, TRIED)]).sums[0]
    assert (sums.cells, sums.hospitals, sums.parts, sums.counters) == (
        expected.cells, expected.hospitals, expected.parts, expected.counters,
    )  # fmt: skip


async def test_a_timeline_that_settlement_has_not_taken_in_is_not_in_it(town: Town) -> None:
    """P1 would be settled by another status else; it lies behind what settlement has committed."""
    records = [record for record in town.embedded.kafka.records(TIMELINES) if b'"person_id":"P1"' in (record.value or b"")]
    newest = records[-1]
    value = (newest.value or b"").replace(b'"revision":1', b'"revision":9').replace(b"low_income_margin", b"extreme_poverty")
    town.embedded.kafka.append(TIMELINES, newest.partition, newest.key, value)
    assert (await reckoned(town)).paid == (282_000, 378_000)


async def test_a_record_that_operators_pass_over_is_not_in_it_and_one_that_is_none_is_told(town: Town) -> None:
    value = write_event(
        "settlement.completed.v1", "/stranger", "x", "2025-06-11T02:31:00.000+00:00", {"person_id": "P1", "region": REGION, "year": YEAR}
    )
    stray = town.embedded.kafka.append(RESULTS, 0, b"P1", value)
    with pytest.raises(Declined, match=rf"{RESULTS}\[0\]@{stray.offset} is not as it was written"):
        await reckoned(town)
    assert (await reckoned(town, frozenset({Skip.of(stray)}))).paid == (282_000, 378_000)
