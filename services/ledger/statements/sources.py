"""Where a statement's records come from: the ledger on Kafka, or a file of output events, which is one partition whose offsets are the lines' numbers.

Promise: committed records only, without those that operators pass over; a ledger that has lost its front is no source.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from schemas.catalogue import AUDIT, RESULTS, WARNINGS
from services.ledger.verify.files import check_is_ledger, records_of
from services.ledger.verify.fold import Topics
from services.runtime.fronts import check_begin
from services.runtime.kafka import AioKafkaBroker
from services.runtime.ports import Broker
from services.runtime.records import Record, TopicPartition
from services.runtime.rulings import Skip, rulings
from services.runtime.settings import Settings

READ: Final = (RESULTS, WARNINGS)


class Ledger(Protocol):
    """Results and warnings, to be read as often as asked."""

    @property
    def name(self) -> str:
        """As the command line calls it."""
        ...

    @property
    def partitions(self) -> Sequence[int]:
        """The numbers of its partitions."""
        ...

    @property
    def home_count(self) -> int | None:
        """How many partitions decide where somebody is at home; None where records have neither place nor key."""
        ...

    def records(self, topic: str, partition: int) -> AsyncIterator[Record]:
        """All records of a partition, in order, up to its present end."""
        ...


@dataclass(frozen=True)
class FileLedger:
    """A file of output events."""

    path: Path
    step: Callable[[int], None] = lambda _: None
    partitions: Sequence[int] = (0,)
    home_count: int | None = None

    @property
    def name(self) -> str:
        """The file."""
        return str(self.path)

    async def records(self, topic: str, partition: int) -> AsyncIterator[Record]:
        """As the port has it."""
        async for record in records_of(self.path, [topic]):
            self.step(1)
            yield record


class KafkaLedger:
    """The topics on Kafka, without the records that operators pass over."""

    name = "kafka"

    def __init__(self, broker: Broker, skipped: frozenset[Skip], step: Callable[[int], None] = lambda _: None) -> None:
        """Begin; `step` is told how many records were read."""
        self.partitions: Sequence[int] = range(broker.partitions)
        self.home_count: int | None = broker.partitions
        self._broker, self._skipped, self._step = broker, skipped, step

    async def records(self, topic: str, partition: int) -> AsyncIterator[Record]:
        """As the port has it. Raises: Doubt, Kafka is away."""
        async for record in Topics(self._broker, partition, self._skipped).records(topic):
            self._step(1)
            yield record


def file_ledger(path: Path, step: Callable[[int], None] = lambda _: None) -> FileLedger:
    """The ledger in a file.

    Raises:
        Misnamed: It is not there.
        Declined: It holds no results.
    """
    check_is_ledger(path)
    return FileLedger(path, step)


@asynccontextmanager
async def kafka_ledger(settings: Settings, expect: Callable[[int], None], step: Callable[[int], None]) -> AsyncGenerator[KafkaLedger]:
    """The ledger on Kafka; `expect` is told about how many records there are to read.

    Raises:
        Doubt: Kafka is away.
        Stop: A topic is missing, or has lost its front.
    """
    broker = AioKafkaBroker("year", settings)
    try:
        await broker.prepare([*READ, AUDIT])
        lanes = range(broker.partitions)
        await check_begin(READ, lanes, broker)
        expect(sum((await broker.ends([TopicPartition(topic, lane) for topic in READ for lane in lanes])).values()))
        yield KafkaLedger(broker, (await rulings(broker)).skipped, step)
    finally:
        await broker.close()
