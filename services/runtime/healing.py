"""Healing a lane's view from its topics, in chunks, so that a broken heal goes on where it stopped.

Each chunk reads the touched documents together with the watermark, in one script or two, and moves the watermark with the writes in another. The
last chunk marks the lane healed in the run that the heal began in; a new run in between means: begin again.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from typing import NamedTuple

from services.runtime.errors import Doubt, Stop
from services.runtime.fronts import check_fronts
from services.runtime.ports import Broker, View
from services.runtime.records import Document, Offsets, Record, TopicPartition, Want, Watermark
from services.runtime.service import E, Service

CHUNK_RECORDS_MAX = 500
"""How many records of each topic one step of a heal holds in memory, but for the last chunk read; all lanes of a process may heal at once."""

CHUNK_BYTES_MAX = 16_000_000
"""The same in bytes of values: a timeline may have 4 MiB."""


class Healed(NamedTuple):
    """A view that is true again: up to where, and how many records it took."""

    watermark: Watermark
    records: int


async def heal(service: Service[E], lane: int, broker: Broker, view: View, committed: Offsets, run: str) -> Healed:
    """Bring the view of `lane` to the ends of its state topics, and mark it healed in `run`.

    Raises:
        Doubt: The store changed its run or its watermark meanwhile.
        Stop: A topic that is kept for ever has lost its front. The view is ahead of a topic that only this lane writes: Kafka has lost records. Or
            somebody else has written into such a topic.
    """
    await check_fronts(service, [lane], broker)
    stops = await _stops(service, lane, broker, committed)
    healed = 0
    while True:
        at = (await view.peek(lane, service.want_healing(()))).watermark
        start = {topic: (at or {}).get(topic, 0) for topic in service.state_topics}
        for topic, until in service.state_topics.items():
            if until == "end" and start[topic] > stops[topic]:
                await _look_closer(TopicPartition(topic, lane), broker, start[topic])
        records, reached = await _step(lane, broker, start, stops)
        healed += len(records)
        if await _apply(service, lane, view, at, reached, records, run, stops):
            return Healed(reached, healed)


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
    raise Doubt("another owner has gone on with the lane")


async def _stops(service: Service[E], lane: int, broker: Broker, committed: Offsets) -> Mapping[str, int]:
    """For each state topic the offset to heal to.

    Raises:
        Doubt: A topic that only this lane writes has a transaction that is not decided, though the fence has ended them all: a broker that was killed
            and came back owes its markers. To heal up to there would be to forget results. (Kafka 4.1 to 4.3.1 may owe them for ever: deploy/README.md.)
    """
    own = [TopicPartition(topic, lane) for topic, until in service.state_topics.items() if until == "end"]
    ends, log_ends = await broker.ends(own), await broker.log_ends(own)
    for partition, end in ends.items():
        if end < log_ends[partition]:
            raise Doubt(f"{partition.topic}[{lane}] is decided up to {end} of {log_ends[partition]} only")
    return {topic: (ends if until == "end" else committed)[TopicPartition(topic, lane)] for topic, until in service.state_topics.items()}


async def _step(lane: int, broker: Broker, start: Watermark, stops: Mapping[str, int]) -> tuple[list[Record], dict[str, int]]:
    """The next records of every state topic, and how far they reach."""
    records: list[Record] = []
    reached = dict(start)
    for topic, stop in stops.items():
        count = size = 0
        async with aclosing(broker.read(TopicPartition(topic, lane), start[topic], stop)) as chunks:
            async for chunk in chunks:
                records += chunk.records
                count += len(chunk.records)
                size += sum(len(record.value or b"") for record in chunk.records)
                reached[topic] = max(reached[topic], min(chunk.next_offset, stop))
                if count >= CHUNK_RECORDS_MAX or size >= CHUNK_BYTES_MAX:
                    break
    return records, reached


async def _apply(
    service: Service[E],
    lane: int,
    view: View,
    at: Watermark | None,
    reached: Watermark,
    records: list[Record],
    run: str,
    stops: Mapping[str, int],
) -> bool:
    """One chunk into the view; True when it was the last.

    Raises:
        Doubt: The view is not the one that the chunk was read for.
        Stop: A record cannot be understood: to pass over it would be to guess what it told.
    """
    with _understood(records):
        want = service.want_healing(records)
    documents = await _documents(view, lane, want, at, run)
    with _understood(records):
        more = service.want_more_healing(records, documents)
    if more is not None:
        documents = {**documents, **await _documents(view, lane, more, at, run)}
    last = all(reached[topic] >= stop for topic, stop in stops.items())
    with _understood(records):
        writes = service.heal(records, documents)
    if not await view.apply(lane, at, reached, writes, healed_in=run if last else None):
        raise Doubt("the view was moved or lost during a heal")
    return last


async def _documents(view: View, lane: int, want: Want, at: Watermark | None, run: str) -> Mapping[str, Document]:
    """The documents wanted; all empty on a new lane.

    Raises:
        Doubt: The view is not the one that the chunk was read for.
    """
    state = await view.peek(lane, want)
    if state.run != run or state.watermark != at:
        raise Doubt("the view has another run or watermark")
    return state.documents if at is not None else {key: {} for key in state.documents}


@contextmanager
def _understood(records: Sequence[Record]) -> Iterator[None]:
    """Do something with records of state topics.

    Raises:
        Stop: It cannot be done.
    """
    try:
        yield
    except Exception as error:
        places: dict[TopicPartition, list[int]] = {}
        for record in records:
            places.setdefault(TopicPartition(record.topic, record.partition), []).append(record.offset)
        where = ", ".join(f"{place.topic}[{place.partition}] from {min(offsets)} to {max(offsets)}" for place, offsets in places.items())
        raise Stop(f"a record cannot be understood ({type(error).__name__}), though we alone should write there: {where}") from error
