"""All lanes of several services in one process over one log store in memory: `medaid replay` and the default run on it.

In: records published from outside, and what the services write for each other. Out: every record that a service commits, in order.
Promise: the same input gives the same output, byte for byte: no tasks, no clock, the lanes take turns in a fixed order; memory holds no
more than what is unread, undrained or in a view. Not here: what a lane does with its batch (`lanes.py`).
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from services.runtime.clock import InstantClock
from services.runtime.errors import Doubt, Stop
from services.runtime.home import home_of
from services.runtime.lanes import Lane
from services.runtime.memory import MemoryBroker, MemoryKafka
from services.runtime.memory_view import MemoryView
from services.runtime.metrics import NoMetrics
from services.runtime.records import Headers, Record, TopicPartition
from services.runtime.service import AnyService

DOUBTS_MAX = 20
"""In a row; then the doubt is raised, for in memory nothing comes back by waiting."""


class _Seat:
    """A lane, and where it reads on. `is_at_end`: at its last turn it read all that could be read."""

    def __init__(self, lane: Lane[Any], kafka: MemoryKafka, records_max: int) -> None:
        self.lane = lane
        self._kafka = kafka
        self._records_max = records_max
        self._inputs = tuple(TopicPartition(topic, lane.partition) for topic in lane.service.inputs)
        self._positions: dict[TopicPartition, int] = {}
        self._first_ends: dict[TopicPartition, int] = {}
        self.is_at_end = False

    async def take(self) -> None:
        """Take the lane, and read on from its committed offsets."""
        taken = await self.lane.take()
        self._positions = {source: taken.positions[source.topic] for source in self._inputs}
        self._first_ends = {TopicPartition(topic, self.lane.partition): end for topic, end in taken.first_ends.items()}

    async def turn(self) -> bool:
        """Settle the next batch; False when there was nothing to read."""
        records, reached = self._poll()
        rest = records
        while rest:
            rest = await self.lane.batch(rest)
        self._positions.update(reached)
        # With room for more, and no `first` input behind, every input was read to its end.
        self.is_at_end = not reached or not (self._first_ends or len(records) == self._records_max)
        return bool(reached)

    def _poll(self) -> tuple[list[Record], dict[TopicPartition, int]]:
        """The next records, and how far they reach; only of the `first` inputs while one of them is behind."""
        self._first_ends = {source: end for source, end in self._first_ends.items() if self._positions[source] < end}
        records: list[Record] = []
        reached: dict[TopicPartition, int] = {}
        for source in self._first_ends or self._inputs:
            chunk = self._kafka.fetch(source, self._positions[source], records_max=self._records_max - len(records))
            if chunk.next_offset > self._positions[source]:
                reached[source] = chunk.next_offset
                records += chunk.records
            if len(records) == self._records_max:
                break
        return records, reached


class Embedded:
    """Services at work in one process.

    Attributes:
        kafka: The log store that they share.
        views: Each service's view, by the service's name.
    """

    def __init__(
        self,
        services: Sequence[AnyService],
        partitions: int,
        records_max: int = 500,
        *,
        keeps_records: bool = False,
        now_ms: Callable[[], int] = lambda: 0,
    ) -> None:
        """Set up the lanes; `start` takes them.

        Args:
            services: In the order in which they take turns.
            partitions: Of every topic, and lanes of each service.
            records_max: In one batch.
            keeps_records: Hold every record, so that a lost view can be healed; otherwise what all have read is forgotten.
            now_ms: When something is written, milliseconds since 1970; 0 tells no time.
        """
        self.kafka = MemoryKafka(now_ms)
        self.views = {service.name: MemoryView(partitions) for service in services}
        self._partitions, self._keeps_records = partitions, keeps_records
        self._tail = self.kafka.follow()
        self._seats = [self._seat(service, lane, records_max) for service in services for lane in range(partitions)]
        self._readers: dict[TopicPartition, list[int]] = {}
        for place, seat in enumerate(self._seats):
            for topic in seat.lane.service.inputs:
                self._readers.setdefault(TopicPartition(topic, seat.lane.partition), []).append(place)
        self._restless, self._forgettable = set[int](), set[TopicPartition]()
        self._runs, self._doubts = dict[str, str](), 0

    async def start(self) -> None:
        """Take every lane.

        Raises:
            Doubt: A service cannot be taken.
        """
        for name, view in self.views.items():
            self._runs[name] = await view.run()
            await self._take(name)

    def publish(
        self, topic: str, key: str | None, value: bytes | None, headers: Headers = (), timestamp_ms: int = 0, partition: int | None = None
    ) -> Record:
        """Write a record as a producer outside does: to `partition`, or to the home of its key (0 without one)."""
        if partition is None:
            partition = 0 if key is None else home_of(key, self._partitions)
        return self.kafka.append(topic, partition, None if key is None else key.encode(), value, headers, timestamp_ms)

    async def settle(self) -> None:
        """Let the lanes take turns until none has anything to read; the event loop has one before, to hear of a Ctrl-C.

        Raises:
            Doubt: A service doubted too often in a row.
            Stop: A view was lost, and the records to heal it from were not kept.
        """
        await asyncio.sleep(0)
        self._wake()
        while self._restless:
            for place in sorted(self._restless):
                await self._turn(place)
            self._wake()
        if not self._keeps_records:
            self._forget()

    def drain(self) -> list[Record]:
        """Every record that the services committed since the last drain, in the order of commits."""
        return self._tail.drain()

    def _seat(self, service: AnyService, lane: int, records_max: int) -> _Seat:
        broker = MemoryBroker(self.kafka, service.name, self._partitions)
        return _Seat(Lane(service, lane, broker, self.views[service.name], InstantClock(), NoMetrics()), self.kafka, records_max)

    async def _turn(self, place: int) -> None:
        """One batch of one lane; its whole service is taken again on a doubt, for a lost view concerns all its lanes."""
        seat = self._seats[place]
        try:
            if await seat.turn():
                self._doubts = 0
            if seat.is_at_end:
                self._restless.discard(place)
        except Doubt as doubt:
            self._count(doubt)
            await self._take(seat.lane.service.name)

    async def _take(self, name: str) -> None:
        """Take all lanes of a service until all are healed in one run, else one would wait for the others for ever.

        Raises:
            Stop: There is nothing to heal the view from.
        """
        seats = {place: seat for place, seat in enumerate(self._seats) if seat.lane.service.name == name}
        self._restless |= seats.keys()
        while True:
            if not self._keeps_records and await self.views[name].run() != self._runs[name]:
                raise Stop(f"the view of {name} is lost, and the records to heal it from were not kept")
            try:
                for seat in seats.values():
                    await seat.take()
                for seat in seats.values():
                    await seat.lane.idle()
            except Doubt as doubt:
                self._count(doubt)
            else:
                return

    def _count(self, doubt: Doubt) -> None:
        self._doubts += 1
        if self._doubts > DOUBTS_MAX:
            raise doubt

    def _wake(self) -> None:
        """Note which lanes have something to read."""
        for partition in self.kafka.readable:
            self._restless.update(self._readers.get(partition, ()))
        self._forgettable |= self.kafka.readable
        self.kafka.readable.clear()

    def _forget(self) -> None:
        """Let go of what was written since the last time: every lane has read it, the tail has it, the views stand on it."""
        for partition in self._forgettable:
            self.kafka.forget(partition)
        self._forgettable.clear()
