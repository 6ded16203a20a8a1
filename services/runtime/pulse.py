"""What a lane is doing, as health shows it, and the view and broker through which each of its steps is noticed.

In everything that a lane does it asks one of them: each batch, each step of a heal, each second of rest, each look at the gate. All their
answers have deadlines; so a lane that has none for long is frozen, whatever it hangs on.
"""

from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

from services.runtime.clock import Clock
from services.runtime.ports import Broker, Closed, Loaded, Moved, View, Writer
from services.runtime.records import Chunk, Offsets, TopicPartition, Want, Watermark, Writes

State = Literal["taking", "running", "doubt", "released", "stopped"]
Doing = Literal[State, "waiting", "deaf", "frozen"]

DEAF_S = 5.0
"""A lane at rest whose fetches got no answer for so long is not ready: Kafka holds one back for a twentieth of a second at most."""

FROZEN_S = 30.0
"""A lane that did nothing for so long is frozen, unless its calls may take longer: no step has three of them."""


@dataclass(slots=True)
class Pulse:
    """One lane's.

    Attributes:
        deadline_s: Of each call.
        waiting: The gate is shut: other lanes are not healed yet.
        doubt: Why it was last in doubt, while it has not been taken again.
        beat_at_s: When it last did something, on the clock.
        heard_at_s: When Kafka last answered a fetch or a commit of it.
        busy: A batch is in hand, which waits for Redis or other lanes as long as it must.
        away_since_s: Since when it settles nothing: it is being taken, or in doubt; None while it runs.
        shut_since_s: Since when each look has found the gate shut; None while it is open.
    """

    clock: Clock
    deadline_s: float = 0.0
    state: State = "taking"
    waiting: bool = True
    doubt: str = ""
    beat_at_s: float = 0.0
    heard_at_s: float = 0.0
    polled_ms: int = -1
    busy: bool = False
    away_since_s: float | None = None
    shut_since_s: float | None = None

    def enter(self, state: State, doubt: str = "") -> None:
        """The lane begins to do something else."""
        self.state, self.doubt = state, doubt
        self.away_since_s = None if state == "running" else self._since(self.away_since_s)

    def gate(self, *, is_open: bool) -> None:
        """The lane looked at the gate."""
        self.waiting = not is_open
        self.shut_since_s = None if is_open else self._since(self.shut_since_s)

    def beat(self) -> None:
        """The lane did something."""
        self.beat_at_s = self.clock.monotonic()

    def heard(self, polled_ms: int) -> None:
        """Kafka last answered a fetch at `polled_ms`, by its own clock: only that it is another time than before counts."""
        if polled_ms != self.polled_ms:
            self.polled_ms, self.heard_at_s = polled_ms, self.clock.monotonic()

    @property
    def is_deaf(self) -> bool:
        """Whether Kafka is away, as far as a lane at rest can tell."""
        return self.state == "running" and not self.busy and self.clock.monotonic() - self.heard_at_s > DEAF_S

    @property
    def is_ready(self) -> bool:
        """Whether the lane settles what comes."""
        return self.state == "running" and not self.waiting and not self.is_deaf

    @property
    def is_frozen(self) -> bool:
        """Whether the lane should do something and does not."""
        silent_s = self.clock.monotonic() - self.beat_at_s
        return self.state in {"taking", "running", "doubt"} and silent_s > max(FROZEN_S, 3 * self.deadline_s)

    @property
    def doing(self) -> Doing:
        """The one word for it that an operator needs first."""
        if self.is_frozen:
            return "frozen"
        if self.state != "running":
            return self.state
        return "waiting" if self.waiting else "deaf" if self.is_deaf else "running"

    def _since(self, before: float | None) -> float:
        return self.clock.monotonic() if before is None else before


class PulsingView:
    """The port `View` over another one; each answer is a beat."""

    def __init__(self, view: View, pulse: Pulse) -> None:
        self._view = view
        self._pulse = pulse

    async def run(self) -> str:
        """As the port has it."""
        run = await self._view.run()
        self._pulse.beat()
        return run

    async def load(self, lane: int, at: Watermark, want: Want) -> Loaded | Closed | Moved:
        """As the port has it; what it answers tells whether the gate is open."""
        found = await self._view.load(lane, at, want)
        self._pulse.beat()
        self._pulse.gate(is_open=isinstance(found, Loaded))
        return found

    async def peek(self, lane: int, want: Want) -> Loaded:
        """As the port has it."""
        found = await self._view.peek(lane, want)
        self._pulse.beat()
        return found

    async def apply(self, lane: int, at: Watermark | None, to: Watermark, writes: Writes, healed_in: str | None = None) -> bool:
        """As the port has it."""
        done = await self._view.apply(lane, at, to, writes, healed_in)
        self._pulse.beat()
        return done

    async def empty(self) -> None:
        """As the port has it."""
        await self._view.empty()
        self._pulse.beat()


class PulsingBroker:
    """The port `Broker` over another one; each answer is a beat. A writer's commit, which view calls come before and after, is none."""

    def __init__(self, broker: Broker, pulse: Pulse) -> None:
        self._broker = broker
        self._pulse = pulse
        self.partitions = broker.partitions

    async def fence(self, lane: int) -> Writer:
        """As the port has it."""
        writer = await self._broker.fence(lane)
        self._pulse.beat()
        return writer

    async def committed(self, partitions: Collection[TopicPartition]) -> Offsets:
        """As the port has it."""
        offsets = await self._broker.committed(partitions)
        self._pulse.beat()
        return offsets

    async def beginnings(self, partitions: Collection[TopicPartition]) -> Offsets:
        """As the port has it."""
        offsets = await self._broker.beginnings(partitions)
        self._pulse.beat()
        return offsets

    async def ends(self, partitions: Collection[TopicPartition]) -> Offsets:
        """As the port has it."""
        offsets = await self._broker.ends(partitions)
        self._pulse.beat()
        return offsets

    async def log_ends(self, partitions: Collection[TopicPartition]) -> Offsets:
        """As the port has it."""
        offsets = await self._broker.log_ends(partitions)
        self._pulse.beat()
        return offsets

    async def read(self, partition: TopicPartition, start: int, stop: int) -> AsyncGenerator[Chunk, None]:
        """As the port has it."""
        async with aclosing(self._broker.read(partition, start, stop)) as chunks:
            async for chunk in chunks:
                self._pulse.beat()
                yield chunk
