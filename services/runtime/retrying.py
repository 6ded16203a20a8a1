"""What a service could not do when it was due, and tries again each time a lane is taken: it may have got what was missing."""

from contextlib import aclosing

from services.runtime.errors import Stop
from services.runtime.ports import Broker
from services.runtime.records import Record, TopicPartition, Watermark
from services.runtime.service import AnyService, Patient
from services.runtime.strays import check_ours

RETRIES_MAX = 20
"""How much of it makes one batch: each may be a whole year of a person."""


async def due_again(service: AnyService, lane: int, broker: Broker, watermark: Watermark) -> list[Record]:
    """The newest record of each key that tells of it, up to where the view is true, in the order of the topic. What the lane cannot have written, and an
    operator had it pass over, tells nothing here either.

    Raises:
        Doubt: Kafka is away.
    """
    if not isinstance(service, Patient):
        return []
    due: dict[bytes | None, Record] = {}
    place = TopicPartition(service.patience, lane)
    async with aclosing(broker.read(place, 0, watermark.get(service.patience, 0))) as chunks:
        async for chunk in chunks:
            for record in chunk.records:
                if not _is_ours(service, lane, broker.partitions, record):
                    continue
                due.pop(record.key, None)
                if service.is_due_again(record):
                    due[record.key] = record
    return list(due.values())


def _is_ours(service: AnyService, lane: int, partitions: int, record: Record) -> bool:
    try:
        check_ours(service, lane, partitions, [record])
    except Stop:
        return False
    return True
