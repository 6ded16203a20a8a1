"""What the console's pages ask of the world: documents, single records, who is how far; and what they tell it.

The port's docstrings are its specification; `kafka.py` is the one of a site, `embedded.py` that of the demo. Every method raises `Doubt` when a server is away.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.runtime.errors import Refused
from services.runtime.records import Document, Record, TopicPartition, Want


@dataclass(frozen=True, slots=True)
class Pace:
    """How far one lane of a service is.

    Attributes:
        behind: Records that it has yet to read, of all its inputs.
        behind_s: How old the oldest of them is, seconds; 0 when there is none.
        read: Records read so far, of all its inputs: offsets added up.
    """

    service: str
    lane: int
    behind: int
    behind_s: float
    read: int


class Outside(Protocol):
    """The world as the console sees it."""

    partitions: int
    """How many lanes there are; 0 until Kafka has told."""

    async def documents(self, want: Want) -> Mapping[str, Document]:
        """The documents wanted; a missing one is empty."""
        ...

    async def record(self, partition: TopicPartition, offset: int) -> Record | None:
        """The committed record at this very offset; None where it is gone."""
        ...

    async def send(self, record: Record) -> str:
        """Write `record` to its partition. Returns: where it lies, topic, partition and offset with slashes between."""
        ...

    async def paces(self) -> Sequence[Pace]:
        """How far every lane of every service is."""
        ...


Reform = Callable[[bytes], Awaitable[bytes]]
"""A wish tried on the ledger; gives the summary, as JSON."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What the console knows of the services, which are strangers to it; whoever runs them all tells it.

    Attributes:
        inputs: Each service's input topics.
        refusal: Why the service that reads its topic would refuse a record at once; None where it would not.
        verify: Verify the ledger; returns how many differences there are. None where no ledger can be had.
        reform: Try another policy on the ledger. None where no ledger can be had.
    """

    inputs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    refusal: Callable[[Record], Refused | None] = lambda _: None
    verify: Callable[[], Awaitable[int]] | None = None
    reform: Reform | None = None
