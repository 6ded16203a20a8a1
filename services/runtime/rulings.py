"""What operators have ruled about lanes, as the audit topic tells it: losses of input that they accept, foreign records to be passed over.

In: `console.audit.v1`, which is kept for ever. Out: `Rulings`. Promise: what cannot be read there stops nobody; a place that no ruling names is not
ruled. It is read whole, so only where a lane met something that an operator must decide. Not here: writing a ruling (`medaid lanes`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.catalogue import AUDIT, AUDIT_TYPES
from schemas.console import LossAccepted, RecordSkipped
from schemas.envelope import read_event
from schemas.refusal import Refused
from services.runtime.ports import Broker
from services.runtime.records import Record, TopicPartition


class Place(NamedTuple):
    """Where one record lies."""

    topic: str
    partition: int
    offset: int


class Accepted(NamedTuple):
    """A loss that is accepted: up to which offset, exclusively, and where the ruling lies on the audit topic."""

    up_to: int
    ruling: Place


@dataclass(frozen=True, slots=True)
class Rulings:
    """All rulings.

    Attributes:
        losses: By service and partition, the one that reaches farthest.
        skips: The records to be passed over, each with its first ruling's place.
    """

    losses: Mapping[tuple[str, TopicPartition], Accepted] = field(default_factory=dict)
    skips: Mapping[Place, Place] = field(default_factory=dict)

    def accepted(self, service: str, partition: TopicPartition) -> int:
        """The offset up to which, exclusively, a loss of this input is accepted; 0 where none is."""
        found = self.losses.get((service, partition))
        return 0 if found is None else found.up_to

    @property
    def skipped(self) -> frozenset[tuple[str, int, int]]:
        """Topic, partition and offset of each record to be passed over."""
        return frozenset(self.skips)


async def rulings(broker: Broker) -> Rulings:
    """Every ruling that is committed to the audit topic by now.

    Raises:
        Doubt: Kafka is away.
    """
    losses: dict[tuple[str, TopicPartition], Accepted] = {}
    skips: dict[Place, Place] = {}
    ends = await broker.ends([TopicPartition(AUDIT, number) for number in range(broker.partitions)])
    for partition, end in ends.items():
        async for chunk in broker.read(partition, 0, end):
            for record in chunk.records:
                _take_in(record, losses, skips)
    return Rulings(losses, skips)


def _take_in(record: Record, losses: dict[tuple[str, TopicPartition], Accepted], skips: dict[Place, Place]) -> None:
    """Add what `record` rules, if it is a ruling."""
    try:
        told = read_event(record.value, record.headers, AUDIT_TYPES, bytes_max=None).data
    except Refused:
        return  # of a later version, or no event at all
    lies = Place(record.topic, record.partition, record.offset)
    match told:
        case LossAccepted():
            lane = (told.service, TopicPartition(told.topic, told.partition))
            losses[lane] = max(losses.get(lane, Accepted(0, lies)), Accepted(told.to_offset, lies), key=lambda accepted: accepted.up_to)
        case RecordSkipped():
            skips.setdefault(Place(told.topic, told.partition, told.offset), lies)
        case _:
            pass  # what somebody did in the console
