"""The ports of a lane, and the stream of records to it, as a process has them: everything that is asked goes through `Process.call`."""

from collections.abc import AsyncGenerator, Collection, Coroutine, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from aiokafka.errors import ProducerFenced

from services.runtime.errors import Doubt
from services.runtime.keeper import Keeper
from services.runtime.memory_kafka import Producer
from services.runtime.ports import Closed, Loaded, Moved, View, Writer
from services.runtime.records import Chunk, Offsets, Output, Record, TopicPartition, Want, Watermark, Writes

if TYPE_CHECKING:
    from tests.simulation.process import Process
    from tests.simulation.world import World

T = TypeVar("T")


def at_once(question: Coroutine[Any, Any, T]) -> T:
    """The answer of something in memory, which never waits."""
    try:
        question.send(None)
    except StopIteration as answer:
        found: T = answer.value
        return found
    raise AssertionError("memory does not wait")


class SimulatedWriter:
    """The port `Writer`: a transaction that may be cut off between any two sends."""

    def __init__(self, world: "World", process: "Process", lane: int, producer: Producer) -> None:
        self._world = world
        self._process = process
        self._lane = lane
        self._producer = producer

    async def commit(self, outputs: Sequence[Output], offsets: Offsets) -> Offsets:
        written: dict[TopicPartition, int] = {}
        for output in outputs:
            record = await self._ask("send", lambda output=output: self._world.kafka.send(self._producer, output))
            written[TopicPartition(record.topic, record.partition)] = record.offset + 1
        await self._ask("commit", lambda: self._commit(offsets))
        return written

    async def close(self) -> None:
        """Nothing is held."""

    def _commit(self, offsets: Offsets) -> None:
        self._world.kafka.commit(self._producer, self._process.service, offsets)
        self._world.groups[self._process.service].committed_at_s[self._lane] = self._world.loop.time()

    async def _ask(self, name: str, effect: Any) -> Any:
        try:
            return await self._process.call(self._lane, name, effect)
        except Doubt as doubt:
            if str(doubt).endswith("is fenced"):
                raise doubt from ProducerFenced()
            raise


class SimulatedBroker:
    """The port `Broker`."""

    def __init__(self, world: "World", process: "Process", lane: int) -> None:
        self.partitions = world.lanes
        self._world = world
        self._process = process
        self._lane = lane

    async def fence(self, lane: int) -> Writer:
        kafka = self._world.kafka
        producer = await self._ask("fence", lambda: kafka.init(f"{self._process.service}-{lane}"))
        return SimulatedWriter(self._world, self._process, self._lane, producer)

    async def committed(self, partitions: Collection[TopicPartition]) -> Offsets:
        group = self._world.groups[self._process.service]
        return await self._ask("committed", lambda: group.committed(partitions))

    async def beginnings(self, partitions: Collection[TopicPartition]) -> Offsets:
        return await self._ask("beginnings", lambda: {partition: self._world.kafka.beginning(partition) for partition in partitions})

    async def ends(self, partitions: Collection[TopicPartition]) -> Offsets:
        return await self._ask("ends", lambda: {partition: self._world.kafka.end(partition) for partition in partitions})

    async def log_ends(self, partitions: Collection[TopicPartition]) -> Offsets:
        return await self._ask("ends", lambda: {partition: self._world.kafka.log_end(partition) for partition in partitions})

    async def read(self, partition: TopicPartition, start: int, stop: int) -> AsyncGenerator[Chunk, None]:
        while start < stop:
            chunk = await self._ask("read", lambda start=start: self._world.kafka.fetch(partition, start, stop, self._world.chunk))
            if chunk.next_offset <= start:
                raise Doubt(f"{partition.topic}[{partition.partition}] cannot be read up to {stop}")
            yield chunk
            start = chunk.next_offset

    async def _ask(self, name: str, effect: Any) -> Any:
        return await self._process.call(self._lane, name, effect)


class SimulatedView:
    """The port `View` over the one in memory that all processes of a service share."""

    def __init__(self, process: "Process", lane: int, inner: View) -> None:
        self._process = process
        self._lane = lane
        self._inner = inner

    async def run(self) -> str:
        return await self._ask("run", self._inner.run)

    async def load(self, lane: int, at: Watermark, want: Want) -> Loaded | Closed | Moved:
        return await self._ask("load", lambda: self._inner.load(lane, at, want))

    async def peek(self, lane: int, want: Want) -> Loaded:
        return await self._ask("peek", lambda: self._inner.peek(lane, want))

    async def apply(self, lane: int, at: Watermark | None, to: Watermark, writes: Writes, healed_in: str | None = None) -> bool:
        name = "apply" if healed_in is None else "mark"
        return await self._ask(name, lambda: self._inner.apply(lane, at, to, writes, healed_in))

    async def empty(self) -> None:
        await self._ask("empty", self._inner.empty)

    async def _ask(self, name: str, question: Any) -> Any:
        return await self._process.call(self._lane, name, lambda: at_once(question()))


class SimulatedFlow:
    """`Flow`, and the consumer behind it: it fetches what may be read now, and feeds the keeper."""

    def __init__(self, world: "World", process: "Process", lane: int) -> None:
        self.keeper: Keeper | None = None
        self.is_assigned = True
        self._world = world
        self._process = process
        self._lane = lane
        self._resumed: tuple[str, ...] = ()
        self._positions: dict[str, int] = {}
        self._due = False

    def pause(self, topics: Iterable[str]) -> None:
        self._check()
        paused = set(topics)
        self._resumed = tuple(topic for topic in self._resumed if topic not in paused)

    def resume(self, topics: Iterable[str]) -> None:
        self._check()
        self._resumed = tuple(dict.fromkeys((*self._resumed, *topics)))
        self.wake()

    def seek(self, positions: Mapping[str, int]) -> None:
        self._check()
        self._positions |= positions

    async def position(self, topic: str) -> int:
        self._check()
        await self._process.point(self._lane, "position?")
        return self._positions[topic]

    def polled_ms(self, topics: Iterable[str]) -> int:
        """Kafka answers at once, here."""
        self._check()
        return int(self._world.loop.time() * 1000)

    def wake(self) -> None:
        """Look soon whether there is something to read."""
        if not self._due and self._resumed and self.is_assigned and not self._process.is_dead:
            self._due = True
            self._world.loop.call_later(self._world.latency_s(), self._deliver)

    def _deliver(self) -> None:
        self._due = False
        if self._process.is_frozen:
            self._world.loop.call_later(1.0, self.wake)
        if not self.is_assigned or self._process.is_dead or self._process.is_frozen or self._world.is_over:
            return
        records: list[Record] = []
        for topic in self._resumed:
            chunk = self._world.kafka.fetch(TopicPartition(topic, self._lane), self._positions[topic], records_max=self._world.chunk)
            if chunk.next_offset > self._positions[topic]:
                self._positions[topic] = chunk.next_offset
                records += chunk.records
        if records and self.keeper is not None:
            self.keeper.feed(records)
            self.wake()

    def _check(self) -> None:
        if not self.is_assigned:
            raise Doubt(f"lane {self._lane} is not assigned")
