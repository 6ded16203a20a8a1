"""Dead letters in Kafka: a listing of several topics, the letters of one id. Read to the end found at the beginning, one after the other."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import date

from schemas.catalogue import AUDIT
from services.ledger.errors import Declined
from services.ledger.letters.approval import Told
from services.ledger.letters.audit import told_of
from services.ledger.letters.listing import Listing, letters_of, listing, topic_in
from services.runtime.home import home_of
from services.runtime.kafka import AioKafkaBroker
from services.runtime.letters import Letter, refusable
from services.runtime.records import Record, TopicPartition
from services.runtime.settings import Settings


async def kafka_listing(
    settings: Settings, topics: Collection[str], row: Callable[[Letter], str], limit: int, reason: str | None, since: date | None
) -> Listing:
    """As `listing` has it, of the records refused from `topics`.

    Raises:
        Doubt: Kafka is away.
        Stop: A dead-letter topic is not there.
    """
    async with _records(settings, topics) as (records, _):
        return await listing(records, row, limit, reason, since)


async def kafka_letters(settings: Settings, letter_id: str) -> tuple[list[Letter], int]:
    """All letters of one id, at least one, the newest last; and how many partitions the topics have.

    Raises:
        Declined: There is none.
        Doubt: Kafka is away.
        Stop: The dead-letter topic is not there.
    """
    async with _records(settings, [topic_in(letter_id)]) as (records, partitions):
        letters = await letters_of(letter_id, records)
    if not letters:
        raise Declined(f"{letter_id}: no such dead letter")
    return letters, partitions


async def kafka_told(settings: Settings, letter_id: str) -> list[Told]:
    """What the audit says of sending a letter's record again: that in its own partition, which has an order, behind what lies elsewhere.

    Raises:
        Doubt: Kafka is away.
        Stop: The audit's topic is not there.
    """
    async with _committed(settings, [AUDIT]) as broker:
        home = home_of(letter_id, broker.partitions)
        places = [TopicPartition(AUDIT, number) for number in sorted(range(broker.partitions), key=lambda number: number == home)]
        return await told_of(letter_id, _read(broker, places))


@asynccontextmanager
async def _records(settings: Settings, topics: Collection[str]) -> AsyncGenerator[tuple[AsyncIterator[Record], int]]:
    """Everything committed to the dead-letter topics of `topics` up to now, and the partitions of each."""
    dead_letters = [refusable()[topic] for topic in topics]
    async with _committed(settings, dead_letters) as broker:
        places = [TopicPartition(topic, number) for topic in dead_letters for number in range(broker.partitions)]
        yield _read(broker, places), broker.partitions


@asynccontextmanager
async def _committed(settings: Settings, topics: Sequence[str]) -> AsyncGenerator[AioKafkaBroker]:
    broker = AioKafkaBroker("dlq", settings)
    await broker.prepare(topics)
    try:
        yield broker
    finally:
        await broker.close()


async def _read(broker: AioKafkaBroker, places: Collection[TopicPartition]) -> AsyncIterator[Record]:
    ends = await broker.ends(places)
    for place, end in ends.items():
        async for chunk in broker.read(place, 0, end):
            for record in chunk.records:
                yield record
