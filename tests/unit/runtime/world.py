"""Lanes of the counting service over the memory adapters; at every step of a lane something may happen.

A `World` publishes the same records each time and lets its lanes take turns, a small batch each, until nothing is left to read. A lane in
doubt is taken again while the others go on; one before the shut gate tries again later. `faults` say what happens at which step.
"""

import random
from collections.abc import Awaitable, Callable
from itertools import cycle

import orjson

from services.runtime.clock import InstantClock
from services.runtime.errors import Doubt
from services.runtime.lanes import GATE_POLL_S, Lane
from services.runtime.memory import MemoryBroker, MemoryKafka
from services.runtime.memory_view import MemoryView, Snapshot
from services.runtime.metrics import NoMetrics
from services.runtime.ports import Broker, View
from services.runtime.records import Record, TopicPartition
from tests.unit.runtime.counting import AMOUNTS, Counting, Event
from tests.unit.runtime.feed import LANES, Letter, publish
from tests.unit.runtime.stepped import Happening, SteppedBroker, SteppedView

RECORDS_MAX = 3
TURNS_MAX = 3_000

Fault = Callable[["World"], Awaitable[None]]


class Crash(BaseException):
    """The owner's process is gone."""


class GateShut(Exception):
    """A lane would wait for the others, which do not run meanwhile."""


class ImpatientClock(InstantClock):
    """Does not wait at the gate."""

    async def sleep(self, seconds: float) -> None:
        if seconds >= GATE_POLL_S:
            raise GateShut
        await super().sleep(seconds)


class Owner:
    """A lane and where it reads on. Without `happens` nothing disturbs it."""

    def __init__(self, kafka: MemoryKafka, view: MemoryView, partition: int, happens: Happening | None = None) -> None:
        self._kafka = kafka
        self._partition = partition
        broker: Broker = SteppedBroker(kafka, Counting.name, LANES, happens) if happens else MemoryBroker(kafka, Counting.name, LANES)
        seen: View = SteppedView(view, happens) if happens else view
        self.lane: Lane[Event] = Lane(Counting(), partition, broker, seen, ImpatientClock(), NoMetrics())
        self._positions: dict[str, int] | None = None

    async def take(self) -> None:
        self._positions = None
        self._positions = dict((await self.lane.take()).positions)

    async def turn(self) -> bool:
        """Take the lane, or settle its next batch; False when nothing is left, which it found looking at its view."""
        if self._positions is None:
            await self.take()
            return True
        records: list[Record] = []
        reached = {}
        for topic in Counting.inputs:
            chunk = self._kafka.fetch(TopicPartition(topic, self._partition), self._positions[topic], records_max=RECORDS_MAX)
            records += chunk.records
            reached[topic] = chunk.next_offset
        found = bool(records)
        if not found:
            await self.lane.idle()
        while records:
            records = await self.lane.batch(records)
        self._positions = reached
        return found

    def doubt(self) -> None:
        """Take the lane again at the next turn."""
        self._positions = None


class World:
    """Two lanes, what lies before them, and what they make of it."""

    def __init__(self, faults: dict[int, Fault] | None = None, chance: random.Random | None = None) -> None:
        self.kafka = MemoryKafka()
        self.feed = publish(self.kafka)
        self.view = MemoryView(LANES)
        self.steps: list[str] = []
        self.history: list[Snapshot] = []
        self._faults = faults or {}
        self._turns = iter(lambda: chance.randrange(LANES), -1) if chance else cycle(range(LANES))
        self.restart()

    async def run(self) -> None:
        """Let the lanes take turns, by chance or in their order, until all of them have come to rest without another fault."""
        resting: set[int] = set()
        for _ in range(TURNS_MAX):
            lane = next(self._turns)
            known = len(self._faults)
            if await self._turn(lane) or known != len(self._faults):
                resting.clear()
            else:
                resting.add(lane)
            if len(resting) == LANES:
                return
        raise AssertionError("the lanes never came to rest")

    def restart(self) -> None:
        """All processes are gone, and new ones there."""
        self._owners = [self._owner(lane) for lane in range(LANES)]

    def refused(self) -> list[Letter]:
        """The dead letters."""
        letters = [orjson.loads(record.value or b"")["data"] for record in self.kafka.records(f"{AMOUNTS}.dlq")]
        return [(letter["topic"], letter["partition"], letter["offset"], letter["reason"]) for letter in letters]

    def _owner(self, lane: int) -> Owner:
        return Owner(self.kafka, self.view, lane, self._happens)

    async def _turn(self, lane: int) -> bool:
        try:
            return await self._owners[lane].turn()
        except Doubt:
            self._owners[lane].doubt()
        except Crash:
            self._owners[lane] = self._owner(lane)
        except GateShut:
            pass  # the same records come again
        return True

    async def _happens(self, step: str) -> None:
        fault = self._faults.pop(len(self.steps), None)
        self.steps.append(step)
        self.history.append(self.view.snapshot())
        if fault is not None:
            await fault(self)


async def healed_from_nothing(kafka: MemoryKafka) -> MemoryView:
    """The view as the topics alone give it."""
    view = MemoryView(LANES)
    for lane in range(LANES):
        await Owner(kafka, view, lane).take()
    return view
