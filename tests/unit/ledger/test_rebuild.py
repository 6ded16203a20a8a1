"""A view emptied and healed again over the memory adapters, with workers in the way and stores that are lost meanwhile."""

from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest

from services.embedded.replay import PARTITIONS
from services.ledger import rebuild as module
from services.ledger.rebuild import TRIES_MAX, Watched, rebuild
from services.runtime.clock import InstantClock
from services.runtime.errors import Doubt
from services.runtime.lanes import Lane
from services.runtime.memory import MemoryBroker
from services.runtime.memory_view import MemoryView
from services.runtime.metrics import NoMetrics
from services.runtime.records import Watermark, Writes
from services.settlement.app import SettlementService
from tests.unit.ledger.test_held import LATER, LINES, POLICIES, Work

Before = Callable[[int], Awaitable[bool]]
"""What happens before the nth `apply`; False where it is then to fail."""


class Emptied(Watched):
    """The view of `work`, which can be emptied; `before` each of its steps something may happen."""

    def __init__(self, view: MemoryView, before: Before) -> None:
        super().__init__(view, lambda _: None)
        self._memory = view
        self._before = before
        self.steps = 0

    async def forget(self) -> AsyncGenerator[int, None]:
        self._memory.lose()
        yield 1

    async def apply(self, lane: int, at: Watermark | None, to: Watermark, writes: Writes, healed_in: str | None = None) -> bool:
        self.steps += 1
        return await self._before(self.steps) and await super().apply(lane, at, to, writes, healed_in)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE_S", 0.0)


@pytest.fixture
async def work() -> Work:
    """Settled and at rest."""
    work = Work()
    await work.embedded.start()
    await work.settle(*LINES)
    return work


def broker_of(work: Work) -> MemoryBroker:
    return MemoryBroker(work.embedded.kafka, "settlement", PARTITIONS)


async def rebuilt(work: Work, before: Before) -> tuple[int, int]:
    """Rebuild; how many steps it took, and how many offsets were healed."""
    healed = 0

    def step(offsets: int) -> None:
        nonlocal healed
        healed += offsets

    view = Emptied(work.view, before)
    await rebuild(SettlementService(POLICIES), broker_of(work), view, lambda _: None, step)
    return view.steps, healed


async def nothing(_step: int) -> bool:
    return True


async def test_a_rebuilt_view_is_what_it_was_and_work_goes_on(work: Work) -> None:
    before = work.view.snapshot()
    work.tamper(lambda documents, holders: (documents.clear(), holders.update({"H1/2": "x"})))
    steps, healed = await rebuilt(work, nothing)
    after = work.view.snapshot()
    assert (after.documents, after.holders) == (before.documents, before.holders)
    assert steps == PARTITIONS
    assert healed == sum(sum(watermark.values()) for watermark in after.watermarks.values()) > 0
    await work.settle(*LATER)
    assert await work.verify() == []


async def test_a_worker_that_takes_a_lane_in_the_same_moment_is_no_trouble(work: Work) -> None:
    """Its heal moves the watermark under ours; taken again, the lane is found healed."""

    async def in_the_way(step: int) -> bool:
        if step == 1:
            worker = Lane(SettlementService(POLICIES), 0, broker_of(work), work.view, InstantClock(), NoMetrics())
            await worker.take()
        return True

    steps, _ = await rebuilt(work, in_the_way)
    assert steps == PARTITIONS + 1
    assert await work.verify() == []


async def test_a_view_lost_on_the_way_is_healed_once_more(work: Work) -> None:
    """All lanes are, until the gate is open."""

    async def lost(step: int) -> bool:
        if step == 3:
            work.view.lose()
        return True

    steps, _ = await rebuilt(work, lost)
    assert steps == (PARTITIONS + 1) + PARTITIONS  # one in vain; then all again, for the first two were lost
    assert await work.verify() == []


async def test_a_view_that_is_lost_again_and_again_is_told(work: Work) -> None:
    async def lost(_step: int) -> bool:
        work.view.lose()
        return True

    with pytest.raises(Doubt):
        await rebuilt(work, lost)


async def test_a_lane_that_comes_no_further_is_given_up(work: Work) -> None:
    async def refused(_step: int) -> bool:
        return False

    view = Emptied(work.view, refused)
    with pytest.raises(Doubt, match="moved or lost"):
        await rebuild(SettlementService(POLICIES), broker_of(work), view, lambda _: None, lambda _: None)
    assert view.steps == TRIES_MAX
