"""A lane on its own, with its surroundings at hand: what it reads, its view, its clock, what it tells."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from services.runtime.clock import InstantClock
from services.runtime.lanes import GATE_POLL_S, Lane
from services.runtime.memory import MemoryBroker, MemoryKafka
from services.runtime.memory_view import MemoryView
from services.runtime.metrics import Committed, NoMetrics
from services.runtime.records import Record
from tests.unit.runtime.counting import AMOUNTS, FACTORS, PAID, Counting, Event
from tests.unit.runtime.stepped import Happening, SteppedBroker, SteppedView

LANES = 2
ANN, CID, BOB = "Ann", "Cid", "Bob"
"""The first two at home in lane 0, the third in lane 1."""


class Figures(NoMetrics):
    """Notes what a lane tells."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def taken(self, healed: int) -> None:
        self.told.append("taken")

    def alive(self) -> None:
        self.told.append("alive")

    def committed(self, batch: Committed) -> None:
        self.told += (output.told for output in batch.outputs if output.told)
        self.told.append((len(batch.records), len(batch.outputs)))


class Waits(InstantClock):
    """Notes how long it was slept; `meanwhile` happens at the first wait at the gate."""

    def __init__(self, meanwhile: Callable[[], Awaitable[Any]] | None = None) -> None:
        super().__init__()
        self.slept_s: list[float] = []
        self._meanwhile = meanwhile

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        if seconds == GATE_POLL_S and self._meanwhile is not None:
            await self._meanwhile()
        await super().sleep(seconds)


class Either:
    """The port `View` of several stores, of which one answers at a time."""

    def __init__(self, primary: MemoryView) -> None:
        self.primary = primary

    def __getattr__(self, name: str) -> Any:
        return getattr(self.primary, name)


class Bench:
    """Lanes of the counting service, both taken, with their surroundings."""

    def __init__(self) -> None:
        self.kafka = MemoryKafka()
        self.view: Any = MemoryView(LANES)
        self.figures = Figures()

    def lane(self, partition: int, clock: InstantClock | None = None) -> Lane[Event]:
        broker = MemoryBroker(self.kafka, Counting.name, LANES)
        return Lane(Counting(), partition, broker, self.view, clock or InstantClock(), self.figures)

    def disturbed(self, happens: Happening) -> Lane[Event]:
        """Lane 0, with something happening at each of its steps."""
        broker = SteppedBroker(self.kafka, Counting.name, LANES, happens)
        return Lane(Counting(), 0, broker, SteppedView(self.view, happens), InstantClock(), self.figures)

    async def taken(self, clock: InstantClock | None = None) -> Lane[Event]:
        """Lane 0, and lane 1 healed."""
        await self.lane(1).take()
        lane = self.lane(0, clock)
        await lane.take()
        return lane

    def amount(self, person: str, key: str, amount: int) -> Record:
        return self.kafka.append(AMOUNTS, 0, None, orjson.dumps({"person": person, "key": key, "amount": amount}))

    def factor(self, person: str, revision: int, factor: int) -> Record:
        return self.kafka.append(FACTORS, 0, None, orjson.dumps({"person": person, "revision": revision, "factor": factor}))

    def paid(self) -> list[tuple[str, int]]:
        """The ledger: key and paid."""
        found = [orjson.loads(record.value or b"") for record in self.kafka.records(PAID)]
        return [(paid["key"], paid["paid"]) for paid in found]

    def letters(self) -> list[dict[str, Any]]:
        return [orjson.loads(record.value or b"")["data"] for record in self.kafka.records(f"{AMOUNTS}.dlq")]
