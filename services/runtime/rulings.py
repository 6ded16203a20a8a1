"""What operators have ruled about lanes, as the audit topic tells it: losses of input that they accept, foreign records to be passed over.

In: `console.audit.v1`, which is kept for ever. Out: `Rulings`. Promise: what cannot be read there stops nobody; a place that no ruling names is not
ruled. It is read whole, so only where a lane met something that an operator must decide. Not here: writing a ruling (`medaid lanes`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
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


class Skip(NamedTuple):
    """One record that is to be passed over; another one that lies there after a restore is not."""

    topic: str
    partition: int
    offset: int
    sha256: str

    @classmethod
    def of(cls, record: Record) -> "Skip":
        """What names `record`, and it alone."""
        return cls(*record[:3], sha256((record.key or b"") + b"\n" + (record.value or b"")).hexdigest())


class Accepted(NamedTuple):
    """A loss that is accepted: up to which offset, exclusively, and where the ruling lies on the audit topic."""

    up_to: int
    ruling: Place


@dataclass(frozen=True, slots=True)
class Rulings:
    """All rulings.

    Attributes:
        losses: By service and partition, the one that reaches farthest.
        skips: What is to be passed over, each with its first ruling's place.
    """

    losses: Mapping[tuple[str, TopicPartition], Accepted] = field(default_factory=dict)
    skips: Mapping[Skip, Place] = field(default_factory=dict)

    def accepted(self, service: str, partition: TopicPartition) -> int:
        """The offset up to which, exclusively, a loss of this input is accepted; 0 where none is."""
        found = self.losses.get((service, partition))
        return 0 if found is None else found.up_to

    @property
    def skipped(self) -> frozenset[Skip]:
        """What is to be passed over."""
        return frozenset(self.skips)


def is_skipped(record: Record, skipped: Collection[Skip]) -> bool:
    """Whether `record` is to be passed over."""
    return bool(skipped) and Skip.of(record) in skipped


async def rulings(broker: Broker) -> Rulings:
    """Every ruling that is committed to the audit topic by now.

    Raises:
        Doubt: Kafka is away.
    """
    losses: dict[tuple[str, TopicPartition], Accepted] = {}
    skips: dict[Skip, Place] = {}
    ends = await broker.ends([TopicPartition(AUDIT, number) for number in range(broker.partitions)])
    for partition, end in ends.items():
        async for chunk in broker.read(partition, 0, end):
            for record in chunk.records:
                _take_in(record, losses, skips)
    return Rulings(losses, skips)


def _take_in(record: Record, losses: dict[tuple[str, TopicPartition], Accepted], skips: dict[Skip, Place]) -> None:
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
            skips.setdefault(Skip(told.topic, told.partition, told.offset, told.sha256), lies)
        case _:
            pass  # what somebody did in the console
