"""What may happen at a point: each kind of fault, and how often a seed lets it strike."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from services.runtime.errors import Doubt
from services.runtime.memory_view import Snapshot
from tests.simulation.options import VIEW_FAULTS

if TYPE_CHECKING:
    from tests.simulation.process import Process
    from tests.simulation.world import World

Effect = Callable[[], object]

HURTING = ("crash", "freeze", "take_over")
"""What may follow upon harm to a view."""


class At(NamedTuple):
    """Where a process is struck."""

    lane: int
    point: str


class Faults:
    """Strikes while `active`; afterwards calls only take their time.

    Attributes:
        struck: How often each kind did.
        pending: Effects of calls given up by their callers, still to come.
        zombies_at_their_mark: How often a view was emptied when somebody was frozen in the last step of a heal, and another one had the lane.
    """

    deadline_s = 0.5
    """After which a caller doubts."""

    def __init__(self, world: "World") -> None:
        self.active = True
        self.struck: dict[str, int] = {}
        self.pending = 0
        self.zombies_at_their_mark = 0
        self._follows = False
        self._world = world
        self._left = world.options.faults_max
        self._kinds = [kind for kind, weight in world.options.weights.items() for _ in range(weight)]

    def strike(self, process: "Process", lane: int, point: str, effect: Effect | None) -> float:
        """Perhaps do harm at a point; how long the call takes there, seconds. Raises: Doubt."""
        world, rng = self._world, self._world.rng
        options = world.options
        wait_s = rng.random() * options.latency_ms_max / 1000
        if self.active and self._left:
            rate = options.aimed_rate if point[:-1] == options.aim else options.rate
            if rng.random() * 1000 < rate:
                self._left -= 1
                kind = rng.choice(self._kinds)
                world.tell(f"{process.name}/{lane} {point} {kind}")
                self.struck[kind] = self.struck.get(kind, 0) + 1
                return wait_s + (getattr(self, f"_{kind}")(process, At(lane, point), effect) or 0)
        world.tell(f"{process.name}/{lane} {point}")
        return wait_s

    def _crash(self, process: "Process", at: At, effect: Effect | None) -> None:
        """What it has asked last may be on its way still, on a slow broker until others have begun in its place."""
        world = self._world
        process.die()
        if world.rng.random() < 0.5:
            self._send(effect, world.options.session_s + 8 * world.options.latency_ms_max / 1000)
        world.groups[process.service].miss(process)
        self._follow(process.service, VIEW_FAULTS)

    def _freeze(self, process: "Process", at: At, effect: Effect | None) -> None:
        """Shorter than a session, or so long that others have gone on for a while."""
        world = self._world
        process.freeze(at.point)
        world.loop.call_later(world.options.session_s * world.rng.choice((0.5, 1.5, 2, 4)) + world.rng.random(), process.thaw)
        world.groups[process.service].miss(process)
        self._follow(process.service, VIEW_FAULTS)

    def _delay(self, process: "Process", at: At, effect: Effect | None) -> float:
        """The process goes on; this call takes its time."""
        self._follow(process.service, VIEW_FAULTS)
        return self._world.rng.choice((0.3, 1.0, 5.0)) * self._world.rng.random()

    def _take_over(self, process: "Process", at: At, effect: Effect | None) -> None:
        self._world.groups[process.service].take_over(process, at.lane)
        self._follow(process.service, VIEW_FAULTS)

    def _doubt(self, process: "Process", at: At, effect: Effect | None) -> None:
        raise Doubt("an answer was lost")

    def _late(self, process: "Process", at: At, effect: Effect | None) -> None:
        """The caller gives up; its call is still on its way, and takes effect about when it is made good for, or later."""
        self._send(effect, self.deadline_s * self._world.rng.choice((0.5, 2.0, 4.0)))
        raise Doubt("an answer did not come in time")

    def _send(self, effect: Effect | None, seconds_max: float) -> None:
        """Let a call take effect that nobody waits for any more."""
        if effect is not None:
            self.pending += 1
            self._world.loop.call_later(seconds_max * self._world.rng.random(), self._arrive, effect)

    def _arrive(self, effect: Effect) -> None:
        self.pending -= 1
        self._world.tell("a call given up takes effect")
        with suppress(Doubt):  # nobody is there to be told
            effect()
        self._world.look()

    def _stale(self, process: "Process", at: At, effect: Effect | None) -> None:
        """The next time that somebody asks for the committed offsets of this service, he is told older ones."""
        self._world.groups[process.service].is_stale = True

    def _lose(self, process: "Process", at: At, effect: Effect | None) -> None:
        """A Redis that comes back empty, or was emptied as it ran."""
        service = self._service(process)
        self.zombies_at_their_mark += self._world.groups[service].zombies_at("mark?")
        self._world.views[service].lose()
        self._follow(service, HURTING)

    def _set_back(self, process: "Process", at: At, effect: Effect | None) -> None:
        """A Redis that comes back with an old snapshot, or a replica that lagged."""
        service = self._service(process)
        history = self._world.history[service]
        self._world.views[service].lose(self._world.rng.choice(history) if history else Snapshot())
        self._follow(service, HURTING)

    def _reset(self, process: "Process", at: At, effect: Effect | None) -> None:
        self._world.groups[self._service(process)].reset_offsets()

    def _undecided(self, process: "Process", at: At, effect: Effect | None) -> None:
        self._world.kafka.restart(self._world.rng)

    def _service(self, process: "Process") -> str:
        """As a rule the one that the process belongs to, for there it hurts."""
        rng = self._world.rng
        return process.service if self._follows or rng.random() < 0.7 else rng.choice(sorted(self._world.groups))

    def _follow(self, service: str, kinds: Sequence[str]) -> None:
        """Perhaps more harm to the service, while it mends the first or soon after."""
        world = self._world
        if world.rng.randrange(100) < world.options.follow_percent and not self._follows:
            world.loop.call_later(world.rng.random() * 2 * world.options.session_s, self._harm, service, world.rng.choice(kinds))

    def _harm(self, service: str, kind: str) -> None:
        if self.active:
            process, lane = self._world.groups[service].somebody()
            self._world.tell(f"{process.name}/{lane} then: {kind}")
            self._follows = True
            getattr(self, f"_{kind}")(process, At(lane, "then"), None)
            self._follows = False
