"""Input that Kafka deleted before a service had read it: what is missing between the committed offset and the beginning of the log.

A partition of which the group has committed nothing counts as read up to 0: either nobody has read it, and what lay before its beginning was lost,
or the group was away so long that Kafka forgot its offsets, and nobody can tell. An operator can, and says so (`rulings.py`). Not here: topics that a
view is healed from, which must begin where they always did (`healing.py`).
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from services.runtime.errors import Stop
from services.runtime.ports import Broker
from services.runtime.records import Offsets, TopicPartition
from services.runtime.rulings import rulings


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


async def positions_after(service: str, broker: Broker, committed: Offsets) -> Mapping[TopicPartition, int]:
    """Where a lane reads on: at its committed offsets, or where the log begins behind a loss that an operator has accepted.

    Raises:
        Stop: Something was deleted unread, and nobody has accepted that.
        Doubt: Kafka is away.
    """
    missing = losses_of(committed, await broker.beginnings(list(committed)))
    open_losses = await unaccepted(service, broker, missing) if missing else ()
    if open_losses:
        raise Stop(
            f"input lost: {'; '.join(map(str, open_losses))}; find out why, then `medaid lanes accept-loss --service {service} …` for each"
        )
    return {**committed, **{loss.partition: loss.stop for loss in missing}}


async def unaccepted(service: str, broker: Broker, missing: Collection[Loss]) -> list[Loss]:
    """Those of `missing` that no ruling covers.

    Raises:
        Doubt: Kafka is away.
    """
    ruled = await rulings(broker)
    return [loss for loss in missing if ruled.accepted(service, loss.partition) < loss.stop]
