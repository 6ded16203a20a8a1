"""What a lane does with its batches, step by step, and when it doubts or stops. What it survives is `test_lanes_in_trouble`'s."""

from typing import Any

import pytest

from services.runtime.errors import Doubt, Stop
from services.runtime.healing import CHUNK_RECORDS_MAX
from services.runtime.home import home_of
from services.runtime.lanes import GATE_POLL_S
from services.runtime.memory import MemoryKafka
from services.runtime.memory_view import MemoryView
from services.runtime.records import Output, TopicPartition, Writes
from services.runtime.transactions import COMMIT_GAP_S
from tests.unit.runtime.counting import AMOUNTS, FACTORS, PAID, POISON, REROUTED, UNREADABLE, Counting, document_of
from tests.unit.runtime.workbench import ANN, BOB, CID, LANES, Bench, Either, Waits

pytestmark = pytest.mark.usefixtures("logs")


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_a_batch_is_decided_published_and_applied(bench: Bench) -> None:
    lane = await bench.taken()
    records = [bench.amount(ANN, "A-1", 10), bench.amount(CID, "A-2", 20)]
    await lane.batch(records)
    assert bench.paid() == [("A-1", 10), ("A-2", 20)]
    assert bench.kafka.committed(Counting.name, TopicPartition(AMOUNTS, 0)) == 2
    snapshot = bench.view.snapshot()
    assert snapshot.holders == {"A-1": ANN, "A-2": CID}
    assert snapshot.documents[document_of(ANN)] == {"factor": b"[0,1]", "claim:A-1": b"[10,10,0]"}
    assert snapshot.watermarks[0] == {PAID: 2, FACTORS: 0, "shares.v1": 0}
    assert bench.figures.told == ["taken", "taken", (2, 4)]


async def test_inputs_are_decided_in_their_order_of_precedence_whatever_order_they_came_in(bench: Bench) -> None:
    lane = await bench.taken()
    await lane.batch([bench.amount(ANN, "A-1", 10), bench.factor(ANN, 1, 3), bench.amount(ANN, "A-2", 10)])
    assert bench.paid() == [("A-1", 30), ("A-2", 30)]


@pytest.mark.parametrize("amount", [POISON, None], ids=["in deciding", "in reading"])
async def test_a_poison_is_set_aside_and_the_next_record_decided(bench: Bench, logs: list[Any], amount: int | None) -> None:
    lane = await bench.taken()
    poison = bench.amount(ANN, "A-1", amount) if amount else bench.kafka.append(AMOUNTS, 0, None, UNREADABLE)
    await lane.batch([poison, bench.amount(ANN, "A-2", 20)])
    assert bench.paid() == [("A-2", 20)]
    (letter,) = bench.letters()
    assert (letter["reason"], letter["offset"], letter["payload"].encode()) == ("processing_failed", 0, poison.value)
    assert "claim:A-1" not in bench.view.snapshot().documents[document_of(ANN)]
    (line,) = [line for line in logs if line["log_level"] == "error"]
    assert line["raised"], "the place of the mistake is told, not its text"
    assert line | {"raised": None} == {
        "event": "processing failed",
        "log_level": "error",
        "service": "counting",
        "record": f"{AMOUNTS}[0]@0",
        "raised": None,
    }


async def test_a_refused_record_is_a_dead_letter_in_the_same_transaction(bench: Bench) -> None:
    lane = await bench.taken()
    await lane.batch([bench.kafka.append(AMOUNTS, 0, b"k", b"{", (("h", b"\xff"),))])
    (letter,) = bench.letters()
    assert (letter["reason"], letter["key"], letter["payload"], letter["headers"][0]["encoding"]) == ("malformed_json", "k", "{", "base64")
    assert bench.kafka.committed(Counting.name, TopicPartition(AMOUNTS, 0)) == 1
    assert (AMOUNTS, "malformed_json") in bench.figures.told


async def test_a_misplaced_record_is_decided_at_home_as_if_it_had_come_there(bench: Bench) -> None:
    lane = await bench.taken()
    bench.kafka.append(AMOUNTS, 0, None, b"{")
    misplaced = bench.amount(BOB, "A-1", POISON)
    await lane.batch([misplaced])
    assert (bench.paid(), bench.letters()) == ([], [])
    home = bench.lane(1)
    await home.take()
    (copy,) = bench.kafka.fetch(TopicPartition(REROUTED, 1), 0).records
    assert (copy.key, copy.value) == (misplaced.key, misplaced.value)
    await home.batch([copy])
    (letter,) = bench.letters()
    assert (letter["topic"], letter["partition"], letter["offset"], letter["headers"]) == (AMOUNTS, 0, 1, [])


async def test_a_lane_waits_while_the_others_heal(bench: Bench) -> None:
    clock = Waits(lambda: bench.lane(1).take())
    lane = bench.lane(0, clock)
    await lane.take()
    await lane.batch([bench.amount(ANN, "A-1", 10)])
    assert clock.slept_s == [GATE_POLL_S]
    assert bench.paid() == [("A-1", 10)]


async def test_two_transactions_of_a_lane_lie_apart(bench: Bench) -> None:
    clock = Waits()
    lane = await bench.taken(clock)
    for number in range(3):
        await lane.batch([bench.amount(ANN, f"A-{number}", 10)])
    assert clock.slept_s == pytest.approx([COMMIT_GAP_S] * len(clock.slept_s))
    assert len(clock.slept_s) >= 2


async def test_a_lane_at_rest_tells_that_it_is_right_or_doubts(bench: Bench) -> None:
    lane = await bench.taken()
    await lane.idle()
    assert bench.figures.told[-1] == "alive"
    bench.view.lose()
    with pytest.raises(Doubt):
        await lane.idle()


async def test_a_view_that_somebody_moved_is_doubt_before_anything_is_published(bench: Bench) -> None:
    lane = await bench.taken()
    at = bench.view.snapshot().watermarks[0]
    assert await bench.view.apply(0, at, {**at, PAID: 5}, Writes())
    with pytest.raises(Doubt):
        await lane.batch([bench.amount(ANN, "A-1", 10)])
    assert bench.paid() == []


async def test_a_forgotten_primary_that_answers_again_is_doubt_though_all_lanes_were_healed_there(bench: Bench) -> None:
    """After a fail-over its gate is open as ever, and its watermark may be right; what others book at the new primary it does not know."""
    forgotten, chosen = bench.view, MemoryView(LANES)
    chosen.lose()  # its run is another
    await bench.taken()
    bench.view = answering = Either(chosen)
    lane = await bench.taken()
    await lane.idle()
    answering.primary = forgotten
    with pytest.raises(Doubt):
        await lane.batch([bench.amount(ANN, "A-1", 10)])
    assert bench.paid() == []


async def test_a_zombie_publishes_nothing(bench: Bench) -> None:
    zombie = await bench.taken()
    await bench.lane(0).take()
    with pytest.raises(Doubt):
        await zombie.batch([bench.amount(ANN, "A-1", 10)])
    assert bench.paid() == []


async def test_a_lane_begins_where_its_group_has_read_to_and_tells_what_must_be_read_first(bench: Bench) -> None:
    lane = await bench.taken()
    await lane.batch([bench.amount(ANN, "A-1", 10)])
    bench.factor(ANN, 1, 2)
    taken = await bench.lane(0).take()
    assert taken.positions == {AMOUNTS: 1, FACTORS: 0, REROUTED: 0, "shares.v1": 0}
    assert taken.first_ends == {FACTORS: 1}


async def test_what_a_killed_broker_has_not_decided_yet_is_to_be_read_first_too(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.factor(ANN, 1, 2)
    decided = bench.kafka.end
    monkeypatch.setattr(bench.kafka, "end", lambda partition: 0 if partition.topic == FACTORS else decided(partition))
    taken = await bench.lane(0).take()
    assert taken.first_ends == {FACTORS: 1}


async def test_a_heal_in_which_the_view_is_lost_marks_nothing(bench: Bench) -> None:
    """Even where the view of before and the one after have the same watermark."""

    async def set_back(step: str) -> None:
        if step == "apply":
            bench.view.lose(bench.view.snapshot())

    await bench.taken()
    lane = bench.disturbed(set_back)
    with pytest.raises(Doubt):
        await lane.take()
    await bench.lane(1).take()
    with pytest.raises(Doubt):
        await lane.idle()


async def test_a_heal_goes_on_where_it_was_broken_off(bench: Bench) -> None:
    lane = await bench.taken()
    count = 4 * CHUNK_RECORDS_MAX + 100
    for first in range(0, count, 500):
        await lane.batch([bench.amount(ANN, f"A-{number}", 1) for number in range(first, min(first + 500, count))])
    right = bench.view.snapshot()
    bench.view.lose()
    steps: list[str] = []

    async def break_off(step: str) -> None:
        steps.append(step)
        if steps.count("apply") == 4:
            raise Doubt("broken off")

    with pytest.raises(Doubt):
        await bench.disturbed(break_off).take()
    assert CHUNK_RECORDS_MAX <= bench.view.snapshot().watermarks[0][PAID] < count
    again: list[str] = []

    async def note(step: str) -> None:
        again.append(step)

    await bench.disturbed(note).take()
    assert 0 < again.count("read") < steps.count("read"), "the first part is not read again"
    healed = bench.view.snapshot()
    assert (healed.documents[document_of(ANN)], healed.holders) == (right.documents[document_of(ANN)], right.holders)


async def test_a_ledger_shorter_than_the_view_stops_the_lane(bench: Bench) -> None:
    lane = await bench.taken()
    await lane.batch([bench.amount(ANN, "A-1", 10)])
    bench.kafka = MemoryKafka()
    with pytest.raises(Stop, match="lost records"):
        await bench.lane(0).take()


async def test_an_input_shorter_than_what_was_read_stops_the_lane(bench: Bench) -> None:
    bench.kafka.reset(Counting.name, TopicPartition(AMOUNTS, 0), 7)
    with pytest.raises(Stop, match="lost records"):
        await bench.lane(0).take()


def test_the_people_are_at_home_where_the_tests_think() -> None:
    assert [home_of(person, LANES) for person in (ANN, CID, BOB)] == [0, 0, 1]


async def test_a_ledger_that_is_not_decided_to_its_end_is_waited_for(bench: Bench) -> None:
    """A broker that has come back may owe markers: to heal up to what is decided would be to forget results, to stop would be too soon."""
    lane = await bench.taken()
    await lane.batch([bench.amount(ANN, "A-1", 10)])
    owing = bench.kafka.init("owes its markers")
    bench.kafka.send(owing, Output(PAID, 0, ANN.encode(), b"{}"))
    for lost in (False, True):
        if lost:
            bench.view.lose()
        with pytest.raises(Doubt, match="decided up to"):
            await bench.lane(0).take()
    bench.kafka.init("owes its markers")
    await bench.lane(0).take()
