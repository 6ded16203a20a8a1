"""Input that Kafka deleted before a service had read it: what is missing between the committed offset and the beginning of the log.

A partition of which the group has committed nothing counts as read up to 0: either nobody has read it, and what lay before its beginning was lost,
or the group was away so long that Kafka forgot its offsets, and nobody can tell. An operator can, and says so (`rulings.py`). Not here: topics that are
kept for ever, which begin at 0 (`fronts.py`).
"""

from collections.abc import Collection
from contextlib import aclosing
from typing import NamedTuple

import structlog

from services.runtime.errors import Doubt, Stop
from services.runtime.fronts import check_ends
from services.runtime.ports import Broker
from services.runtime.records import Offsets, TopicPartition
from services.runtime.rulings import rulings
from services.runtime.service import AnyService

log = structlog.get_logger(__name__)


class Loss(NamedTuple):
    """Offsets of one input that are gone: the first, and the one behind the last."""

    partition: TopicPartition
    start: int
    stop: int

    def __str__(self) -> str:
        count, never = self.stop - self.start, "of it nothing was ever read, as far as Kafka knows; " if self.start == 0 else ""
        where = f"{self.partition.topic}[{self.partition.partition}]"
        return f"{where} begins at {self.stop}, read was up to {self.start}: {never}{count} offsets ({self.start} to {self.stop - 1}) deleted unread"


def losses_of(committed: Offsets, beginnings: Offsets) -> list[Loss]:
    """What is missing of each partition; offsets, of which some may have been markers of transactions."""
    return [Loss(place, offset, beginnings[place]) for place, offset in committed.items() if offset < beginnings[place]]


async def positions(service: AnyService, lane: int, broker: Broker) -> tuple[Offsets, Offsets]:
    """Where a lane reads on, and where its inputs end: at its committed offsets, or where the log begins behind a loss that an operator has accepted.

    Raises:
        Stop: Less lies there than was read, or something was deleted unread and nobody has accepted that.
        Doubt: Kafka is away.
    """
    inputs = [TopicPartition(topic, lane) for topic in service.inputs]
    committed, beginnings = await broker.committed(inputs), await broker.beginnings(inputs)
    ends = await broker.log_ends(inputs)  # a broker that was killed may call decided less than was read
    check_ends(committed, ends)
    missing = [loss for loss in losses_of(committed, beginnings) if loss.partition.topic not in service.lasting]
    if still := await unaccepted(service.name, broker, missing) if missing else ():
        told = "; ".join(map(str, still))
        raise Stop(f"input lost: {told}. Find out why, then `medaid lanes accept-loss --service {service.name} ...` for each")
    for loss in missing:
        log.warning("going on behind an accepted loss", service=service.name, loss=str(loss))
    return {**committed, **{loss.partition: loss.stop for loss in missing}}, ends


async def check_undeleted(expected: Offsets, broker: Broker) -> None:
    """Look whether anything from these offsets on was deleted: the client then goes on at the log's beginning without a word.

    Raises:
        Doubt: Something was, or Kafka is away.
    """
    if missing := losses_of(expected, await broker.beginnings(list(expected))):
        raise Doubt(f"deleted before it was read: {'; '.join(map(str, missing))}", "deleted")


async def without_records(reached: Offsets, broker: Broker) -> Offsets:
    """The ends of those partitions in which nothing but markers and aborted records lies from the given offsets on.

    Raises:
        Doubt: Something was deleted unread, or Kafka is away.
    """
    ends = await broker.ends(list(reached))
    empty = {
        place: end for place, end in ends.items() if end > reached[place] and not await _has_records(broker, place, reached[place], end)
    }
    await check_undeleted(reached, broker)  # last: so nothing was deleted before it was looked for
    return empty


async def _has_records(broker: Broker, place: TopicPartition, start: int, end: int) -> bool:
    async with aclosing(broker.read(place, start, end)) as chunks:
        async for chunk in chunks:
            if chunk.records:
                return True
    return False


async def unaccepted(service: str, broker: Broker, missing: Collection[Loss]) -> list[Loss]:
    """Those of `missing` that no ruling covers.

    Raises:
        Doubt: Kafka is away.
    """
    ruled = await rulings(broker)
    return [loss for loss in missing if ruled.accepted(service, *loss) is None]
