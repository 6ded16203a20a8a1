"""A batch has a budget: what is decided within it is a prefix in every topic, committed by itself; the rest comes first in the next batch."""

from collections.abc import Mapping, Sequence

import orjson
import pytest

from services.runtime import deciding, lanes
from services.runtime.clock import InstantClock
from services.runtime.deciding import BREATH_S, BUDGET, OWING_MAX, Budget
from services.runtime.lanes import Lane
from services.runtime.memory import MemoryBroker
from services.runtime.records import Document, Record, TopicPartition
from services.runtime.service import Emission
from tests.unit.runtime.counting import AMOUNTS, FACTORS, POISON, Counting, Event, Fold
from tests.unit.runtime.workbench import ANN, CID, LANES, Bench

PAID_BYTES = len(orjson.dumps({"person": ANN, "key": "A-1", "amount": 10, "paid": 10, "revision": 0}))
SHARE_BYTES = len(orjson.dumps({"key": "A-1", "group": "A"}))


class Ticking(InstantClock):
    """Each look at it takes a while; notes how long it was slept."""

    def __init__(self, tick_s: float) -> None:
        super().__init__()
        self._tick_s = tick_s
        self.slept_s: list[float] = []

    def monotonic(self) -> float:
        self._now_s += self._tick_s
        return super().monotonic()

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        await super().sleep(seconds)


class OwingFold(Fold):
    """Leaves factors to the conclusion, which tells of the newest."""

    def __init__(self, documents: Mapping[str, Document], holders: Mapping[str, str]) -> None:
        super().__init__(documents, holders)
        self.newest: dict[str, Event] = {}

    def decide(self, event: Event) -> Sequence[Emission] | None:  # type: ignore[override]
        if event.topic != FACTORS:
            return super().decide(event)
        if event.data["factor"] == POISON or event.home not in self.newest or self.newest[event.home].data["factor"] != POISON:
            self.newest[event.home] = event
        return None

    def conclude(self, home: str) -> Sequence[Emission]:
        if self.newest[home].data["factor"] == POISON:
            raise ZeroDivisionError
        return super().decide(self.newest[home])


class Owing(Counting):
    def fold(self, documents: Mapping[str, Document], holders: Mapping[str, str]) -> OwingFold:
        return OwingFold(documents, holders)


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def taken(
    bench: Bench, budget: Budget = BUDGET, clock: InstantClock | None = None, service: type[Counting] = Counting
) -> Lane[Event]:
    """Lane 0 with that budget, and lane 1 healed."""
    await bench.lane(1).take()
    broker = MemoryBroker(bench.kafka, Counting.name, LANES)
    lane = Lane(service(), 0, broker, bench.view, clock or InstantClock(), bench.figures, budget)
    await lane.take()
    return lane


def committed(bench: Bench) -> list[int]:
    """Up to where factors and amounts are committed."""
    return [bench.kafka.committed(Counting.name, TopicPartition(topic, 0)) for topic in (FACTORS, AMOUNTS)]


@pytest.mark.parametrize(("budget_bytes", "done"), [(1, 1), (PAID_BYTES + SHARE_BYTES, 1), (PAID_BYTES + SHARE_BYTES + 1, 2), (10**6, 4)])
async def test_a_batch_ends_when_its_outputs_are_enough_bytes(bench: Bench, budget_bytes: int, done: int) -> None:
    lane = await taken(bench, Budget(bytes=budget_bytes))
    records = [bench.amount(ANN, f"A-{number}", 10) for number in range(4)]
    assert await lane.batch(records) == records[done:]
    assert bench.paid() == [(f"A-{number}", 10) for number in range(done)]
    assert committed(bench) == [0, done]


async def test_a_batch_ends_when_it_has_taken_long_enough(bench: Bench) -> None:
    lane = await taken(bench, Budget(seconds=1.0), Ticking(0.15))
    records = [bench.amount(ANN, f"A-{number}", 10) for number in range(20)]
    rest = await lane.batch(records)
    assert 1 < len(rest) < 19
    assert committed(bench) == [0, 20 - len(rest)]


async def test_one_record_is_done_however_long_it_takes(bench: Bench) -> None:
    lane = await taken(bench, Budget(seconds=0.0), Ticking(5.0))
    records = [bench.amount(ANN, f"A-{number}", 10) for number in range(2)]
    assert await lane.batch(records) == records[1:]


async def test_what_is_decided_is_a_prefix_of_every_topic_and_the_rest_ends_as_in_one_go(bench: Bench) -> None:
    """Timelines before claims: the factor first, whatever order the records are given in."""
    lane = await taken(bench, Budget(bytes=1))
    rest: Sequence[Record] = [
        bench.amount(ANN, "A-1", 10), bench.amount(CID, "A-1", 10), bench.factor(ANN, 1, 3), bench.amount(ANN, "A-2", 10),
    ]  # fmt: skip
    steps = []
    while rest:
        rest = await lane.batch(rest)
        steps.append((committed(bench), len(rest)))
    assert steps == [([1, 1], 2), ([1, 2], 1), ([1, 3], 0)]
    assert bench.paid() == [("A-1", 30), ("A-2", 30)]
    assert [(letter["reason"], letter["offset"]) for letter in bench.letters()] == [("conflicting_duplicate", 1)]


async def test_what_cannot_be_read_is_told_when_its_turn_comes(bench: Bench) -> None:
    lane = await taken(bench, Budget(bytes=1))
    records = [bench.amount(ANN, "A-1", 10), bench.kafka.append(AMOUNTS, 0, None, b"{")]
    rest = await lane.batch(records)
    assert (rest, bench.letters()) == (records[1:], [])
    assert await lane.batch(rest) == []
    assert [letter["reason"] for letter in bench.letters()] == ["malformed_json"]


async def test_the_loop_breathes_between_decisions(bench: Bench) -> None:
    clock = Ticking(BREATH_S / 2)
    lane = await taken(bench, clock=clock)
    await lane.batch([bench.amount(ANN, f"A-{number}", 10) for number in range(20)])
    assert clock.slept_s.count(0) >= 10


async def test_late_events_of_one_home_are_concluded_once(bench: Bench) -> None:
    lane = await taken(bench, service=Owing)
    await lane.batch([bench.amount(ANN, "A-1", 10), bench.amount(CID, "C-1", 10)])
    await lane.batch([bench.factor(ANN, 1, 2), bench.factor(CID, 1, 2), bench.factor(ANN, 2, 5)])
    assert bench.paid() == [("A-1", 10), ("C-1", 10), ("A-1", 50), ("C-1", 20)]


async def test_a_conclusion_that_fails_sets_only_its_own_record_aside(bench: Bench) -> None:
    lane = await taken(bench, service=Owing)
    await lane.batch([bench.amount(ANN, "A-1", 10)])
    rest: Sequence[Record] = [bench.factor(ANN, revision, 13 if revision == 3 else revision) for revision in range(1, 6)]
    while rest:
        rest = await lane.batch(rest)
    letters = [orjson.loads(record.value or b"")["data"] for record in bench.kafka.records(f"{FACTORS}.dlq")]
    assert [(letter["reason"], letter["offset"]) for letter in letters] == [("processing_failed", 2)]
    assert bench.paid()[-1] == ("A-1", 50)
    assert committed(bench) == [5, 1]


async def test_time_is_looked_at_before_too_many_conclusions_are_owed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A conclusion may take long: of many homes that owe one, only so many are concluded beyond the budget."""
    monkeypatch.setattr(deciding, "OWING_MAX", 2)
    lane = await taken(bench, Budget(bytes=1), service=Owing)
    assert OWING_MAX > 2
    await lane.batch([bench.amount(ANN, "A-1", 10)])
    await lane.batch([bench.amount(CID, "C-1", 10)])
    homes = (ANN, CID, ANN, CID)
    rest = await lane.batch([bench.factor(home, revision, revision + 1) for revision, home in enumerate(homes, start=1)])
    assert len(rest) == 2


async def test_no_more_whole_documents_are_loaded_than_a_batch_may_need(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "WHOLE_MAX", 1)
    lane = await taken(bench)
    records = [bench.factor(ANN, 1, 2), bench.factor(CID, 1, 2), bench.factor(ANN, 2, 2), bench.factor(CID, 2, 2)]
    assert await lane.batch(records) == records[1:]
    assert committed(bench) == [1, 0]
