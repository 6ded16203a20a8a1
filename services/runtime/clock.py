"""Time as a port. Dates of the domain come from events, never from here; this clock is for waiting, deadlines and metrics."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Monotonic seconds and waiting."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary start."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds`."""
        ...


class SystemClock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        """Seconds since the machine started."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` on the event loop."""
        await asyncio.sleep(seconds)


class InstantClock:
    """For the embedded default: waiting takes no time and gives nobody else a turn; time stands still between waits."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def monotonic(self) -> float:
        """Seconds slept so far."""
        return self._now_s

    async def sleep(self, seconds: float) -> None:
        """Move the clock on."""
        self._now_s += seconds
