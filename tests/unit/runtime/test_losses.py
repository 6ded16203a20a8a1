"""Input deleted before it was read stops a lane, at its taking or as it runs, until an operator has accepted just that."""

from typing import Any

import pytest

from schemas.catalogue import AUDIT
from schemas.envelope import write_event
from services.runtime.embedded import Embedded
from services.runtime.errors import Doubt, Stop
from services.runtime.records import Output, TopicPartition
from tests.unit.runtime.counting import AMOUNTS, Counting
from tests.unit.runtime.workbench import ANN, LANES, Bench

pytestmark = pytest.mark.usefixtures("logs")

AMOUNTS_0 = TopicPartition(AMOUNTS, 0)


@pytest.fixture
def bench() -> Bench:
    """A lane that has read the first of four amounts and was let go."""
    return Bench()


def accept(bench: Bench, up_to: int) -> None:
    told = {
        "operator": "li",
        "client": "ops-1",
        "service": "settlement",
        "topic": AMOUNTS,
        "partition": 0,
        "from_offset": 1,
        "reason": "known",
    }
    data = {**told, "to_offset": up_to}
    bench.kafka.append(AUDIT, 1, b"li", write_event("console.audit.loss_accepted.v1", "/medaid/console", "1", "2025-06-11T02:20:00Z", data))


async def read_one_of_four(bench: Bench) -> None:
    lane = await bench.taken()
    records = [bench.amount(ANN, f"A-{number}", 10) for number in range(4)]
    await lane.batch(records[:1])
    await lane.release()


async def test_what_was_deleted_unread_is_named_and_stops_the_lane(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Counting, "name", "settlement")
    await read_one_of_four(bench)
    bench.kafka.truncate(AMOUNTS, 0, before=3)
    with pytest.raises(Stop) as stopped:
        await bench.lane(0).take()
    assert str(stopped.value) == (
        f"input lost: {AMOUNTS}[0] begins at 3, read was up to 1: 2 offsets (1 to 2) deleted unread. "
        "Find out why, then `medaid lanes accept-loss --service settlement ...` for each"
    )
    assert bench.paid() == [("A-0", 10)]


async def test_the_lane_goes_on_behind_what_an_operator_has_accepted_and_behind_no_more(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Counting, "name", "settlement")
    await read_one_of_four(bench)
    bench.kafka.truncate(AMOUNTS, 0, before=2)
    accept(bench, 2)
    assert (await bench.lane(0).take()).positions[AMOUNTS] == 2
    bench.kafka.truncate(AMOUNTS, 0, before=3)
    with pytest.raises(Stop, match="begins at 3, read was up to 1"):
        await bench.lane(0).take()
    accept(bench, 3)
    lane = bench.lane(0)
    position = (await lane.take()).positions[AMOUNTS]
    await lane.batch(bench.kafka.fetch(AMOUNTS_0, position).records)
    assert bench.paid() == [("A-0", 10), ("A-3", 10)]


async def test_an_input_of_which_nothing_was_read_must_begin_at_its_first_offset(bench: Bench) -> None:
    bench.amount(ANN, "A-0", 10)
    bench.amount(ANN, "A-1", 10)
    bench.kafka.truncate(AMOUNTS, 0, before=1)
    with pytest.raises(Stop, match="of it nothing was ever read, as far as Kafka knows; 1 offsets"):
        await bench.lane(0).take()


async def test_what_the_client_passed_over_was_deleted_or_was_nothing(bench: Bench) -> None:
    lane = await bench.taken()
    for number in range(3):
        bench.amount(ANN, f"A-{number}", 10)
    await lane.look_before({AMOUNTS: 1})
    bench.kafka.truncate(AMOUNTS, 0, before=2)
    await lane.look_before({AMOUNTS: 2})
    with pytest.raises(Doubt, match=r"deleted before it was read: .* 1 offsets \(1 to 1\)"):
        await lane.look_before({AMOUNTS: 1})


async def test_a_lane_at_rest_commits_markers_and_then_misses_nothing_when_they_are_deleted(bench: Bench) -> None:
    lane = await bench.taken()
    outside = bench.kafka.init("an agency's")
    bench.kafka.send(outside, Output(AMOUNTS, 0, None, b'{"person": "Ann", "key": "A-0", "amount": 10}'))
    bench.kafka.commit(outside, "", {})
    await lane.batch(bench.kafka.fetch(AMOUNTS_0, 0).records)
    assert bench.kafka.committed(Counting.name, AMOUNTS_0) == 1
    await lane.pass_markers()
    assert bench.kafka.committed(Counting.name, AMOUNTS_0) == 2
    bench.kafka.truncate(AMOUNTS, 0, before=2)
    assert (await bench.lane(0).take()).positions[AMOUNTS] == 2
    assert bench.paid() == [("A-0", 10)]


async def test_a_lane_at_rest_commits_nothing_beyond_a_record_and_notices_what_was_deleted(bench: Bench) -> None:
    lane = await bench.taken()
    bench.amount(ANN, "A-0", 10)
    await lane.pass_markers()
    assert bench.kafka.committed(Counting.name, AMOUNTS_0) == 0
    bench.kafka.truncate(AMOUNTS, 0, before=1)
    with pytest.raises(Doubt, match="deleted before it was read"):
        await lane.pass_markers()
    assert bench.kafka.committed(Counting.name, AMOUNTS_0) == 0


async def test_what_the_embedded_default_forgets_counts_as_read() -> None:
    embedded = Embedded([Counting()], LANES)
    await embedded.start()
    outside = embedded.kafka.init("an agency's")
    embedded.kafka.send(outside, Output(AMOUNTS, 0, None, b'{"person": "Ann", "key": "A-0", "amount": 10}'))
    embedded.kafka.commit(outside, "", {})
    await embedded.settle()
    assert embedded.kafka.records(AMOUNTS) == []
    seats: Any = embedded._seats
    for seat in seats:
        await seat.take()
