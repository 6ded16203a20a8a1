"""A lane: one partition of a service, its only owner, one transaction a batch.

In: the records of partition p of every input. Out: the records that the service decides, and the view brought up to them. Promise: each
result once, in order, whatever fails; a batch is 1 read, 2 load, 3 decide, 4 publish and commit, 5 apply, each safe to repeat. What a
failure leaves behind:

- before 4 ends: an open or aborted transaction; the next `take` ends it and the records are read again;
- between 4 and 5: a view behind the ledger; the next `take` heals it before anything is decided;
- 5 refused: somebody else moved the watermark, or the store lost it; `Doubt`, and the lane is taken again.

Not here: subscribing, pausing and polling (`pump.py`, `embedded.py`), bytes and rules (the services), storing (the adapters).
"""

from collections.abc import Mapping, Sequence
from typing import Generic

import structlog

from services.runtime.alone import Alone
from services.runtime.clock import Clock
from services.runtime.deciding import BUDGET, Budget, Decider, Step
from services.runtime.emptying import emptied_if_unreadable
from services.runtime.errors import Doubt
from services.runtime.fronts import check_fronts
from services.runtime.healing import heal
from services.runtime.losses import check_undeleted, positions, without_records
from services.runtime.metrics import Committed, LaneMetrics
from services.runtime.ports import Broker, Closed, Loaded, Moved, View
from services.runtime.records import Offsets, Output, Record, Taken, TopicPartition, Want, Watermark, Writes
from services.runtime.retrying import RETRIES_MAX, due_again
from services.runtime.service import E, Service
from services.runtime.traces import CARRIED_ON, Traces
from services.runtime.transactions import Transactions

GATE_POLL_S = 0.2
"""How long a lane waits before it asks again whether the others are healed."""

WHOLE_MAX = 256
"""So many whole documents are loaded besides for one batch: each may be a person's year of ten thousand claims, which Redis sends in one go."""

log = structlog.get_logger(__name__)


class Lane(Generic[E]):
    """One partition of one service."""

    def __init__(
        self,
        service: Service[E],
        partition: int,
        broker: Broker,
        view: View,
        clock: Clock,
        metrics: LaneMetrics,
        budget: Budget = BUDGET,
        traces: Traces = CARRIED_ON,
    ) -> None:
        self.service = service
        self.partition = partition
        self._broker = broker
        self._view = view
        self._clock = clock
        self.metrics = metrics
        self._traces = traces
        self._decider = Decider(service, partition, broker.partitions, clock, budget)
        self._transactions = Transactions(clock)
        self._run = ""
        self._reached: Offsets = {}
        self._watermark: Watermark = {}
        self._alone = Alone(partition, {}, clock)
        self._due: list[Record] = []

    async def take(self) -> Taken:
        """Fence the former owner, read the committed offsets, heal the view from the ledger.

        Raises:
            Doubt: Something is away, or the store changed its run meanwhile: take again.
            Stop: A topic that is kept for ever has lost its front, or an input ends before what the group has read: Kafka has lost records. Or it
                deleted them unread. Or as `heal`.
        """
        await self.release()
        self._run = await self._view.run()
        self._transactions.begin(await self._broker.fence(self.partition))
        await check_fronts(self.service, [self.partition], self._broker)
        self._reached, ends = await positions(self.service, self.partition, self._broker)
        healed = await heal(self.service, self.partition, self._broker, self._view, self._reached, self._run)
        self._watermark, self._alone = healed.watermark, Alone(self.partition, healed.ends, self._clock)
        self._due = await due_again(self.service, self.partition, self._broker, self._watermark)
        self.metrics.taken(healed.records)
        log.info("lane taken", service=self.service.name, lane=self.partition, healed=healed.records, watermark=dict(self._watermark))
        first_ends = {topic: ends[TopicPartition(topic, self.partition)] for topic in self.service.first}
        return Taken({tp.topic: offset for tp, offset in self._reached.items()}, first_ends)

    async def idle(self) -> None:
        """Try again what is due since the lane was taken; look whether it is still right while nothing comes in. Raises: Doubt, it is not."""
        while self._due:
            self._due = [*await self.batch(self._due[:RETRIES_MAX]), *self._due[RETRIES_MAX:]]
        if await self._ask(Want()) is not None:
            self.metrics.alive()
        await self._alone.look(self._broker)

    async def look_before(self, expected: Mapping[str, int]) -> None:
        """Look why offsets from these on did not come, by topic. Raises: Doubt, they were deleted; the next `take` tells what is lost.

        Of topics that are kept for ever nothing is deleted, and what our transactions write has gaps all over: those are not asked about.
        """
        doubtful = {
            TopicPartition(topic, self.partition): offset for topic, offset in expected.items() if topic not in self.service.lasting
        }
        if doubtful:
            await check_undeleted(doubtful, self._broker)

    async def pass_markers(self) -> None:
        """At rest, commit what holds no records behind the last: markers that are deleted one day would look like lost input. Raises: Doubt."""
        if passed := await without_records(self._reached, self._broker):
            await self._apply(Writes(), await self._publish([], passed), passed)

    async def batch(self, records: Sequence[Record]) -> list[Record]:
        """Settle `records`, consecutive in each of their topics, in the lane's order as far as the budget reaches, one at least.

        Returns:
            The others, which are to come first in the next batch.

        Raises:
            Doubt: The lane is to be taken again.
        """
        begun_s = self._clock.monotonic()
        with self._traces.batch(records) as trail:
            read = self._decider.read(records)
            async with emptied_if_unreadable(self._view, self._run):
                steps, loaded = await self._load(read)
                decided = await self._decider.decide(steps, lambda: self.service.fold(loaded.documents, loaded.holders), trail.carry)
            done = [step.record for step in decided.steps]
            given = [record for record in done if record.topic in self.service.inputs]  # without what is tried again
            offsets = {TopicPartition(record.topic, self.partition): record.offset + 1 for record in given}
            written = await self._publish(decided.outputs, offsets)
            await self._apply(decided.writes, written, offsets)
            trail.settled(done, len(decided.outputs))
        took_s = self._clock.monotonic() - begun_s
        self.metrics.committed(Committed(done, decided.outputs, decided.late, took_s, self._transactions.took_s))
        return [step.record for step in read[len(done) :]]

    async def release(self) -> None:
        """Let the writer go. Whatever it had open is aborted by the next owner's fence."""
        await self._transactions.end()

    async def _load(self, steps: Sequence[Step[E]]) -> tuple[Sequence[Step[E]], Loaded]:
        """Step 2: what the events need, keys booked; fewer of the records where they need too much at once. Waits while other lanes heal."""
        events = [step.event for step in steps if step.event is not None]
        loaded = await self._asked(self.service.want(events))
        while (more := self.service.want_more(events, loaded.documents, loaded.holders)) is not None:
            if len(steps) == 1 or sum(fields is None for fields in more.documents.values()) <= WHOLE_MAX:
                second = await self._asked(more)
                return steps, Loaded(second.run, second.watermark, {**loaded.documents, **second.documents}, loaded.holders)
            steps = steps[: len(steps) // 2]
            events = [step.event for step in steps if step.event is not None]
        return steps, loaded

    async def _asked(self, want: Want) -> Loaded:
        """What the view has, once all lanes are healed. Raises: Doubt."""
        while (loaded := await self._ask(want)) is None:
            await self._clock.sleep(GATE_POLL_S)
        return loaded

    async def _ask(self, want: Want) -> Loaded | None:
        """What the view has, or None while other lanes heal.

        Raises:
            Doubt: It is not the view that this lane was healed in, or left.
        """
        match await self._view.load(self.partition, self._watermark, want):
            case Loaded(run) as loaded if run == self._run:
                return loaded
            case Closed(run) if run == self._run:
                return None
            case Loaded() | Closed() | Moved():
                raise Doubt("the view has another run or watermark", "moved")

    async def _publish(self, outputs: Sequence[Output], offsets: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, int]:
        """Step 4: one transaction. After it the batch is money."""
        written = await self._transactions.commit(outputs, offsets)
        self._reached = {**self._reached, **offsets}
        await self._alone.wrote(outputs, written, self._broker)
        return written

    async def _apply(self, writes: Writes, written: Mapping[TopicPartition, int], offsets: Mapping[TopicPartition, int]) -> None:
        """Step 5: the view follows, to what this lane wrote, or read: to the latter only where it does both (`monitoring.hospitals.v1`).

        Raises:
            Doubt: It is not the view that the batch was decided on.
        """
        to = dict(self._watermark)
        for topic, until in self.service.state_topics.items():
            reached = (written if until == "end" else offsets).get(TopicPartition(topic, self.partition), 0)
            to[topic] = max(to.get(topic, 0), reached)
        if not await self._view.apply(self.partition, self._watermark, to, writes):
            raise Doubt("the watermark was moved by somebody else", "moved")
        self._watermark = to
