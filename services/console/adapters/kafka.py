"""The outside of a site: the view in Redis, records and offsets in Kafka."""

from collections.abc import Mapping, Sequence

from services.console.adapters.outside import Neighbours, Pace
from services.runtime.errors import Doubt
from services.runtime.kafka import AioKafkaBroker
from services.runtime.kafka.lag import Lags
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
        self._brokers = {service: AioKafkaBroker(service, settings) for service in neighbours.inputs}
        self._lags = {service: Lags(broker, neighbours.inputs[service], self._reader) for service, broker in self._brokers.items()}
        self._points: Points | None = None

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
        lanes = range(self.partitions)
        return [Pace(service, *lag) for service, lags in self._lags.items() for lag in await lags.of(lanes)]

    async def close(self) -> None:
        """Let the connections go. Raises: Doubt."""
        if self._points is not None:
            await self._points.close()

    def _reader(self) -> Points:
        if self._points is None:
            broker = next(iter(self._brokers.values()))
            self._points = broker.points()
        return self._points
