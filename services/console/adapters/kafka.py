"""The outside of a site: the view in Redis, records and offsets in Kafka."""

import time
from collections.abc import Mapping, Sequence

from services.console.adapters.outside import Neighbours, Pace
from services.runtime.errors import Doubt
from services.runtime.kafka import AioKafkaBroker
from services.runtime.kafka.points import Points
from services.runtime.kafka.sending import send
from services.runtime.records import Document, Record, TopicPartition, Want
from services.runtime.redis_view import RedisView
from services.runtime.settings import Settings


class KafkaOutside:
    """The port `Outside`. Nothing can be asked before `open`, when Kafka has told how many lanes there are."""

    def __init__(self, settings: Settings, neighbours: Neighbours) -> None:
        self.partitions = 0
        self._settings = settings
        self._view: RedisView | None = None
        self._inputs = neighbours.inputs
        self._brokers = {service: AioKafkaBroker(service, settings) for service in neighbours.inputs}
        self._points: Points | None = None
        self._only_markers: dict[tuple[str, TopicPartition], tuple[int, int]] = {}

    def open(self, view: RedisView, partitions: int) -> None:
        """Read documents from `view`, which somebody else closes, of so many lanes."""
        self._view, self.partitions = view, partitions

    async def documents(self, want: Want) -> Mapping[str, Document]:
        """As the port has it.

        Raises:
            Doubt: Redis is away, or nothing was opened yet.
        """
        if self._view is None:
            raise Doubt("the topics have not been looked at yet")
        return (await self._view.peek(0, want)).documents

    async def record(self, partition: TopicPartition, offset: int) -> Record | None:
        """As the port has it."""
        found = await self._reader().from_offset(partition, offset)
        return found if found is not None and found.offset == offset else None

    async def send(self, record: Record) -> str:
        """As the port has it."""
        return await send(self._settings, record)

    async def paces(self) -> Sequence[Pace]:
        """As the port has it."""
        return [pace for service in self._brokers for pace in await self._paces_of(service)]

    async def close(self) -> None:
        """Let the connections go. Raises: Doubt."""
        if self._points is not None:
            await self._points.close()

    async def _paces_of(self, service: str) -> Sequence[Pace]:
        """How far each lane of a service is; one question for all committed offsets, and one for all ends."""
        lanes = range(self.partitions)
        places = [TopicPartition(topic, lane) for topic in self._inputs[service] for lane in lanes]
        broker = self._brokers[service]
        committed, ends = await broker.committed(places), await broker.ends(places)
        behind, ages_s = dict.fromkeys(lanes, 0), dict.fromkeys(lanes, 0.0)
        for place in places:
            span = (committed[place], ends[place])
            age_s = None if span[0] >= span[1] or self._only_markers.get((service, place)) == span else await self._age_s(place, span[0])
            if age_s is None:
                self._only_markers[service, place] = span
                continue
            behind[place.partition] += span[1] - span[0]
            ages_s[place.partition] = max(ages_s[place.partition], age_s)
        read = {lane: sum(offset for place, offset in committed.items() if place.partition == lane) for lane in lanes}
        return [Pace(service, lane, behind[lane], ages_s[lane], read[lane]) for lane in lanes]

    async def _age_s(self, place: TopicPartition, offset: int) -> float | None:
        """How long the next record to read has lain there, seconds; None where only the markers of transactions lie."""
        found = await self._reader().from_offset(place, offset)
        return None if found is None else max(0.0, time.time() - found.timestamp_ms / 1000)

    def _reader(self) -> Points:
        if self._points is None:
            broker = next(iter(self._brokers.values()))
            self._points = broker.points()
        return self._points
