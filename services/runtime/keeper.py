"""One lane's task while its partition is assigned: take it, feed it, and take it again after every doubt.

In: records from the pump (`feed`). Promise: the lane gets records from where `take` said, consecutive, `first` inputs up to their ends before the
others; memory is bounded; the task ends by `release` or a `Stop` only. Not here: what a batch does (`lanes.py`), the subscription (`pump.py`).
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import structlog

from services.runtime.clock import Clock
from services.runtime.complaints import Complaints
from services.runtime.errors import Doubt, Stop
from services.runtime.flow import Flow
from services.runtime.inbox import Inbox
from services.runtime.kafka.deadline import is_fenced
from services.runtime.lanes import Lane
from services.runtime.pace import Pace
from services.runtime.pulse import Pulse
from services.runtime.records import Record
from services.runtime.settings import Settings

IDLE_S = 1.0
"""How long a lane rests before it looks whether its view is still right."""

FIRST_POLL_S = 0.05
"""How often a lane without records looks whether its `first` inputs have been read: markers at their ends wake nobody."""

LOOK_S = 60.0
"""How often a lane at rest looks at the beginnings and ends of its inputs."""

log = structlog.get_logger(__name__)


class Keeper:
    """Keeps one lane. `stopped` is called with the `Stop` that ended it."""

    def __init__(
        self,
        lane: Lane[Any],
        flow: Flow,
        pulse: Pulse,
        settings: Settings,
        clock: Clock,
        complaints: Complaints,
        stopped: Callable[[Stop], None],
    ) -> None:
        self._lane = lane
        self._flow = flow
        self._pulse = pulse
        self._clock = clock
        self._complaints = complaints
        self._stopped = stopped
        self._fenced_wait_s = 2 * settings.heartbeat_ms / 1000
        self._inbox = Inbox(lane.service.inputs, settings.batch_records_max)
        self._pace = Pace(settings.batch_records_max)
        self._wake = asyncio.Event()
        self._leaving = False
        self._rewound: Doubt | None = None
        self._flowing: tuple[str, ...] = ()
        self._first: dict[str, int] = {}
        self._looked_at_s = clock.monotonic()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin. The partition's inputs are paused already."""
        self._pulse.beat()
        self._task = asyncio.create_task(self._keep(), name=f"{self._lane.service.name}-{self._lane.partition}")

    def feed(self, records: Sequence[Record]) -> None:
        """Records just read; those that come while the lane is not in hand are older than its seek and dropped."""
        if self._pulse.state != "running":
            return
        try:
            self._inbox.put(records)
            if self._inbox.is_full and self._flowing:
                self._flow.pause(self._flowing)
                self._flowing = ()
        except Doubt as doubt:
            self._rewound = doubt
        self._wake.set()

    async def release(self, seconds_max: float) -> None:
        """Return when the batch in hand is done, or given up after `seconds_max`, and the lane let go."""
        self._leaving = True
        self._wake.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=seconds_max)
            if not self._task.done():
                log.warning("batch in hand given up", service=self._lane.service.name, lane=self._lane.partition)
                self._task.cancel()
                await asyncio.wait([self._task])
        await self._lane.release()
        if self._pulse.state != "stopped":
            self._pulse.enter("released", self._pulse.doubt)

    @property
    def is_dead(self) -> bool:
        """Whether the task ended though nobody released it."""
        return self._task is not None and self._task.done() and not self._leaving

    async def _keep(self) -> None:
        while not self._leaving:
            try:
                await self._hold()
            except Doubt as doubt:
                await self._rest(doubt)
            except Stop as stop:
                self._pulse.enter("stopped", str(stop))
                self._stopped(stop)
                return
            except Exception as error:  # our own mistake: told whole, then handled as any doubt
                log.exception("lane failed", service=self._lane.service.name, lane=self._lane.partition)
                await self._rest(Doubt(f"unexpected {type(error).__name__}", "mistake"))

    async def _hold(self) -> None:
        """Take the lane and settle what comes until it is released. Raises: Doubt, Stop."""
        self._pulse.enter("taking", self._pulse.doubt)
        self._flowing, self._rewound = (), None
        inputs = self._lane.service.inputs
        self._flow.pause(inputs)
        taken = await self._lane.take()
        self._inbox.begin(taken.positions)
        self._flow.seek(taken.positions)
        self._first = dict(taken.first_ends)
        self._pulse.enter("running")
        self._pulse.heard_at_s = self._clock.monotonic()
        await self._lane.idle()  # a lane is ready as soon as its view says so, records or not
        while not self._leaving:
            records = await self._next()
            self._pulse.busy = bool(records)
            if records:
                if gaps := self._inbox.gaps():
                    await self._lane.look_before(gaps)
                self._pace.begin(len(records))
                rest = await self._lane.batch(records)
                self._inbox.give_back(rest)
                self._pace.end(len(rest))
                self._pulse.heard_at_s = self._clock.monotonic()
            elif not self._leaving:
                await self._lane.idle()
                await self._look_around()
                self._pulse.heard(self._flow.polled_ms(self._flowing or inputs))
                self._pace.end()

    async def _look_around(self) -> None:
        """Now and then, at rest: commit what lies behind the last record, and see that nothing unread was deleted. Raises: Doubt."""
        if self._clock.monotonic() - self._looked_at_s >= LOOK_S:
            await self._lane.pass_markers()
            self._looked_at_s = self._clock.monotonic()

    async def _next(self) -> list[Record]:
        """The next batch, or nothing after `IDLE_S`. Raises: Doubt."""
        until_s = self._clock.monotonic() + IDLE_S
        while True:
            await self._let_in()
            self._wake.clear()
            if self._rewound is not None:
                raise self._rewound
            records = self._inbox.take(self._pace.records)
            left_s = until_s - self._clock.monotonic()
            if records or self._leaving or left_s <= 0:
                return records
            await self._wait(min(left_s, FIRST_POLL_S) if self._first else left_s)

    async def _let_in(self) -> None:
        """Resume what may be read now: `first` inputs until all of them have reached their ends, then all. Raises: Doubt."""
        for topic, end in tuple(self._first.items()):
            if await self._flow.position(topic) >= end and not self._inbox.holds_before(topic, end):
                del self._first[topic]
        wanted = tuple(self._first) or self._lane.service.inputs
        if self._inbox.is_low and self._flowing != wanted:
            self._flow.resume(wanted)
            self._flowing = wanted

    async def _rest(self, doubt: Doubt) -> None:
        """Tell why, and wait before the lane is taken again: longer each time, or until the group knows who owns a fenced lane."""
        self._pulse.enter("doubt", str(doubt))
        self._lane.metrics.doubted(doubt.kind)
        self._pulse.beat()
        with suppress(Doubt):  # not assigned, then nothing comes
            self._flow.pause(self._lane.service.inputs)
        wait_s = max(self._pace.doubt(), self._fenced_wait_s if is_fenced(doubt) else 0)
        if self._complaints.is_new(str(doubt)):
            log.warning("lane in doubt", service=self._lane.service.name, lane=self._lane.partition, why=str(doubt))
        until_s = self._clock.monotonic() + wait_s
        while not self._leaving and (left_s := until_s - self._clock.monotonic()) > 0:
            self._wake.clear()
            await self._wait(left_s)

    async def _wait(self, seconds: float) -> None:
        """Until something comes, or the keeper is to leave, at most `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            self._pulse.beat()
