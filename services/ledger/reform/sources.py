"""Where the ledger is: Kafka, or a file of output events."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from schemas.catalogue import AUDIT, RESULTS, TIMELINES
from services.ledger.reform.buckets import Buckets
from services.ledger.reform.crew import Tell
from services.ledger.reform.gathering import Wanted, gather_file, gather_kafka
from services.ledger.verify.files import check_is_ledger
from services.runtime.fronts import check_begin
from services.runtime.kafka import AioKafkaBroker
from services.runtime.records import TopicPartition
from services.runtime.rulings import Skip, rulings
from services.runtime.settings import Settings
from services.settlement.app import SettlementService

READ: Final = (RESULTS, TIMELINES, AUDIT)
"""What is read of Kafka."""

ALONE_BYTES: Final = 4 << 20
"""Below this a file is read by one process: starting others takes longer."""

BUCKET_BYTES: Final = 16 << 20
BUCKET_RECORDS: Final = 8_000
FILES_MAX: Final = 512
"""How many files all buckets have together, far below what a process may open."""


class Ledger(Protocol):
    """The ledger, to be read once."""

    @property
    def name(self) -> str:
        """As the command line calls it."""
        ...

    def size(self) -> int:
        """How much there is to read, in what `gather` tells of."""
        ...

    def jobs(self, jobs_max: int) -> int:
        """How many processes are worth their starting."""
        ...

    def parts(self) -> int:
        """Into how many buckets it should be parted, that each fits into memory."""
        ...

    def gather(self, wanted: Wanted, buckets: Buckets, jobs: int, tell: Tell) -> None:
        """Read it into buckets."""
        ...


@dataclass(frozen=True)
class FileLedger:
    """A file of output events."""

    path: Path

    @property
    def name(self) -> str:
        """The file."""
        return str(self.path)

    def check(self) -> "FileLedger":
        """Look whether it is one.

        Raises:
            Misnamed: It is not there.
            Declined: It holds something else.
        """
        check_is_ledger(self.path, "take")
        return self

    def size(self) -> int:
        """In bytes."""
        return self.path.stat().st_size

    def jobs(self, jobs_max: int) -> int:
        """As the port has it."""
        return jobs_max if self.size() > ALONE_BYTES else 1

    def parts(self) -> int:
        """As the port has it."""
        return self.size() // BUCKET_BYTES + 1

    def gather(self, wanted: Wanted, buckets: Buckets, jobs: int, tell: Tell) -> None:
        """As the port has it. Raises: Declined, an event is not as it was written."""
        gather_file(self.path, wanted, buckets, jobs, tell)


@dataclass(frozen=True)
class KafkaLedger:
    """The topics on Kafka. What there was when it was looked at is read: `looked`.

    Attributes:
        lanes: How many partitions there are.
        records: How many records, about.
    """

    settings: Settings
    lanes: int
    records: int
    skipped: frozenset[Skip]
    name: str = "kafka"

    def size(self) -> int:
        """In records."""
        return self.records

    def jobs(self, jobs_max: int) -> int:
        """A lane is read by one process."""
        return min(jobs_max, self.lanes)

    def parts(self) -> int:
        """As the port has it."""
        return self.records // BUCKET_RECORDS + 1

    def gather(self, wanted: Wanted, buckets: Buckets, jobs: int, tell: Tell) -> None:
        """As the port has it. Raises: Declined, a record is not as it was written; Doubt, Kafka is away."""
        gather_kafka(self.settings, wanted, self.skipped, self.lanes, buckets, jobs, tell)


def kafka_ledger(settings: Settings) -> KafkaLedger:
    """The ledger on Kafka.

    Raises:
        Doubt: Kafka is away.
        Stop: A topic is missing, or has lost its front.
    """
    return asyncio.run(_looked(settings))


async def _looked(settings: Settings) -> KafkaLedger:
    broker = AioKafkaBroker(SettlementService.name, settings)
    try:
        await broker.prepare(READ)
        lanes = range(broker.partitions)
        await check_begin((RESULTS, TIMELINES), lanes, broker)
        ends = await broker.ends([TopicPartition(topic, lane) for topic in (RESULTS, TIMELINES) for lane in lanes])
        return KafkaLedger(settings, broker.partitions, sum(ends.values()), (await rulings(broker)).skipped)
    finally:
        await broker.close()


def buckets_for(ledger: Ledger, jobs: int) -> Buckets:
    """As many as the ledger needs, each process with a file in every one."""
    return Buckets(max(jobs, min(ledger.parts(), FILES_MAX // jobs)), jobs)
