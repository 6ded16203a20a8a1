"""The consumer group of a service: which process holds which lane, what happens when one is missed, and what an operator does to its offsets.

Whoever takes over is a new process. The former owner is told first, or late, or finds out by being fenced.
"""

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING

from services.runtime.errors import Stop
from services.runtime.keeper import Keeper
from services.runtime.metrics import NoMetrics
from services.runtime.pulse import Pulse, PulsingBroker, PulsingView
from services.runtime.records import Offsets, TopicPartition
from services.runtime.service import AnyService
from tests.simulation.adapters import SimulatedBroker, SimulatedFlow, SimulatedView
from tests.simulation.ledger import Wrong
from tests.simulation.process import Process

if TYPE_CHECKING:
    from tests.simulation.world import World

RELEASE_S_MAX = 2.0
OPERATOR_S = 0.5


class Holding:
    """A lane in the hands of a process."""

    def __init__(self, world: "World", service: AnyService, process: Process, lane: int) -> None:
        self.process = process
        self.lane = lane
        self.flow = SimulatedFlow(world, process, lane)
        self.pulse = Pulse(world.clock)
        make = world.parts
        broker = PulsingBroker(make.broker(SimulatedBroker(world, process, lane), service, lane), self.pulse)
        view = PulsingView(SimulatedView(process, lane, make.view(world.views[service.name])), self.pulse)
        self.keeper = Keeper(
            make.lane(service, lane, broker, view, world.clock, NoMetrics()),
            self.flow, self.pulse, world.settings, world.clock, world.complaints, self._stopped,
        )  # fmt: skip
        self.flow.keeper = self.keeper
        self.keeper.start()
        self._world = world

    async def release(self) -> None:
        """The process is told that the lane is no longer its own."""
        await self.keeper.release(RELEASE_S_MAX)
        self.flow.is_assigned = False

    def _stopped(self, stop: Stop) -> None:
        self._world.fail(Wrong(f"{self.process.name} stopped: {stop}"))


class Group:
    """One a service."""

    def __init__(self, world: "World", service: AnyService) -> None:
        self.service = service
        self.is_stale = False
        self.reads_again = False
        self.everyone: list[Holding] = []
        self.committed_at_s: dict[int, float] = {}
        self._world = world
        self._owners: dict[int, Holding] = {}
        self._processes: list[Process] = []
        self._operating = False

    def start(self) -> None:
        """One process for all lanes, or one for each."""
        together = self._process() if self._world.rng.random() < 0.5 else None
        for lane in range(self._world.lanes):
            self._give(lane, together or self._process())

    @property
    def is_whole(self) -> bool:
        """Whether every lane is in hand and settles what comes."""
        return not self._operating and all(self._works(holding) for holding in self._owners.values())

    def committed(self, partitions: Collection[TopicPartition]) -> Offsets:
        """The group's committed offsets as the coordinator tells them; now and then old ones."""
        kafka, name = self._world.kafka, self.service.name
        if not self.is_stale:
            return {partition: kafka.committed(name, partition) for partition in partitions}
        self.is_stale, self.reads_again = False, True
        return {partition: kafka.stale(name, partition, self._world.rng) for partition in partitions}

    def somebody(self) -> tuple[Process, int]:
        """An owner, and his lane."""
        lane = self._world.rng.randrange(self._world.lanes)
        return self._owners[lane].process, lane

    def zombies_at(self, point: str) -> int:
        """How many are frozen there while another one has the lane in hand, and has committed since."""
        owners = self._owners.values()
        frozen = [held for held in self.everyone if held.process.is_frozen and held.process.frozen_at == point and held not in owners]
        return sum(self.committed_at_s.get(held.lane, 0) > held.process.frozen_at_s for held in frozen)

    def wake(self) -> None:
        """Something may have become readable."""
        for holding in self._owners.values():
            holding.flow.wake()

    def miss(self, process: Process) -> None:
        """No heartbeat comes any more; after a session its lanes are given to others."""
        self._world.loop.call_later(self._world.options.session_s, self._replace, process)

    def take_over(self, process: Process, lane: int) -> None:
        """The group moves a lane to another process, whose reasons are its own."""
        held = self._owners.get(lane)
        if held is None or held.process is not process or self._operating:
            return
        if self._world.rng.random() < 0.5:
            self._world.spawn(self._hand_over(held, lane))
        else:
            self._give(lane, self._process())
            self._tell_later(held)

    def reset_offsets(self) -> None:
        """An operator stops the service, sets offsets back, and starts it again."""
        if not self._operating:
            self._operating = True
            self._world.spawn(self._reset())

    def thaw(self) -> None:
        """Whoever is frozen goes on."""
        for process in self._processes:
            process.thaw()

    def dissolve(self) -> None:
        """The simulation is over: nobody is held back any more."""
        for process in self._processes:
            process.dissolve()

    def _works(self, holding: Holding) -> bool:
        return holding.pulse.is_ready and not holding.process.is_dead and not holding.process.is_frozen

    def _process(self) -> Process:
        process = Process(self._world, self.service.name, len(self._processes))
        self._processes.append(process)
        return process

    def _give(self, lane: int, process: Process) -> None:
        holding = Holding(self._world, self.service, process, lane)
        self._owners[lane] = holding
        self.everyone.append(holding)
        self._world.tell(f"{process.name} is given lane {lane}")

    def _replace(self, process: Process) -> None:
        """Give the lanes of a process that is still missed to a new one."""
        if self._operating or not (process.is_dead or process.is_frozen):
            return
        lost = [(lane, held) for lane, held in self._owners.items() if held.process is process]
        successor = self._process() if lost else None
        for lane, held in lost:
            assert successor is not None
            self._give(lane, successor)
            self._tell_later(held)

    def _tell_later(self, held: Holding) -> None:
        """The former owner learns at some heartbeat that the lane is not his; if he is frozen, once he goes on."""
        self._world.loop.call_later(self._world.rng.random() * 3, self._tell, held)

    def _tell(self, held: Holding) -> None:
        if held.process.is_frozen:
            self._tell_later(held)
        elif not held.process.is_dead:
            self._world.spawn(held.release())

    async def _hand_over(self, held: Holding, lane: int) -> None:
        await held.release()
        if self._owners[lane] is held and not self._operating:
            self._give(lane, self._process())

    async def _reset(self) -> None:
        rng = self._world.rng
        for held in self._owners.values():
            if held.process.is_dead or held.process.is_frozen or rng.random() < 0.5:
                held.process.die() if not held.process.is_frozen else self._tell_later(held)
            else:
                await self._stop(held)
        await asyncio.sleep(OPERATOR_S)
        self._set_offsets_back()
        self._operating = False
        self.start()

    async def _stop(self, held: Holding) -> None:
        """Whoever has died or frozen on the way, or takes too long, is killed."""
        _, left = await asyncio.wait([self._world.spawn(held.release())], timeout=2 * RELEASE_S_MAX)
        if left:
            held.process.die()

    def _set_offsets_back(self) -> None:
        rng, kafka = self._world.rng, self._world.kafka
        for topic in self.service.inputs:
            for lane in range(self._world.lanes):
                partition = TopicPartition(topic, lane)
                if rng.random() < 0.7:
                    kafka.reset(self.service.name, partition, rng.choice((0, kafka.stale(self.service.name, partition, rng))))
        self.reads_again = True
        self._world.tell(f"offsets of {self.service.name} are set back")
