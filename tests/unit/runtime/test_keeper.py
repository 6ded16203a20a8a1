"""A keeper holds one lane: feeds it what may be read now, pauses what comes too fast, takes it again after every doubt."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from aiokafka.errors import ProducerFenced
from structlog.testing import capture_logs

from services.runtime import keeper
from services.runtime.clock import InstantClock, SystemClock
from services.runtime.complaints import Complaints
from services.runtime.errors import Doubt, Stop
from services.runtime.flow import Flow
from services.runtime.keeper import Keeper
from services.runtime.lanes import Lane
from services.runtime.memory import MemoryBroker, MemoryKafka
from services.runtime.memory_view import MemoryView
from services.runtime.metrics import NoMetrics
from services.runtime.ports import Loaded
from services.runtime.pulse import Pulse, PulsingView
from services.runtime.records import Record, TopicPartition, Want, Watermark, Writes
from services.runtime.settings import Settings
from tests.unit.runtime.counting import AMOUNTS, FACTORS, PAID, Counting, document_of

BATCH = 2
HEARTBEAT_S = 0.1
PATIENCE = 5000
INPUTS = Counting.inputs


@dataclass
class Stream(Flow):
    """A flow that notes what is asked of it, and stands where a test says."""

    asked: list[tuple[str, Any]] = field(default_factory=list)
    positions: dict[str, int] = field(default_factory=dict)
    assigned: bool = True
    polled: int = 0

    def pause(self, topics: Iterable[str]) -> None:
        self._note("pause", tuple(topics))

    def resume(self, topics: Iterable[str]) -> None:
        self._note("resume", tuple(topics))

    def seek(self, positions: Mapping[str, int]) -> None:
        self._note("seek", {topic: offset for topic, offset in positions.items() if offset})
        self.positions = dict(positions)

    async def position(self, topic: str) -> int:
        return self.positions[topic]

    def polled_ms(self, topics: Iterable[str]) -> int:
        return self.polled

    def _note(self, what: str, about: Any) -> None:
        if not self.assigned:
            raise Doubt("not assigned")
        self.asked.append((what, about))


class Site:
    """One lane of the counting service in memory, with its keeper."""

    def __init__(self) -> None:
        self.kafka = MemoryKafka()
        self.view = MemoryView(1)
        self.service: Any = Counting()
        self.stream = Stream()
        self.stops: list[Stop] = []
        clock, settings = SystemClock(), Settings(batch_records_max=BATCH, heartbeat_ms=int(HEARTBEAT_S * 1000))
        self.pulse = Pulse(clock)
        self.lane = Lane(self.service, 0, MemoryBroker(self.kafka, "counting", 1), PulsingView(self.view, self.pulse), clock, NoMetrics())
        self.keeper = Keeper(self.lane, self.stream, self.pulse, settings, clock, Complaints(clock), self.stops.append)

    def amounts(self, first: int, last: int) -> Sequence[Record]:
        """Publish amounts and return them as they lie in the topic."""
        keys = (f"k{number}" for number in range(first, last))
        return [self.kafka.append(AMOUNTS, 0, None, json.dumps({"person": "P", "key": key, "amount": 5}).encode()) for key in keys]

    def paid(self) -> list[int]:
        return [json.loads(record.value or b"")["paid"] for record in self.kafka.records(PAID)]

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(PATIENCE):
            if condition():
                return
            await asyncio.sleep(0.001)
        raise AssertionError(self.stream.asked)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    new = Site()
    yield new
    await new.keeper.release(5)


async def test_a_lane_is_taken_before_it_is_read_and_ready_at_once(site: Site) -> None:
    site.keeper.start()
    await site.until(lambda: site.pulse.is_ready and len(site.stream.asked) == 3)
    assert site.stream.asked == [("pause", INPUTS), ("seek", {}), ("resume", INPUTS)]


async def test_first_inputs_are_resumed_alone_until_their_ends_are_settled(site: Site) -> None:
    factor = site.kafka.append(FACTORS, 0, None, json.dumps({"person": "P", "revision": 1, "factor": 3}).encode())
    site.keeper.start()
    await site.until(lambda: ("resume", (FACTORS,)) in site.stream.asked)
    site.keeper.feed([factor])
    assert ("resume", INPUTS) not in site.stream.asked
    site.stream.positions[FACTORS] = 1
    await site.until(lambda: ("resume", INPUTS) in site.stream.asked)
    site.keeper.feed(site.amounts(0, 1))
    await site.until(lambda: site.paid() == [15])


async def test_what_comes_too_fast_is_paused_until_less_than_a_batch_waits(site: Site) -> None:
    site.keeper.start()
    await site.until(lambda: site.pulse.is_ready and len(site.stream.asked) == 3)
    site.keeper.feed(site.amounts(0, 2 * BATCH - 1))
    assert len(site.stream.asked) == 3
    site.keeper.feed(site.amounts(2 * BATCH - 1, 2 * BATCH))
    assert site.stream.asked[3:] == [("pause", INPUTS)]
    await site.until(lambda: site.stream.asked[4:] == [("resume", INPUTS)])
    await site.until(lambda: len(site.paid()) == 2 * BATCH)


async def test_a_batch_in_hand_is_told_to_the_pulse(site: Site) -> None:
    """A lane that waits for Redis in the middle of a batch is not deaf."""
    site.keeper.start()
    await site.until(lambda: site.pulse.is_ready)
    opened, load = asyncio.Event(), site.view.load

    async def slow(lane: int, at: Watermark, want: Want) -> Any:
        await opened.wait()
        return await load(lane, at, want)

    site.view.load = slow  # type: ignore[method-assign]
    site.keeper.feed(site.amounts(0, 1))
    await site.until(lambda: site.pulse.busy)
    opened.set()
    await site.until(lambda: site.paid() == [5] and not site.pulse.busy)


async def test_a_view_lost_at_rest_is_noticed_though_nothing_comes(site: Site) -> None:
    site.keeper.start()
    await site.until(lambda: site.pulse.is_ready and len(site.stream.asked) == 3)
    site.view.lose()
    await site.until(lambda: [what for what, _ in site.stream.asked].count("seek") == 2)
    await site.until(lambda: site.pulse.is_ready)


async def test_a_fenced_lane_is_taken_again_where_it_had_committed(site: Site) -> None:
    site.keeper.start()
    await site.until(lambda: site.pulse.is_ready)
    site.keeper.feed(site.amounts(0, 3))
    await site.until(lambda: len(site.paid()) == 3)
    site.kafka.init("counting-0")
    late = site.amounts(3, 4)
    site.keeper.feed(late)
    await site.until(lambda: ("seek", {AMOUNTS: 3}) in site.stream.asked)
    site.keeper.feed(late)
    await site.until(lambda: len(site.paid()) == 4)


async def test_a_fenced_lane_waits_until_the_group_knows_its_owner(site: Site) -> None:
    site.keeper.start()
    await site.until(lambda: site.pulse.is_ready)
    healthy, site.view.load = site.view.load, fenced  # type: ignore[method-assign]
    site.keeper.feed(site.amounts(0, 1))
    await site.until(lambda: site.pulse.state == "doubt")
    began, site.view.load = time.monotonic(), healthy  # type: ignore[method-assign]
    await site.until(lambda: [what for what, _ in site.stream.asked].count("seek") == 2)
    assert time.monotonic() - began > 1.9 * HEARTBEAT_S


async def fenced(lane: int, at: Watermark, want: Want) -> Loaded:
    raise Doubt("fenced") from ProducerFenced()


async def test_records_that_come_before_the_lane_is_in_hand_are_dropped(site: Site) -> None:
    site.keeper.start()
    site.keeper.feed(site.amounts(0, 1))
    await site.until(lambda: site.pulse.is_ready)
    assert site.paid() == []


async def test_a_topic_that_goes_back_is_a_doubt(site: Site) -> None:
    site.keeper.start()
    await site.until(lambda: site.pulse.is_ready)
    records = site.amounts(0, 2)
    with capture_logs() as told:
        site.keeper.feed([*records, records[0]])
        await site.until(lambda: any("went back" in line.get("why", "") for line in told))
        await site.until(lambda: site.pulse.is_ready)
    site.keeper.feed(records)
    await site.until(lambda: len(site.paid()) == 2)


async def test_a_mistake_of_ours_is_told_and_the_lane_taken_again(site: Site) -> None:
    site.keeper.start()
    await site.until(lambda: site.pulse.is_ready)
    healthy, site.service.want = site.service.want, lambda events: 1 / 0
    records = site.amounts(0, 1)
    with capture_logs() as told:
        site.keeper.feed(records)
        await site.until(lambda: site.pulse.state == "doubt")
    assert [line["event"] for line in told] == ["lane failed", "lane in doubt"]
    site.service.want = healthy
    await site.until(lambda: site.pulse.is_ready)
    site.keeper.feed(records)
    await site.until(lambda: len(site.paid()) == 1)


async def test_each_doubt_counts_by_its_kind_and_the_lane_is_away_meanwhile(site: Site) -> None:
    class Counted(NoMetrics):
        kinds: ClassVar[list[str]] = []

        def doubted(self, kind: str) -> None:
            assert site.pulse.away_since_s is not None
            self.kinds.append(kind)

    site.lane.metrics = Counted()
    site.keeper.start()
    await site.until(lambda: site.pulse.is_ready)
    assert site.pulse.away_since_s is None
    site.service.want, healthy = lambda events: 1 / 0, site.service.want
    records = site.amounts(0, 2)
    site.keeper.feed(records)
    await site.until(lambda: site.pulse.state == "doubt")
    site.service.want = healthy
    await site.until(lambda: site.pulse.is_ready)
    site.keeper.feed([*records, records[0]])
    await site.until(lambda: Counted.kinds == ["mistake", "rewound"])


async def test_the_same_doubt_is_told_once_and_retried_until_it_is_gone(site: Site) -> None:
    site.stream.assigned = False
    with capture_logs() as told:
        site.keeper.start()
        await asyncio.sleep(0.35)
        assert [line["event"] for line in told] == ["lane in doubt"]
        site.stream.assigned = True
        await site.until(lambda: site.pulse.is_ready)
    assert (site.pulse.doubt, site.stops) == ("", [])


async def test_lost_records_stop_the_lane_and_are_told(site: Site) -> None:
    site.kafka.reset("counting", TopicPartition(AMOUNTS, 0), 9)
    site.keeper.start()
    await site.until(lambda: bool(site.stops))
    assert "Kafka has lost records" in str(site.stops[0])
    await site.until(lambda: site.keeper.is_dead)
    assert site.pulse.state == "stopped"


class Held:
    """The view as it is, but nothing is written before `go`; `begun` tells that a batch has come so far."""

    def __init__(self, site: Site) -> None:
        self.begun, self.go = asyncio.Event(), asyncio.Event()
        self._apply, site.view.apply = site.view.apply, self.apply  # type: ignore[method-assign]

    async def apply(self, lane: int, at: Watermark | None, to: Watermark, writes: Writes, healed_in: str | None = None) -> bool:
        self.begun.set()
        await self.go.wait()
        return await self._apply(lane, at, to, writes, healed_in)


async def test_a_batch_in_hand_is_finished_before_the_lane_is_let_go(site: Site) -> None:
    site.keeper.start()
    await site.until(lambda: site.pulse.is_ready)
    held = Held(site)
    site.keeper.feed(site.amounts(0, 3 * BATCH))
    await held.begun.wait()
    release = asyncio.create_task(site.keeper.release(60))
    for _ in range(20):  # turns of the loop, in which whoever gave up at once would have done so
        await asyncio.sleep(0)
    assert not release.done()
    held.go.set()
    await release
    assert len(site.paid()) == BATCH, "the batch in hand, and none begun after"
    written = (await site.view.peek(0, Want({document_of("P"): None}))).documents[document_of("P")]
    assert len([name for name in written if name.startswith("claim:")]) == BATCH
    assert (site.pulse.state, site.keeper.is_dead) == ("released", False)


async def test_a_batch_in_hand_that_is_not_done_in_time_is_given_up(site: Site) -> None:
    site.keeper.start()
    await site.until(lambda: site.pulse.is_ready)
    held = Held(site)
    site.keeper.feed(site.amounts(0, BATCH))
    await held.begun.wait()
    with capture_logs() as told:
        await site.keeper.release(0.01)
    assert [line["event"] for line in told] == ["batch in hand given up"]
    assert site.pulse.state == "released"


async def test_what_a_batch_left_comes_first_in_the_next_and_timelines_before_it(site: Site) -> None:
    site.keeper.start()
    await site.until(lambda: site.pulse.is_ready)
    batches: list[list[tuple[str, int]]] = []
    settle = site.lane.batch

    async def first_only(records: Sequence[Record]) -> list[Record]:
        batches.append([(record.topic, record.offset) for record in records])
        assert await settle(records[:1]) == []
        if len(batches) == 1:
            site.keeper.feed([site.kafka.append(FACTORS, 0, None, json.dumps({"person": "P", "revision": 1, "factor": 3}).encode())])
        return list(records[1:])

    site.lane.batch = first_only  # type: ignore[method-assign]
    site.keeper.feed(site.amounts(0, 3))
    await site.until(lambda: len(site.paid()) == 4)
    assert batches == [
        [(AMOUNTS, 0), (AMOUNTS, 1)], [(FACTORS, 0)], [(AMOUNTS, 1), (AMOUNTS, 2)], [(AMOUNTS, 2)],
    ]  # fmt: skip


async def test_a_batch_in_doubt_comes_again_half_as_large(site: Site) -> None:
    site.keeper.start()
    await site.until(lambda: site.pulse.is_ready)
    sizes: list[int] = []
    settle = site.lane.batch

    async def too_large(records: Sequence[Record]) -> list[Record]:
        sizes.append(len(records))
        if len(records) > BATCH // 2:
            raise Doubt("too much at once")
        return await settle(records)

    site.lane.batch = too_large  # type: ignore[method-assign]
    records = site.amounts(0, BATCH)
    site.keeper.feed(records)
    await site.until(lambda: site.pulse.state == "doubt")
    await site.until(lambda: site.pulse.is_ready)
    site.keeper.feed(records)
    await site.until(lambda: len(site.paid()) == BATCH)
    assert sizes == [BATCH, BATCH // 2, BATCH // 2]


class Restless(Keeper):
    """Rests without waiting: time passes at once. Notes how long, and what was asked of the stream last."""

    rests: list[tuple[float, Any]]

    async def _wait(self, seconds: float) -> None:
        if self._pulse.state == "doubt":
            self.rests.append((round(seconds, 3), self._flow.asked[-1]))  # type: ignore[attr-defined]
            await self._clock.sleep(seconds)
        await asyncio.sleep(0)


async def test_a_lane_in_doubt_pauses_and_rests_longer_each_time(site: Site) -> None:
    """Whatever came meanwhile would be dropped; a server that is away is not to be asked without a rest."""
    clock, settings = InstantClock(), Settings(batch_records_max=BATCH)
    lane = Lane(site.service, 0, MemoryBroker(site.kafka, "counting", 1), PulsingView(site.view, site.pulse), clock, NoMetrics())
    keeper = Restless(lane, site.stream, site.pulse, settings, clock, Complaints(clock), site.stops.append)
    keeper.rests = []
    healthy, site.view.load = site.view.load, away  # type: ignore[method-assign]
    keeper.start()
    await site.until(lambda: len(keeper.rests) >= 8)
    site.view.load = healthy  # type: ignore[method-assign]
    await keeper.release(5)
    assert [rest_s for rest_s, _ in keeper.rests[:8]] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert [last for _, last in keeper.rests[:8]] == [("pause", INPUTS)] * 8


async def away(lane: int, at: Watermark, want: Want) -> Loaded:
    raise Doubt("away")


async def test_a_lane_whose_unread_records_are_deleted_stops_instead_of_leaping_over_them(site: Site) -> None:
    site.keeper.start()
    await site.until(lambda: site.pulse.is_ready)
    read, lost, rest = site.amounts(0, 3)
    site.keeper.feed([read])
    await site.until(lambda: site.paid() == [5])
    site.kafka.truncate(AMOUNTS, 0, before=lost.offset + 1)
    site.keeper.feed([rest])
    await site.until(lambda: bool(site.stops))
    assert f"{AMOUNTS}[0] begins at 2, read was up to 1" in str(site.stops[0])
    assert site.paid() == [5]


async def test_a_lane_at_rest_notices_that_unread_records_were_deleted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "LOOK_S", 0.0)
    monkeypatch.setattr(keeper, "IDLE_S", 0.01)
    site.keeper.start()
    await site.until(lambda: site.pulse.is_ready)
    site.amounts(0, 2)
    site.kafka.truncate(AMOUNTS, 0, before=2)
    await site.until(lambda: bool(site.stops))
    assert "begins at 2" in str(site.stops[0])
