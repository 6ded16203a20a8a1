"""A service's view in Redis emptied and healed from Kafka, lane by lane, by the lanes' own way of being taken.

In: a service, Kafka, the view to forget. Out: the view as Kafka has it, the gate open. Promise: nothing is settled twice or lost while it runs: workers doubt,
wait, and go on by themselves. Broken off while it empties, it must be repeated; broken off later, the workers heal what is left.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any, Protocol

from services.runtime.clock import SystemClock
from services.runtime.errors import Doubt
from services.runtime.lanes import Lane
from services.runtime.metrics import NoMetrics
from services.runtime.ports import Broker, Closed, Loaded, Moved, View
from services.runtime.records import Want, Watermark, Writes
from services.runtime.service import AnyService

TRIES_MAX, PAUSE_S = 8, 0.5
"""How many times a lane is taken that does not come any further, and seconds between: a worker that takes it at the same moment is in the way."""

ROUNDS_MAX = 3
"""How many times all lanes are taken: Redis may have been restarted meanwhile."""


class Forgetful(View, Protocol):
    """A view that can be emptied."""

    def forget(self) -> AsyncGenerator[int, None]:
        """Drop everything; yields how many keys so far."""
        ...


class Watched:
    """The port `View`, which tells how many offsets each step of a heal brings."""

    def __init__(self, view: View, step: Callable[[int], None]) -> None:
        self._view = view
        self._step = step

    async def run(self) -> str:
        """As the port has it."""
        return await self._view.run()

    async def load(self, lane: int, at: Watermark, want: Want) -> Loaded | Closed | Moved:
        """As the port has it."""
        return await self._view.load(lane, at, want)

    async def peek(self, lane: int, want: Want) -> Loaded:
        """As the port has it."""
        return await self._view.peek(lane, want)

    async def apply(self, lane: int, at: Watermark | None, to: Watermark, writes: Writes, healed_in: str | None = None) -> bool:
        """As the port has it."""
        is_done = await self._view.apply(lane, at, to, writes, healed_in)
        if is_done:
            self._step(sum(to.values()) - sum((at or {}).values()))
        return is_done


async def rebuild(
    service: AnyService, broker: Broker, view: Forgetful, dropped: Callable[[int], None], step: Callable[[int], None]
) -> None:
    """Empty the view and heal it.

    Args:
        service: Whose view it is.
        broker: The service's.
        view: For as many lanes as the broker has partitions.
        dropped: Told how many keys were dropped so far.
        step: Told how many offsets were healed just now.

    Raises:
        Doubt: Kafka or Redis is away; to be repeated.
        Stop: Kafka has lost records.
    """
    async for keys in view.forget():
        dropped(keys)
    watched = Watched(view, step)
    lanes = [Lane(service, number, broker, watched, SystemClock(), NoMetrics()) for number in range(broker.partitions)]
    try:
        for _ in range(ROUNDS_MAX):
            for lane in lanes:
                await _take(lane, view)
            if not isinstance(await view.load(0, {}, Want()), Closed):  # an open gate says that all are healed in this run
                return
    finally:
        for lane in lanes:
            await lane.release()
    raise Doubt("redis: the view was lost again while it was rebuilt")


async def _take(lane: Lane[Any], view: View) -> None:
    """Take a lane, again and again as long as it comes further.

    Raises:
        Doubt: It does not.
    """
    tries, at = 0, None
    while True:
        try:
            await lane.take()
            return
        except Doubt:
            now = (await view.peek(lane.partition, Want())).watermark
            tries, at = (tries + 1 if now == at else 1), now
            if tries == TRIES_MAX:
                raise
            await asyncio.sleep(PAUSE_S)
