"""Healing a lane's view from its topics, in chunks, so that a broken heal goes on where it stopped.

Each chunk reads the touched documents together with the watermark, in one script or two, and moves the watermark with the writes in another. The
last chunk marks the lane healed in the run that the heal began in; a new run in between means: begin again.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Generic, NamedTuple, TypeVar

from services.runtime.emptying import emptied_if_unreadable
from services.runtime.errors import Doubt, Stop, Unreadable
from services.runtime.ports import Broker, View
from services.runtime.records import Document, Offsets, Record, TopicPartition, Want, Watermark
from services.runtime.rulings import Skip, is_skipped, rulings
from services.runtime.service import E, Service
from services.runtime.strays import check_order, check_ours, find

CHUNK_RECORDS_MAX = 500
"""How many records of each topic one step of a heal holds in memory, but for the last chunk read; all lanes of a process may heal at once."""

CHUNK_BYTES_MAX = 16_000_000
"""How many bytes of values one step holds, of all topics together, but for the last chunk read: a timeline may have 4 MiB."""

T = TypeVar("T")


class Healed(NamedTuple):
    """A view that is true again: up to where, how many records it took, and where the topics that only this lane writes end."""

    watermark: Watermark
    records: int
    ends: Mapping[str, int]


async def heal(service: Service[E], lane: int, broker: Broker, view: View, committed: Offsets, run: str) -> Healed:
    """Bring the view of `lane` to the ends of its state topics, and mark it healed in `run`.

    Raises:
        Doubt: The store changed its run or its watermark meanwhile.
        Stop: The view is ahead of a topic that only this lane writes: Kafka has lost records. Or such
            a topic holds a record that the lane did not write so.
    """
    stops = await _stops(service, lane, broker, committed)
    own = [topic for topic, until in service.state_topics.items() if until == "end"]
    heal = _Heal(service, lane, broker, view, run, stops)
    healed = 0
    while True:
        at = (await view.peek(lane, service.want_healing(()))).watermark
        start = {topic: (at or {}).get(topic, 0) for topic in service.state_topics}
        if any(start[topic] < stops[topic] for topic in own):
            await heal.ask_operators()
        for topic in own:
            if start[topic] > stops[topic]:
                await _look_closer(TopicPartition(topic, lane), broker, start[topic])
        records, reached = await heal.read(start)
        healed += len(records)
        if await heal.apply(at, reached, records):
            return Healed(reached, healed, {topic: stops[topic] for topic in own})


async def _look_closer(partition: TopicPartition, broker: Broker, true_up_to: int) -> None:
    """The view is ahead of a topic that only this lane writes. Has Kafka lost records, or has another owner gone on in our place?

    His fence tells: it ends what he has open, so that the log read after it holds whatever the view can have followed.

    Raises:
        Doubt: Another owner has gone on.
        Stop: Kafka has lost records.
    """
    await (await broker.fence(partition.partition)).close()
    end = (await broker.log_ends([partition]))[partition]
    if true_up_to > end:
        raise Stop(f"{partition.topic}[{partition.partition}] ends at {end}, the view is true up to {true_up_to}: Kafka has lost records")
    raise Doubt("another owner has gone on with the lane", "fenced")


async def _stops(service: Service[E], lane: int, broker: Broker, committed: Offsets) -> Mapping[str, int]:
    """For each state topic the offset to heal to.

    Raises:
        Doubt: A topic that only this lane writes has a transaction that is not decided, though the fence has ended them all: a broker that was killed
            and came back owes its markers. To heal up to there would be to forget results. (Kafka 4.1 to 4.3.1 may owe them for ever: deploy/RUNBOOK.md.)
    """
    own = [TopicPartition(topic, lane) for topic, until in service.state_topics.items() if until == "end"]
    ends, log_ends = await broker.ends(own), await broker.log_ends(own)
    for partition, end in ends.items():
        if end < log_ends[partition]:
            raise Doubt(f"{partition.topic}[{lane}] is decided up to {end} of {log_ends[partition]} only", "undecided")
    return {topic: (ends if until == "end" else committed)[TopicPartition(topic, lane)] for topic, until in service.state_topics.items()}


class _Heal(Generic[E]):
    """One heal of one lane: its steps."""

    def __init__(self, service: Service[E], lane: int, broker: Broker, view: View, run: str, stops: Mapping[str, int]) -> None:
        self._service = service
        self._lane = lane
        self._broker = broker
        self._view = view
        self._run = run
        self._stops = stops
        self._skipped: frozenset[Skip] | None = None

    async def ask_operators(self) -> None:
        """Ask which records are to be passed over: before anything is healed that only this lane writes, for what was ruled may also be something that can
        be understood; else only where a lane would stop. Raises: Doubt, Kafka is away.
        """
        if self._skipped is None:
            self._skipped = (await rulings(self._broker)).skipped

    async def read(self, start: Watermark) -> tuple[list[Record], dict[str, int]]:
        """The next records of the state topics, and how far they reach; a topic for which no room is left waits for another step."""
        records: list[Record] = []
        reached = dict(start)
        size = 0
        for topic, stop in self._stops.items():
            if size >= CHUNK_BYTES_MAX:
                break
            count = 0
            async with aclosing(self._broker.read(TopicPartition(topic, self._lane), start[topic], stop)) as chunks:
                async for chunk in chunks:
                    records += chunk.records
                    count += len(chunk.records)
                    size += sum(len(record.value or b"") for record in chunk.records)
                    reached[topic] = max(reached[topic], min(chunk.next_offset, stop))
                    if count >= CHUNK_RECORDS_MAX or size >= CHUNK_BYTES_MAX:
                        break
        return records, reached

    async def apply(self, at: Watermark | None, reached: Watermark, records: Sequence[Record]) -> bool:
        """One chunk into the view, without what operators pass over; True when it was the last.

        Raises:
            Doubt: The view is not the one that the chunk was read for.
            Stop: A record is not ours, or cannot be understood: to pass over it would be to guess what it told.
        """
        if self._skipped is None:
            try:
                return await self._apply(at, reached, records)
            except Stop:
                await self.ask_operators()
        skipped = self._skipped or ()
        return await self._apply(at, reached, [record for record in records if not is_skipped(record, skipped)])

    async def _apply(self, at: Watermark | None, reached: Watermark, records: Sequence[Record]) -> bool:
        """One chunk into the view.

        Raises:
            Doubt: As `apply`.
            Stop: As `apply`.
        """
        async with emptied_if_unreadable(self._view, self._run):
            return await self._bring(at, reached, records)

    async def _bring(self, at: Watermark | None, reached: Watermark, records: Sequence[Record]) -> bool:
        """The same, where the view can be read.

        Raises:
            Doubt: As `apply`; the view cannot be read.
        """
        service = self._service
        check_ours(service, self._lane, self._broker.partitions, records)
        documents = await self._documents(_understood(records, service.want_healing), at)
        more = _understood(records, lambda some: service.want_more_healing(some, documents))
        if more is not None:
            documents = {**documents, **await self._documents(more, at)}
        check_order(service, records, documents)
        writes = _understood(records, lambda some: service.heal(some, documents))
        is_last = all(reached[topic] >= stop for topic, stop in self._stops.items())
        if not await self._view.apply(self._lane, at, reached, writes, healed_in=self._run if is_last else None):
            raise Doubt("the view was moved or lost during a heal", "moved")
        return is_last

    async def _documents(self, want: Want, at: Watermark | None) -> Mapping[str, Document]:
        """The documents wanted; all empty on a new lane.

        Raises:
            Doubt: The view is not the one that the chunk was read for.
        """
        state = await self._view.peek(self._lane, want)
        if state.run != self._run or state.watermark != at:
            raise Doubt("the view has another run or watermark", "moved")
        return state.documents if at is not None else {key: {} for key in state.documents}


def _understood(records: Sequence[Record], understand: Callable[[Sequence[Record]], T]) -> T:
    """What `understand` makes of `records`.

    Raises:
        Unreadable: What lies in the view cannot be read.
        Stop: It cannot; the first that it cannot understand is named.
    """
    try:
        return understand(records)
    except Unreadable:
        raise
    except Exception as error:
        stop = find(records, understand, error)
        raise stop from error
