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

from services.runtime import deadletters, reroute
from services.runtime.alone import Alone
from services.runtime.clock import Clock
from services.runtime.errors import Doubt, Refused
from services.runtime.healing import heal
from services.runtime.home import home_of
from services.runtime.logging import places_of
from services.runtime.losses import check_undeleted, positions, without_records
from services.runtime.metrics import LaneMetrics
from services.runtime.ports import Broker, Closed, Loaded, Moved, View, Writer
from services.runtime.records import Offsets, Output, Record, Taken, TopicPartition, Want, Watermark, Writes
from services.runtime.service import E, Emission, Fold, Service

GATE_POLL_S = 0.2
"""How long a lane waits before it asks again whether the others are healed."""

COMMIT_GAP_S = 0.004
"""Between a commit and the lane's next send; earlier, the broker answers CONCURRENT_TRANSACTIONS and the client sleeps 20 ms."""

log = structlog.get_logger(__name__)


class Lane(Generic[E]):
    """One partition of one service."""

    def __init__(self, service: Service[E], partition: int, broker: Broker, view: View, clock: Clock, metrics: LaneMetrics) -> None:
        self.service = service
        self.partition = partition
        self._broker = broker
        self._view = view
        self._clock = clock
        self._metrics = metrics
        self._writer: Writer | None = None
        self._run = ""
        self._reached: Offsets = {}
        self._watermark: Watermark = {}
        self._alone = Alone(partition, {}, clock)
        self._sent_at_s = 0.0

    async def take(self) -> Taken:
        """Fence the former owner, read the committed offsets, heal the view from the ledger.

        Raises:
            Doubt: Something is away, or the store changed its run meanwhile: take again.
            Stop: The ledger is shorter than the view says, or an input than was read, or one was deleted unread: Kafka has lost records. Or as `heal`.
        """
        await self.release()
        self._run = await self._view.run()
        self._writer = await self._broker.fence(self.partition)
        self._reached, ends = await positions(self.service, self.partition, self._broker)
        healed = await heal(self.service, self.partition, self._broker, self._view, self._reached, self._run)
        self._watermark, self._alone = healed.watermark, Alone(self.partition, healed.ends, self._clock)
        self._metrics.taken(healed.records)
        log.info("lane taken", service=self.service.name, lane=self.partition, healed=healed.records, watermark=dict(self._watermark))
        first_ends = {topic: ends[TopicPartition(topic, self.partition)] for topic in self.service.first}
        return Taken({tp.topic: offset for tp, offset in self._reached.items()}, first_ends)

    async def idle(self) -> None:
        """Look whether the lane is still right while nothing comes in. Raises: Doubt, it is not."""
        if await self._ask(Want()) is not None:
            self._metrics.alive()
        await self._alone.look(self._broker)

    async def look_before(self, expected: Mapping[str, int]) -> None:
        """Look why offsets from these on did not come, by topic. Raises: Doubt, they were deleted; the next `take` tells what is lost."""
        await check_undeleted({TopicPartition(topic, self.partition): offset for topic, offset in expected.items()}, self._broker)

    async def pass_markers(self) -> None:
        """At rest, commit what holds no records behind the last: markers that are deleted one day would look like lost input. Raises: Doubt."""
        if passed := await without_records(self._reached, self._broker):
            await self._apply(Writes(), await self._publish([], passed), passed)

    async def batch(self, records: Sequence[Record]) -> None:
        """Settle `records`, consecutive in each of their topics. Raises: Doubt, the lane is to be taken again."""
        events, outputs = self._read(records)
        loaded = await self._load(events)
        fold = self.service.fold(loaded.documents, loaded.holders)
        for record, event in events:
            outputs += self._decide(fold, record, event)
        offsets = {TopicPartition(record.topic, self.partition): record.offset + 1 for record in records}
        written = await self._publish(outputs, offsets)
        await self._apply(fold.writes(), written, offsets)
        self._metrics.committed(records, outputs)

    async def release(self) -> None:
        """Let the writer go. Whatever it had open is aborted by the next owner's fence."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            await writer.close()

    def _read(self, records: Sequence[Record]) -> tuple[list[tuple[Record, E]], list[Output]]:
        """Step 1: valid events at home here, in order of the inputs; the rest as dead letters and rerouted copies."""
        events: list[tuple[Record, E]] = []
        aside: list[Output] = []
        order = {topic: place for place, topic in enumerate(self.service.inputs)}
        for record in sorted(records, key=lambda record: (order[record.topic], record.offset)):
            origin = reroute.origin(record, self.service.inputs)
            try:
                event = self.service.read(origin)
            except Exception as error:
                aside.append(self._set_aside(origin, error))
                continue
            home = home_of(event.home, self._broker.partitions)
            if home != self.partition and self.service.rerouted is not None:
                aside.append(reroute.copy(origin, self.service.rerouted, home))
            else:
                events.append((origin, event))
        return events, aside

    async def _load(self, events: Sequence[tuple[Record, E]]) -> Loaded:
        """Step 2: what the events need, keys booked. Waits while other lanes heal."""
        batch = [event for _, event in events]
        want = self.service.want(batch)
        while (loaded := await self._ask(want)) is None:
            await self._clock.sleep(GATE_POLL_S)
        if (more := self.service.want_more(batch, loaded.documents, loaded.holders)) is None:
            return loaded
        while (second := await self._ask(more)) is None:
            await self._clock.sleep(GATE_POLL_S)
        return Loaded(second.run, second.watermark, {**loaded.documents, **second.documents}, loaded.holders)

    async def _ask(self, want: Want) -> Loaded | None:
        """What the view has, or None while other lanes heal.

        Raises:
            Doubt: It is not the view that this lane was healed in, or left.
        """
        match await self._view.load(self.partition, self._watermark, want):
            case Loaded() as loaded:
                return loaded
            case Closed(run) if run == self._run:
                return None
            case Closed() | Moved():
                raise Doubt("the view has another run or watermark")

    def _decide(self, fold: Fold[E], record: Record, event: E) -> list[Output]:
        """Step 3, one event. Whatever goes wrong in deciding sets this record aside and leaves the person's state as it was."""
        try:
            emissions = fold.decide(event)
        except Exception as error:
            return [self._set_aside(record, error)]
        if any(emission.is_late for emission in emissions):
            self._metrics.late(record.topic)
        return [self._output(emission) for emission in emissions]

    async def _publish(self, outputs: Sequence[Output], offsets: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, int]:
        """Step 4: one transaction. After it the batch is money."""
        assert self._writer is not None, "a lane is taken before its first batch"
        if (wait_s := self._sent_at_s + COMMIT_GAP_S - self._clock.monotonic()) > 0:
            await self._clock.sleep(wait_s)
        written = await self._writer.commit(outputs, offsets)
        self._reached = {**self._reached, **offsets}
        self._sent_at_s = self._clock.monotonic()
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
            raise Doubt("the watermark was moved by somebody else")
        self._watermark = to

    def _output(self, emission: Emission) -> Output:
        home = self.partition if emission.home is None else home_of(emission.home, self._broker.partitions)
        return Output(emission.topic, home, emission.key.encode(), emission.value, emission.headers)

    def _set_aside(self, record: Record, error: Exception) -> Output:
        """The dead letter of a record that was refused, or that a mistake of ours met, which is told: the others behind it go on."""
        if not isinstance(refused := error, Refused):
            refused = Refused("processing_failed", "data", f"to be decided without {type(error).__name__}")
            where = f"{record.topic}[{record.partition}]@{record.offset}"
            log.error("processing failed", service=self.service.name, record=where, raised=places_of(error))
        self._metrics.refused(record.topic, refused.reason)
        return deadletters.letter(self.service.name, self.partition, record, refused)
