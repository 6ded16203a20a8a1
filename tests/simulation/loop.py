"""An event loop without a world outside: time goes on only when nothing is ready, and then at once to the next timer.

So the real keepers, with their tasks, timeouts and events, run in milliseconds, and one seed decides their whole schedule.
"""

import asyncio
from typing import Any


class NothingLeft(Exception):
    """Everybody waits, and no timer is set: the simulation would stand still for ever."""


class SimulatedLoop(asyncio.BaseEventLoop):
    """Virtual seconds from 0. No sockets, no threads, no signals."""

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 0.0
        self._selector = self
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._now_s

    def select(self, timeout: float | None) -> list[Any]:
        """What the base class asks when it has nothing to do for `timeout` seconds."""
        if timeout is None:
            raise NothingLeft
        self._now_s += timeout
        return []

    def _process_events(self, events: list[Any]) -> None:
        """There are none."""


class LoopClock:
    """The port `Clock` in virtual time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def monotonic(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
