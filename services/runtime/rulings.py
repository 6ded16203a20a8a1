"""What operators have ruled about lanes, as the audit topic tells it: losses of input that they accept, foreign records to be passed over.

In: `console.audit.v1`, which is kept for ever. Out: `Rulings`. Promise: what cannot be read there stops nobody; a place that no ruling names is not
ruled. It is read whole, so only where a lane met something that an operator must decide. Not here: writing a ruling (`medaid lanes`).
"""

from collections.abc import Collection, Mapping, Sequence
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
    """A loss that is accepted: its first offset, the one behind its last, and where the ruling lies on the audit topic."""

    start: int
    stop: int
    ruling: Place


@dataclass(frozen=True, slots=True)
class Rulings:
    """All rulings.

    Attributes:
        losses: By service and partition, in the order in which they were ruled.
        skips: What is to be passed over, each with its first ruling's place.
    """

    losses: Mapping[tuple[str, TopicPartition], Sequence[Accepted]] = field(default_factory=dict)
    skips: Mapping[Skip, Place] = field(default_factory=dict)

    def accepted(self, service: str, partition: TopicPartition, start: int, stop: int) -> Accepted | None:
        """The ruling that accepts the loss of these offsets of an input, `stop` excluded; one about less, or about others, does not."""
        known = self.losses.get((service, partition), ())
        return next((accepted for accepted in known if accepted.start <= start and stop <= accepted.stop), None)

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
    losses: dict[tuple[str, TopicPartition], list[Accepted]] = {}
    skips: dict[Skip, Place] = {}
    ends = await broker.ends([TopicPartition(AUDIT, number) for number in range(broker.partitions)])
    for partition, end in ends.items():
        async for chunk in broker.read(partition, 0, end):
            for record in chunk.records:
                _take_in(record, losses, skips)
    return Rulings(losses, skips)


def _take_in(record: Record, losses: dict[tuple[str, TopicPartition], list[Accepted]], skips: dict[Skip, Place]) -> None:
    """Add what `record` rules, if it is a ruling. Read strictly: one that says more than is known here is not obeyed in part."""
    try:
        told = read_event(record.value, record.headers, AUDIT_TYPES).data
    except Refused:
        return  # of a later version, or no event at all
    lies = Place(record.topic, record.partition, record.offset)
    match told:
        case LossAccepted():
            lane = (told.service, TopicPartition(told.topic, told.partition))
            losses.setdefault(lane, []).append(Accepted(told.from_offset, told.to_offset, lies))
        case RecordSkipped():
            skips.setdefault(Skip(told.topic, told.partition, told.offset, told.sha256), lies)
        case _:
            pass  # what somebody did in the console
