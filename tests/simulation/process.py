"""A process of a service, as the world sees it: what it asks, when it is frozen, and that it never does anything once it is dead.

Every call of its lanes goes through `call`: before it takes effect, and before its answer is there, time passes and anything may happen.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from services.runtime.errors import Doubt

if TYPE_CHECKING:
    from tests.simulation.world import World

T = TypeVar("T")


class Process:
    """A process, by its name. `service` says whose lanes it may hold."""

    def __init__(self, world: "World", service: str, number: int) -> None:
        self.service = service
        self.name = f"{service}-{number}"
        self.is_dead = False
        self.frozen_at = ""
        self.frozen_at_s = 0.0
        self._world = world
        self._runs = asyncio.Event()
        self._runs.set()

    @property
    def is_frozen(self) -> bool:
        return not self._runs.is_set() and not self.is_dead

    def die(self) -> None:
        """kill -9: its tasks stand still for ever, nothing of it is cleaned up."""
        self.is_dead = True
        self._runs.clear()
        self._world.tell(f"{self.name} is killed")

    def freeze(self, point: str) -> None:
        """SIGSTOP, at a point."""
        self.frozen_at, self.frozen_at_s = point, self._world.loop.time()
        self._runs.clear()
        self._world.tell(f"{self.name} is frozen")

    def thaw(self) -> None:
        """SIGCONT: it goes on as if nothing had happened."""
        if self.is_frozen:
            self._runs.set()
            self._world.tell(f"{self.name} goes on")

    def dissolve(self) -> None:
        """The simulation is over: let the tasks end."""
        self._runs.set()

    async def call(self, lane: int, name: str, effect: Callable[[], T]) -> T:
        """Ask a server: `effect` is what the question does there, at once and whole.

        Raises:
            Doubt: Before the effect, after it, or with the effect still to come.
        """
        await self.point(lane, f"{name}?", effect)
        answer = effect()
        self._world.look()
        await self.point(lane, f"{name}!")
        return answer

    async def point(self, lane: int, name: str, effect: Callable[[], object] | None = None) -> None:
        """A point at which anything may happen; some time passes. Raises: Doubt."""
        if self._world.is_over:
            return
        doubt: Doubt | None = None
        try:
            wait_s = self._world.faults.strike(self, lane, name, effect)
        except Doubt as lost:
            wait_s, doubt = self._world.faults.deadline_s, lost
        try:
            await asyncio.sleep(wait_s)
        finally:
            while not self._runs.is_set():
                await self._runs.wait()
        if doubt is not None:
            raise doubt
