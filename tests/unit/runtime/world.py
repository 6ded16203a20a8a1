"""Lanes of the counting service over the memory adapters, where at every await of a lane something may happen.

A `World` publishes the same records each time and drives its lanes in turn, one small batch each, until nothing is left to read. Its
`faults` say what happens at which step: before and after each call of a port, and between the sends of a transaction.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence

import orjson

from services.runtime.clock import InstantClock
from services.runtime.errors import Doubt
from services.runtime.home import home_of
from services.runtime.lanes import GATE_POLL_S, Lane
from services.runtime.memory import MemoryBroker, MemoryKafka
from services.runtime.memory_kafka import Producer
from services.runtime.memory_view import MemoryView, Snapshot
from services.runtime.metrics import NoMetrics
from services.runtime.ports import Broker, Closed, Loaded, Moved, View, Writer
from services.runtime.records import Chunk, Offsets, Output, Record, TopicPartition, Want, Watermark, Writes
from tests.unit.runtime.counting import AMOUNTS, FACTORS, UNREADABLE, Counting, Event, Person, document_of

LANES = 2
RECORDS_MAX = 3
TURNS_MAX = 2_000
ATTEMPTS_MAX = 200
PEOPLE = ("P1", "P2", "P3", "P4")
GROUPS = "AB"
BOTH = "Aboth"

Happening = Callable[[str], Awaitable[None]]
Fault = Callable[["World"], Awaitable[None]]


class Crash(BaseException):
    """The owner's process is gone."""


class ImpatientClock(InstantClock):
    """Waiting at the gate would be for ever here, where nobody else runs meanwhile."""

    async def sleep(self, seconds: float) -> None:
        if seconds >= GATE_POLL_S:
            raise Doubt("the gate is shut")
        await super().sleep(seconds)


class SteppedWriter:
    """A writer whose transaction can be cut off between any two sends, and before and after its commit."""

    def __init__(self, kafka: MemoryKafka, producer: Producer, happens: Happening) -> None:
        self._kafka = kafka
        self._producer = producer
        self._happens = happens

    async def commit(self, outputs: Sequence[Output], offsets: Offsets) -> Offsets:
        written = {}
        for output in outputs:
            await self._happens("send")
            record = self._kafka.send(self._producer, output)
            written[TopicPartition(record.topic, record.partition)] = record.offset + 1
        await self._happens("commit")
        self._kafka.commit(self._producer, Counting.name, offsets)
        await self._happens("committed")
        return written

    async def close(self) -> None:
        await self._happens("close")


class SteppedBroker:
    """`MemoryBroker` with something happening around every call."""

    partitions = LANES

    def __init__(self, kafka: MemoryKafka, happens: Happening) -> None:
        self._kafka = kafka
        self._inner = MemoryBroker(kafka, Counting.name, LANES)
        self._happens = happens

    async def fence(self, lane: int) -> Writer:
        await self._happens("fence")
        producer = self._kafka.init(f"{Counting.name}-{lane}")
        await self._happens("fenced")
        return SteppedWriter(self._kafka, producer, self._happens)

    async def committed(self, partitions: Collection[TopicPartition]) -> Offsets:
        await self._happens("read committed")
        return await self._inner.committed(partitions)

    async def ends(self, partitions: Collection[TopicPartition]) -> Offsets:
        await self._happens("read ends")
        return await self._inner.ends(partitions)

    async def read(self, partition: TopicPartition, start: int, stop: int) -> AsyncGenerator[Chunk, None]:
        async for chunk in self._inner.read(partition, start, stop):
            await self._happens("read")
            yield chunk


class SteppedView:
    """A view with something happening around every call."""

    def __init__(self, view: MemoryView, happens: Happening) -> None:
        self._inner = view
        self._happens = happens

    async def run(self) -> str:
        await self._happens("run")
        return await self._inner.run()

    async def load(self, lane: int, at: Watermark, want: Want) -> Loaded | Closed | Moved:
        await self._happens("load")
        answer = await self._inner.load(lane, at, want)
        await self._happens("loaded")
        return answer

    async def peek(self, lane: int, want: Want) -> Loaded:
        await self._happens("peek")
        return await self._inner.peek(lane, want)

    async def apply(self, lane: int, at: Watermark | None, to: Watermark, writes: Writes, healed_in: str | None = None) -> bool:
        await self._happens("apply")
        done = await self._inner.apply(lane, at, to, writes, healed_in)
        await self._happens("applied")
        return done


class Owner:
    """A lane with the position that its owner reads on from. Without `happens` nothing disturbs it."""

    def __init__(self, kafka: MemoryKafka, view: MemoryView, partition: int, happens: Happening | None = None) -> None:
        self._kafka = kafka
        self.partition = partition
        broker: Broker = SteppedBroker(kafka, happens) if happens else MemoryBroker(kafka, Counting.name, LANES)
        seen: View = SteppedView(view, happens) if happens else view
        self.lane: Lane[Event] = Lane(Counting(), partition, broker, seen, ImpatientClock(), NoMetrics())
        self._positions: dict[str, int] = {}

    async def take(self) -> None:
        self._positions = dict((await self.lane.take()).positions)

    async def turn(self) -> bool:
        """Settle the next batch; False when nothing is left."""
        records: list[Record] = []
        positions = {}
        for topic in Counting.inputs:
            chunk = self._kafka.fetch(TopicPartition(topic, self.partition), self._positions[topic], records_max=RECORDS_MAX)
            records += chunk.records
            positions[topic] = chunk.next_offset
        if records:
            await self.lane.batch(records)
        self._positions = positions
        return bool(records)


class World:
    """Two lanes, what lies before them, and what they made of it."""

    def __init__(self) -> None:
        self.kafka = MemoryKafka()
        self.view = MemoryView(LANES)
        self.owners: list[Owner] = []
        self.steps: list[str] = []
        self.history: list[Snapshot] = []
        self.faults: dict[int, Fault] = {}
        publish(self.kafka)

    async def happens(self, step: str) -> None:
        fault = self.faults.get(len(self.steps))
        self.steps.append(step)
        self.history.append(self.view.snapshot())
        if fault is not None:
            await fault(self)

    async def run(self) -> None:
        """Take and drive all lanes to the end, starting anew after whatever happens."""
        self.owners = [Owner(self.kafka, self.view, lane, self.happens) for lane in range(LANES)]
        for _ in range(ATTEMPTS_MAX):
            try:
                for owner in self.owners:
                    await owner.take()
                await self._settle()
                await self._rest()
                self.faults = {}  # one at the very last step has been noticed by nobody
                await self._rest()
                return
            except Crash:
                self.owners = [Owner(self.kafka, self.view, lane, self.happens) for lane in range(LANES)]
            except Doubt:
                pass
        raise AssertionError("the lanes never came to rest")

    async def _rest(self) -> None:
        for owner in self.owners:
            await owner.lane.idle()

    async def _settle(self) -> None:
        for _ in range(TURNS_MAX):
            if not any([await owner.turn() for owner in self.owners]):
                return
        raise AssertionError("there is no end of records")

    def refused(self) -> list[tuple[str, int, int, str]]:
        """The dead letters: topic, partition and offset of the record, and why."""
        letters = [orjson.loads(record.value or b"")["data"] for record in self.kafka.records(f"{AMOUNTS}.dlq")]
        return sorted((letter["topic"], letter["partition"], letter["offset"], letter["reason"]) for letter in letters)


def publish(kafka: MemoryKafka) -> None:
    """Amounts right and wrong, most of them in the wrong partition; factors before, between and after them; a poison in the midst."""
    amounts = [
        *(amount(person, f"{group}{person}-{number}", 10 * number) for number in (1, 2) for person in PEOPLE for group in GROUPS),
        amount("P1", BOTH, 5),
        amount("P2", BOTH, 5),
        amount("P3", "Bpoison", 13),
        UNREADABLE,
        b"{",
        amount("P1", "AP1-1", 10),
        amount("P1", "AP1-2", 21),
    ]
    for number, value in enumerate(amounts):
        kafka.append(AMOUNTS, number % LANES, b"?", value)
    for revision, factor in ((1, 2), (2, 2), (3, 3)):
        for person in PEOPLE[:3]:
            value = orjson.dumps({"person": person, "revision": revision, "factor": factor})
            kafka.append(FACTORS, home_of(person, LANES), person.encode(), value)


def amount(person: str, key: str, number: int) -> bytes:
    return orjson.dumps({"person": person, "key": key, "amount": number})


async def healed_from_nothing(kafka: MemoryKafka) -> MemoryView:
    """The view as the topics alone give it."""
    view = MemoryView(LANES)
    for lane in range(LANES):
        await Owner(kafka, view, lane).take()
    return view


def right_people() -> dict[str, Person]:
    """What must be known in the end, but for `BOTH`, which one of two persons has, and for the numbers of revisions (0 here)."""
    people: dict[str, Person] = {}
    for person in PEOPLE:
        factor = (3, 3) if person in PEOPLE[:3] else (0, 1)
        amounts = {f"{group}{person}-{number}": 10 * number for group in GROUPS for number in (1, 2)}
        people[document_of(person)] = Person(factor, {key: (number, number * factor[1], 0) for key, number in amounts.items()})
    for group in GROUPS:
        keys = {f"{group}{person}-{number}" for person in PEOPLE for number in (1, 2)}
        people[document_of(group)] = Person(shares=frozenset(keys | ({BOTH} if group == BOTH[0] else set())))
    return people
