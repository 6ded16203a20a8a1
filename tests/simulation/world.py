"""One seed: the services as processes on one Kafka and a view each, events coming in, faults; then no faults, and rest.

`World(seed).run()` returns, or raises with a note that says how to see the same again.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any
from unittest.mock import patch

from services.runtime import healing
from services.runtime.memory_view import Snapshot
from services.runtime.records import TopicPartition
from services.runtime.settings import Settings
from tests.simulation.ends import check_end, check_view
from tests.simulation.faults import Faults
from tests.simulation.feed import Event, Feed
from tests.simulation.group import Group
from tests.simulation.hearing import Listener, hearing
from tests.simulation.kafka import SimulatedKafka
from tests.simulation.ledger import Ledger, Mistake, Wrong
from tests.simulation.loop import LoopClock, SimulatedLoop
from tests.simulation.options import Options
from tests.simulation.parts import Parts
from tests.simulation.services import services
from tests.simulation.trace import Trace

LANES = 2
REST_S_MAX = 200.0
"""Virtual seconds, from the end of the faults on, within which everything must have come to rest."""

HISTORY = 30
"""Of each view so many earlier states are kept."""


class World:
    """All that there is in one seed.

    Attributes:
        trace: What happened.
        doubts: Why lanes were in doubt.
        told_of: How many records were committed, by topic.
    """

    def __init__(self, seed: int, parts: Parts | None = None, told: Callable[[str], None] | None = None, theme: str | None = None) -> None:
        self.seed = seed
        self.parts = parts or Parts()
        self.lanes = LANES
        self.rng = Random(seed)
        self.options = Options.draw(self.rng, theme)
        self.chunk = self.options.chunk_records_max
        self.loop = SimulatedLoop()
        self.loop.set_exception_handler(lambda _loop, context: self.fail(Mistake(f"{context['message']}: {context.get('exception')!r}")))
        self.clock = LoopClock(self.loop)
        self.complaints: Any = Listener(self)
        self.settings = Settings(batch_records_max=self.options.batch_records_max)
        self.kafka = SimulatedKafka(self.loop)
        self.kafka.woken = self._wake
        self.ledger = Ledger()
        self._tail = self.kafka.follow()
        self.faults = Faults(self)
        self.is_over = False
        self.tasks: list[asyncio.Task[Any]] = []
        self.trace = Trace(told)
        self.doubts: Counter[str] = Counter()
        self.told_of: Counter[str] = Counter()
        self._wrong: Exception | None = None
        self.views = {service.name: self.parts.new_view(LANES) for service in services()}
        self.history: dict[str, deque[Snapshot]] = {name: deque(maxlen=HISTORY) for name in self.views}
        self.groups: dict[str, Group] = {}

    def run(self) -> None:
        """Live through the seed. Raises: Wrong, Mistake."""
        try:
            with hearing(self), patch.object(healing, "CHUNK_RECORDS_MAX", self.chunk):
                events = self.loop.run_until_complete(self._live())
                check_end(events, self.kafka, any(group.reads_again for group in self.groups.values()))
        except BaseException as error:
            error.add_note("\n".join([self._again(), *self.trace.last]))
            raise
        finally:
            self.loop.close()

    def _again(self) -> str:
        """How to see the same run again."""
        return f"step {self.trace.steps} of: python -m tests.simulation {self.seed} {self.options.theme}\n{self.options}"

    def tell(self, what: str) -> None:
        """Note what happens."""
        self.trace.line(self.loop.time(), what)

    def fail(self, error: Exception) -> None:
        """Something went wrong where nobody would hear an exception."""
        self._wrong = self._wrong or error

    def look(self) -> None:
        """Hold what was committed against what is promised."""
        try:
            for record in self._tail.drain():
                self.trace.written(record.value)
                self.told_of[record.topic] += 1
                self.ledger.take(record)
        except Wrong as wrong:
            self.fail(wrong)

    def latency_s(self) -> float:
        """How long something takes, undisturbed."""
        return self.rng.random() * self.options.latency_ms_max / 1000

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let something go on beside."""
        self.tasks.append(self.loop.create_task(work))
        return self.tasks[-1]

    async def _live(self) -> list[Event]:
        events = Feed(self.rng, self.options, LANES).events
        self.groups |= {service.name: Group(self, service) for service in services()}
        for group in self.groups.values():
            group.start()
        try:
            await self._publish(events)
            await self._pass(self.options.session_s)
            self._calm()
            await self._rest()
            for name, group in self.groups.items():
                await check_view(group.service, self.kafka, self.views[name], LANES)
        finally:
            await self._end()
        return events

    async def _publish(self, events: list[Event]) -> None:
        for event in events:
            await self._pass(self.rng.random() * 2 * self.options.seconds / len(events))
            self.kafka.append(event.topic, event.partition, None if event.key is None else event.key.encode(), event.value)
            self._wake()
            if self.rng.random() < 0.3:
                for name, view in self.views.items():
                    self.history[name].append(view.snapshot())

    def _calm(self) -> None:
        self.tell("no more faults")
        self.faults.active = False
        for group in self.groups.values():
            group.thaw()

    async def _rest(self) -> None:
        """Until everything is at rest twice in a row. Raises: Wrong, it does not come to rest."""
        until_s = self.loop.time() + REST_S_MAX
        rests = 0
        while rests < 2:
            if self.loop.time() > until_s:
                raise Wrong(f"not at rest after {REST_S_MAX:g} s: {self._restless()}")
            await self._pass(2.0)
            rests = 0 if self._restless() else rests + 1

    def _restless(self) -> str:
        """What is not at rest."""
        if self.faults.pending or not self.kafka.is_decided:
            return "kafka"
        for name, group in self.groups.items():
            if not group.is_whole:
                return f"{name} is not whole"
            for topic in group.service.inputs:
                for lane in range(LANES):
                    partition = TopicPartition(topic, lane)
                    if self.kafka.fetch(partition, self.kafka.committed(name, partition)).records:
                        return f"{name} has not read {topic}[{lane}]"
        return ""

    async def _pass(self, seconds: float) -> None:
        """Let time pass. Raises: whatever went wrong meanwhile."""
        await asyncio.sleep(seconds)
        if self._wrong is not None:
            raise self._wrong

    def _wake(self) -> None:
        for group in self.groups.values():
            group.wake()

    async def _end(self) -> None:
        """Let all tasks end, also those of the dead."""
        self.is_over = True
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for group in self.groups.values():
            group.dissolve()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
