"""What somebody else wrote into a topic of a lane's own: noticed at once, named by its exact place, passed over only where an operator says so."""

from typing import Any

import orjson
import pytest

from schemas.catalogue import AUDIT
from schemas.envelope import write_event
from services.runtime.alone import LOOK_S
from services.runtime.errors import Doubt, Stop
from services.runtime.records import Output, Record
from services.runtime.rulings import Skip
from tests.unit.runtime.counting import PAID, document_of, read_person
from tests.unit.runtime.workbench import ANN, BOB, Bench, Waits


@pytest.fixture
def bench() -> Bench:
    return Bench()


def paid(person: str, key: str, revision: int = 0) -> bytes:
    """A result as the service writes it."""
    return orjson.dumps({"person": person, "key": key, "amount": 10, "paid": 10, "revision": revision})


def stray(bench: Bench, value: bytes) -> Record:
    return bench.kafka.append(PAID, 0, None, value)


def skip(bench: Bench, record: Record) -> None:
    """What `medaid lanes skip` writes."""
    told: dict[str, Any] = {"operator": "li", "client": "ops-1", "reason": "a load test"}
    told |= Skip.of(record)._asdict()
    value = write_event("console.audit.record_skipped.v1", "/medaid/console", "1", "2025-06-11T02:20:00Z", told)
    bench.kafka.append(AUDIT, 1, b"li", value)


STRAYS = {
    "no event": (b"not ours", "cannot be understood"),
    "nothing": (b"", "cannot be understood"),
    "of somebody not at home": (paid(BOB, "B-1"), "not at home"),
    "a copy": (paid(ANN, "A-1"), "revision 0 where 1 must come"),
    "a revision without the one before": (paid(ANN, "A-1", 2), "revision 2 where 1 must come"),
    "a new one's second revision": (paid(ANN, "A-9", 1), "revision 1 where 0 must come"),
}


@pytest.mark.parametrize("name", STRAYS)
async def test_a_stray_is_named_by_its_exact_place_whether_the_view_was_lost_or_not(bench: Bench, name: str) -> None:
    value, why = STRAYS[name]
    lane = await bench.taken()
    await lane.batch([bench.amount(ANN, f"A-{number}", 10) for number in range(5)])
    record = stray(bench, value)
    with pytest.raises(Doubt, match=rf"somebody else has written into paid\.v1\[0\], at {record.offset} or behind it"):
        await lane.batch([bench.amount(ANN, f"A-{number}", 10) for number in range(5, 8)])
    for is_lost in (False, True):
        if is_lost:
            bench.view.lose()
        with pytest.raises(
            Stop, match=rf"^paid\.v1\[0\]@{record.offset} is not .*{why}.*--topic paid\.v1 --partition 0 --offset {record.offset} "
        ):
            await bench.lane(0).take()


async def test_a_lane_at_rest_looks_now_and_then(bench: Bench) -> None:
    clock = Waits()
    lane = await bench.taken(clock)
    await lane.batch([bench.amount(ANN, "A-1", 10)])
    stray(bench, b"not ours")
    await lane.idle()
    await clock.sleep(LOOK_S)
    with pytest.raises(Doubt, match="somebody else"):
        await lane.idle()


async def test_so_does_a_busy_lane_at_the_topics_that_it_does_not_write_to(bench: Bench) -> None:
    clock = Waits()
    lane = await bench.taken(clock)
    stray(bench, b"not ours")
    await lane.batch([bench.factor(ANN, 1, 2)])
    await clock.sleep(LOOK_S)
    with pytest.raises(Doubt, match="somebody else"):
        await lane.batch([bench.factor(ANN, 2, 3)])


async def test_what_a_lane_wrote_itself_is_no_doubt(bench: Bench) -> None:
    clock = Waits()
    lane = await bench.taken(clock)
    for number in range(4):
        await lane.batch([bench.amount(ANN, f"A-{number}-{part}", 10) for part in range(3)])
        await clock.sleep(LOOK_S)
        await lane.idle()


async def test_an_aborted_transaction_of_others_is_looked_at_once_and_forgotten(bench: Bench) -> None:
    lane = await bench.taken()
    await lane.batch([bench.amount(ANN, "A-1", 10)])
    somebody = bench.kafka.init("somebody")
    bench.kafka.send(somebody, Output(PAID, 0, None, b"not ours"))
    bench.kafka.init("somebody")
    with pytest.raises(Doubt, match="somebody else"):
        await lane.batch([bench.amount(ANN, "A-2", 10)])
    lane = await bench.taken()
    await lane.batch([bench.amount(ANN, "A-2", 10), bench.amount(ANN, "A-3", 10)])
    assert [key for key, _ in bench.paid()] == ["A-1", "A-2", "A-3"]


async def test_exactly_the_record_that_an_operator_names_is_passed_over(bench: Bench) -> None:
    lane = await bench.taken()
    await lane.batch([bench.amount(ANN, "A-1", 10)])
    first, second = stray(bench, b"not ours"), stray(bench, b"nor this")
    skip(bench, first)
    with pytest.raises(Stop, match=rf"\[0\]@{second.offset} "):
        await bench.lane(0).take()
    skip(bench, second)
    lane = await bench.taken()
    await lane.batch([bench.amount(ANN, "A-1", 10), bench.amount(ANN, "A-2", 10)])
    bench.view.lose()
    lane = await bench.taken()
    await lane.batch([bench.amount(ANN, "A-2", 10), bench.amount(ANN, "A-3", 10)])
    third = stray(bench, b"not ours, either")
    with pytest.raises(Stop, match=rf"\[0\]@{third.offset} "):
        await bench.lane(0).take()


async def test_a_forged_result_that_fits_is_passed_over_when_a_view_is_healed_from_nothing(bench: Bench) -> None:
    """Nobody can tell it from one of ours; what was ruled counts from the next rebuild on, and our own revisions follow each other again."""
    lane = await bench.taken()
    await lane.batch([bench.amount(ANN, "A-1", 10)])
    forged = stray(bench, paid(ANN, "A-2"))
    with pytest.raises(Doubt):
        await lane.batch([bench.amount(ANN, "A-2", 10)])
    with pytest.raises(Stop, match=rf"\[0\]@{forged.offset + 1} .*revision 0 where 1"):
        await bench.lane(0).take()
    skip(bench, forged)
    bench.view.lose()
    lane = await bench.taken()
    await lane.batch([bench.factor(ANN, 1, 3)])
    assert bench.paid()[-2:] == [("A-1", 30), ("A-2", 30)]


@pytest.mark.parametrize("is_ruled", [False, True])
async def test_what_was_ruled_counts_from_the_next_heal_from_nothing_on_also_where_nothing_would_stop(bench: Bench, is_ruled: bool) -> None:
    lane = await bench.taken()
    await lane.batch([bench.amount(ANN, "A-1", 10)])
    forged = stray(bench, paid(ANN, "A-9"))
    if is_ruled:
        skip(bench, forged)
    bench.view.lose()
    await bench.taken()
    known = read_person(bench.view.snapshot().documents[document_of(ANN)]).claims
    assert known.keys() == ({"A-1"} if is_ruled else {"A-1", "A-9"})


async def test_what_was_ruled_counts_also_where_a_view_is_set_back(bench: Bench) -> None:
    """From a backup, say, that was made before the forged result, which fits."""
    lane = await bench.taken()
    await lane.batch([bench.amount(ANN, "A-1", 10)])
    before = bench.view.snapshot()
    skip(bench, stray(bench, paid(ANN, "A-9")))
    bench.view.lose(before)
    await bench.lane(0).take()
    assert read_person(bench.view.snapshot().documents[document_of(ANN)]).claims.keys() == {"A-1"}


async def test_what_was_ruled_of_one_record_says_nothing_of_another_at_its_place(bench: Bench) -> None:
    """A ledger copied back without markers, and without what was foreign, has its records at other offsets: a result of ours lies where the stray lay."""
    lane = await bench.taken()
    await lane.batch([bench.amount(ANN, "A-1", 10)])
    foreign = stray(bench, b"not ours")
    skip(bench, foreign)
    await lane.take()
    for revision in (1, 2):
        await lane.batch([bench.factor(ANN, revision, revision + 1)])
    restored = Bench()
    for record in (*bench.kafka.records(PAID), *bench.kafka.records(AUDIT)):
        if record != foreign:
            restored.kafka.append(record.topic, record.partition, record.key, record.value)
    assert restored.kafka.records(PAID)[-1].offset == foreign.offset
    await restored.taken()
    assert read_person(restored.view.snapshot().documents[document_of(ANN)]).claims == {"A-1": (10, 30, 2)}
