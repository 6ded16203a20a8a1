"""What a lane is doing, as health shows it, and the view through which every step of a lane is noticed.

A lane asks its view in everything it does: each batch, each step of a heal, each second of rest, each look at the gate. So a lane that asks
nothing for long is frozen, whatever it hangs on.
"""

from dataclasses import dataclass
from typing import Literal

from services.runtime.clock import Clock
from services.runtime.ports import Closed, Loaded, Moved, View
from services.runtime.records import Want, Watermark, Writes

State = Literal["taking", "running", "doubt", "released", "stopped"]

FROZEN_S = 30.0
"""A lane that did nothing for so long is frozen: every call that it makes has a shorter deadline."""


@dataclass(slots=True)
class Pulse:
    """One lane's.

    Attributes:
        waiting: The gate is shut: other lanes are not healed yet.
        doubt: Why it was last in doubt, while it has not been taken again.
        beat_at_s: When it last did something, on the clock.
    """

    clock: Clock
    state: State = "taking"
    waiting: bool = True
    doubt: str = ""
    beat_at_s: float = 0.0

    def beat(self) -> None:
        """The lane did something."""
        self.beat_at_s = self.clock.monotonic()

    @property
    def is_ready(self) -> bool:
        """Whether the lane settles what comes."""
        return self.state == "running" and not self.waiting

    @property
    def is_frozen(self) -> bool:
        """Whether the lane should do something and does not."""
        return self.state in {"taking", "running", "doubt"} and self.clock.monotonic() - self.beat_at_s > FROZEN_S


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
        self._pulse.waiting = not isinstance(found, Loaded)
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
