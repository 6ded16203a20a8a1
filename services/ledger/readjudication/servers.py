"""The ledger in Kafka reckoned anew, and the requests sent there, as a site runs it. Redis is not asked."""

from collections.abc import Callable, Iterable

from schemas.catalogue import AUDIT, OPERATOR_EVENTS
from services.ledger.readjudication.reckoning import Reckoning, reckon_kafka
from services.ledger.readjudication.requests import send_all
from services.ledger.verify.fold import FOLDED
from services.runtime.clock import SystemClock
from services.runtime.kafka import AioKafkaBroker
from services.runtime.kafka.sending import sender
from services.runtime.records import Record, TopicPartition
from services.runtime.settings import Settings
from services.settlement.app import SettlementService


async def reckon_servers(reckoning: Reckoning, settings: Settings, expect: Callable[[int], None] = lambda _: None) -> int:
    """Reckon the ledger in Kafka; `expect` is told about how many records there are to read. Returns: how many partitions the topics have.

    Raises:
        Declined: The ledger is not in order, or knows no such year.
        Doubt: Kafka is away.
        Stop: The topics are not there, or one has lost its front.
    """
    broker = AioKafkaBroker(SettlementService.name, settings)  # under its name, for its committed offsets
    await broker.prepare((*FOLDED, OPERATOR_EVENTS, AUDIT))
    try:
        lanes = reckoning.scope.lanes(broker.partitions)
        expect(sum((await broker.ends([TopicPartition(topic, lane) for topic in FOLDED for lane in lanes])).values()))
        await reckon_kafka(reckoning, broker)
        return broker.partitions
    finally:
        await broker.close()


async def send_servers(settings: Settings, told: Record, records: Iterable[Record], rate: float, sent: Callable[[int], None]) -> None:
    """Tell the audit, then send requests, at most `rate` a second; `sent` is told how many of them are in Kafka.

    Raises:
        Doubt: Kafka is away. The rest was not sent; the last one may have been.
        Stop: One is larger than its topic takes.
    """
    async with sender(settings) as send:
        await send(told)
        await send_all(send, records, rate, SystemClock(), sent)
