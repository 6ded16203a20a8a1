"""The lanes that are assigned to this process: started when the group gives them, let go when it takes them, fed by the pump.

In: the group's assignments, records of all lanes. Out: what health asks. Promise: a lane runs only while all its inputs are assigned here. Not here:
what a lane does with its records (`keeper.py`, `lanes.py`), the subscription (`pump.py`).
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Sequence
from typing import Any, Protocol

import structlog
from aiokafka import ConsumerRebalanceListener
from aiokafka import TopicPartition as KafkaPartition

from services.runtime.clock import Clock
from services.runtime.complaints import Complaints
from services.runtime.errors import Doubt, Stop
from services.runtime.flow import Flow
from services.runtime.fronts import check_fronts
from services.runtime.kafka import AioKafkaBroker
from services.runtime.kafka.reader import record_of
from services.runtime.keeper import Keeper
from services.runtime.lanes import Lane
from services.runtime.metrics import LaneMetrics
from services.runtime.ports import View
from services.runtime.pulse import Pulse, PulsingBroker, PulsingView
from services.runtime.records import Record
from services.runtime.redis_memory import Memory
from services.runtime.service import AnyService
from services.runtime.settings import Settings
from services.runtime.topics import check
from services.runtime.traces import CARRIED_ON, Traces

log = structlog.get_logger(__name__)


class LastingView(View, Protocol):
    """A view that holds connections, and may lie beside those of other formats."""

    async def others(self) -> Sequence[int]:
        """The formats of which something is left. Raises: Doubt."""
        ...

    def forget_other(self, format: int) -> AsyncGenerator[int, None]:
        """Drop what is left of one, in steps, while this one's gate is open; yields how many keys so far. Raises: Doubt."""
        ...

    async def memory(self) -> Memory:
        """About how many bytes it takes. Raises: Doubt."""
        ...

    async def close(self) -> None:
        """Let the connections go. Raises: Doubt."""
        ...


class Roster(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """The lanes of one service here. `consumer` and `exit` are set by whoever wires the subscription.

    Attributes:
        stop: Why the process must end, once an operator must look.
        waits_for: Why it is not in its group yet; empty once it is.
        lacks: The rights of Kafka that it lacks, as far as looked at; empty where none is missing.
        view: The service's, once Kafka has told how many lanes there are.
        pulses: What each assigned lane is doing.
    """

    def __init__(
        self,
        service: AnyService,
        settings: Settings,
        broker: AioKafkaBroker,
        make_view: Callable[[int], LastingView],
        clock: Clock,
        metrics: Callable[[int], LaneMetrics],
        traces: Callable[[int], Traces] = lambda lane: CARRIED_ON,
    ) -> None:
        self.service = service
        self.broker = broker
        self.stop: Stop | None = None
        self.waits_for = ""
        self.lacks = ""
        self.pulses: dict[int, Pulse] = {}
        self.consumer: Callable[[], Any] = lambda: None
        self.exit: Callable[[], None] = lambda: None
        self._settings = settings
        self._make_view = make_view
        self.view: LastingView | None = None
        self._clock = clock
        self._metrics = metrics
        self._traces = traces
        self._keepers: dict[int, Keeper] = {}
        self._joined = self._leaving = self._in_part = False
        self._complaints = Complaints(clock)
        self._topics = {settings.prefix + topic: topic for topic in service.inputs}

    async def prepare(self, topics: Collection[str]) -> None:
        """Look at the topics, and make the view for as many lanes as they have partitions.

        Raises:
            Doubt: Kafka is away.
            Stop: The topics are not as they must be, or one has lost its front.
        """
        await self.broker.prepare(topics)
        check(await self.broker.differences(topics))
        await check_fronts(self.service, range(self.broker.partitions), self.broker)
        self.view = self.view or self._make_view(self.broker.partitions)

    async def close(self) -> None:
        """Let go of what lanes shared, once they are let go."""
        await self.broker.close()
        if self.view is not None:
            try:
                await self.view.close()
            except Doubt as doubt:
                log.warning("view did not close well", service=self.service.name, why=str(doubt))

    async def on_partitions_assigned(self, assigned: Collection[KafkaPartition]) -> None:
        """Pause what was assigned, before anything else, and start its lanes. Heartbeats stand still meanwhile, so nothing is awaited."""
        self.consumer().pause(*assigned)
        if self._leaving:
            return
        self._joined, self._in_part = True, False
        lanes: defaultdict[int, set[str]] = defaultdict(set)
        for topic, partition in assigned:
            lanes[partition].add(topic)
        for partition, topics in sorted(lanes.items()):
            if partition >= self.broker.partitions:
                self.stopped(Stop(f"a topic has more than the {self.broker.partitions} partitions it had: every home would be another"))
            elif topics == self._topics.keys():
                self._start(partition)
            else:  # a process of another version is in the group, or we may not see an input any more; then the lane is assigned whole again
                self._in_part = True
                log.warning("lane assigned in part, waiting", service=self.service.name, lane=partition)

    async def on_partitions_revoked(self, revoked: Collection[KafkaPartition]) -> None:
        """Return when every lane is let go: its batch done, or given up after the configured time."""
        await self.release()

    async def leave(self) -> None:
        """Let every lane go and take no other: the process ends."""
        self._leaving = True
        await self.release()

    async def release(self) -> None:
        """Let every lane go."""
        self._joined = False
        keepers, self._keepers = self._keepers, {}
        await asyncio.gather(*(keeper.release(self._settings.release_ms_max / 1000) for keeper in keepers.values()))
        self.pulses.clear()

    def feed(self, found: Iterable[Any]) -> None:
        """Give each lane its records."""
        lanes: defaultdict[int, list[Record]] = defaultdict(list)
        for record in found:
            lanes[record.partition].append(record_of(self._topics[record.topic], record))
        for partition, records in lanes.items():
            if partition in self._keepers:
                self._keepers[partition].feed(records)

    def stopped(self, stop: Stop) -> None:
        """End the process, for an operator must look."""
        if self.stop is None:
            self.stop = stop
            log.error("stopped, an operator must look", service=self.service.name, why=str(stop))
        self.exit()

    @property
    def is_live(self) -> bool:
        """Whether no assigned lane is dead or frozen, and no operator is needed."""
        alive = not any(keeper.is_dead for keeper in self._keepers.values())
        return self.stop is None and alive and not any(pulse.is_frozen for pulse in self.pulses.values())

    @property
    def is_ready(self) -> bool:
        """Whether this process is in the group and each of its lanes settles what comes."""
        return self.is_live and self._joined and not self._in_part and all(pulse.is_ready for pulse in self.pulses.values())

    def _start(self, partition: int) -> None:
        assert self.view is not None, "the subscription starts after prepare"
        deadline_s = max(self._settings.kafka_deadline_ms, self._settings.redis_deadline_ms) / 1000
        pulse = Pulse(self._clock, deadline_s)
        broker, view = PulsingBroker(self.broker, pulse), PulsingView(self.view, pulse)
        lane = Lane(self.service, partition, broker, view, self._clock, self._metrics(partition), traces=self._traces(partition))
        flow = Flow(self.consumer, self._settings.prefix, partition)
        self.pulses[partition] = pulse
        self._keepers[partition] = Keeper(lane, flow, pulse, self._settings, self._clock, self._complaints, self.stopped)
        self._keepers[partition].start()
