"""The ledger in Kafka and Redis verified, as a site runs them."""

from collections.abc import Callable, Collection

from services.ledger.shelves import RedisShelves
from services.ledger.verify.fold import FOLDED, TOPICS
from services.ledger.verify.verification import Verification, verify_held, verify_kafka
from services.runtime.kafka import AioKafkaBroker
from services.runtime.records import TopicPartition
from services.runtime.settings import Settings
from services.settlement.app import SettlementService


async def verify_servers(verification: Verification, settings: Settings, expect: Callable[[int], None] = lambda _: None) -> None:
    """Verify Kafka and Redis; `expect` is told about how many records there are to read.

    Raises:
        Doubt: A server is away, or the view is just being rebuilt or of another format.
        Stop: The topics are not there, or one has lost its front.
    """
    broker = AioKafkaBroker(SettlementService.name, settings)  # under its name, for its committed offsets
    await broker.prepare(TOPICS)
    held = RedisShelves.of(settings, SettlementService.name, SettlementService.format, broker.partitions)
    try:
        await held.check_format()
        expect(sum((await broker.ends(_partitions(FOLDED, broker.partitions))).values()))
        await verify_kafka(verification, broker, held)
    finally:
        await held.close()
        await broker.close()


async def verify_redis(verification: Verification, settings: Settings) -> None:
    """Verify what Redis holds, by itself.

    Raises:
        Doubt: Redis is away, or the view is just being rebuilt or of another format.
    """
    held = RedisShelves.of(settings, SettlementService.name, SettlementService.format, settings.partitions)
    try:
        await held.check_format()
        await verify_held(verification, held)
    finally:
        await held.close()


def _partitions(topics: Collection[str], count: int) -> list[TopicPartition]:
    return [TopicPartition(topic, partition) for topic in topics for partition in range(count)]
