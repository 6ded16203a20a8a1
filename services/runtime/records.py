"""What lies in a topic, and what a lane writes into one. Topic names here never carry the configured prefix: adapters add it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

Headers = tuple[tuple[str, bytes], ...]


class TopicPartition(NamedTuple):
    """One partition of one topic, by the topic's name without prefix."""

    topic: str
    partition: int


class Record(NamedTuple):
    """A record as read. `offset` is its own; `timestamp_ms` the broker's (milliseconds since 1970, UTC)."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp_ms: int = 0


class Told(NamedTuple):
    """How a record counts that a service publishes: codes of ours alone, never a text that somebody sent."""

    event: str
    outcome: str
    reason: str = ""


class Refusal(NamedTuple):
    """How a dead letter counts."""

    topic: str
    reason: str


class Output(NamedTuple):
    """A record to write, its partition always explicit. `value` None is a tombstone of a compacted topic. `told`: how metrics count it, if at all."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    told: Told | Refusal | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive committed records of one partition, and the offset to read next (beyond markers, too)."""

    records: tuple[Record, ...]
    next_offset: int

    def first(self, bytes_max: int) -> "Chunk":
        """As many of its first records as have at most `bytes_max` bytes of values together, one at least."""
        size = 0
        for number, record in enumerate(self.records):
            size += len(record.value or b"")
            if number and size > bytes_max:
                return Chunk(self.records[:number], record.offset)
        return self


@dataclass(frozen=True, slots=True)
class Taken:
    """A lane in hand: where to read on, and the ends that `first` inputs must reach before the others are read."""

    positions: Mapping[str, int]
    first_ends: Mapping[str, int]


Offsets = Mapping[TopicPartition, int]
"""For each partition the next offset to read."""

Watermark = Mapping[str, int]
"""For each topic that a view follows: the offset up to which, exclusively, the view is true for one lane."""

Document = Mapping[str, bytes]
"""One hash of a view: field to value."""


@dataclass(frozen=True, slots=True)
class Want:
    """What a batch needs of a view.

    Attributes:
        documents: Hash key to the fields wanted; None means the whole hash.
        bookings: Index key to its would-be holder: set if absent, whoever holds it comes back.
        peeks: Index keys whose holder is wanted without booking them.
    """

    documents: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    bookings: Mapping[str, str] = field(default_factory=dict)
    peeks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Writes:
    """What a batch changes in a view: hash key to field to value (None deletes the field), and index keys to set."""

    documents: Mapping[str, Mapping[str, bytes | None]] = field(default_factory=dict)
    bookings: Mapping[str, str] = field(default_factory=dict)
