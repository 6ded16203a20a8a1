"""The ports of a lane: a broker with transactions, a view with a watermark. The docstrings are the specification.

`memory.py` (replay, tests, simulation) and `kafka.py`, `redis_view.py` implement them and pass one behaviour suite each.
Every method raises `Doubt` when its outcome is unknown or a deadline has passed; nothing waits for ever.
"""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.runtime.records import Chunk, Document, Offsets, Output, TopicPartition, Want, Watermark, Writes

CHUNK_BYTES_MAX = 4_000_000
"""How many bytes of values a reader gives at a time: a timeline may have 4 MiB, and whoever asks holds a chunk whole."""


class Writer(Protocol):
    """The one transactional producer of a lane."""

    async def commit(self, outputs: Sequence[Output], offsets: Offsets) -> Offsets:
        """Write `outputs` and the group's `offsets` in one transaction.

        Returns:
            For each partition written to, the offset after its last record (commit markers lie beyond).

        Raises:
            Doubt: Fenced, timed out, or a reply was lost; the writer must not be used again.
        """
        ...

    async def close(self) -> None:
        """Let the connection go; never raises. An open transaction is left for the next owner to abort."""
        ...


class Broker(Protocol):
    """A service's access to Kafka, apart from the group's subscription, which the pump has. One instance a service (group)."""

    partitions: int

    async def fence(self, lane: int) -> Writer:
        """A new writer for `lane`: ends the open transaction of whoever held it, and fences him."""
        ...

    async def committed(self, partitions: Collection[TopicPartition]) -> Offsets:
        """The group's committed offsets, read now from the coordinator; a partition without one gives 0, where every topic began.

        Kafka answers a commit before its offsets can be read: who must know a former owner's last ones fences its lane first.
        """
        ...

    async def beginnings(self, partitions: Collection[TopicPartition]) -> Offsets:
        """The first offset that each partition's log still has: 0 until retention, or somebody, deletes its front. Compaction leaves it at 0."""
        ...

    async def ends(self, partitions: Collection[TopicPartition]) -> Offsets:
        """The read_committed end of each partition: every transaction before it is decided."""
        ...

    async def log_ends(self, partitions: Collection[TopicPartition]) -> Offsets:
        """The end of each partition's log, undecided transactions included: beyond it Kafka has nothing."""
        ...

    def read(self, partition: TopicPartition, start: int, stop: int) -> AsyncGenerator[Chunk, None]:
        """Committed records with start <= offset < stop, in order, in chunks of at most 500 and `CHUNK_BYTES_MAX` (one larger record goes alone).

        The last chunk's `next_offset` is at least `stop` (markers and compacted offsets carry no records); nothing is read
        when start >= stop. A `start` before the log's beginning reads from the beginning. Whoever stops early closes it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Taken:
    """A lane in hand: where to read on, and the ends that `first` inputs must reach before the others are read."""

    positions: Mapping[str, int]
    first_ends: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What `load` and `peek` bring. Missing hashes are empty, missing index keys absent."""

    run: str
    watermark: Watermark | None
    documents: dict[str, Document] = field(default_factory=dict)
    holders: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Closed:
    """The gate is shut: not every lane is healed in this run. Nothing was booked."""

    run: str


@dataclass(frozen=True, slots=True)
class Moved:
    """The lane's watermark is not the one given, or a process of another format has healed it since: somebody else wrote, or the store lost something.
    Nothing was booked.
    """

    run: str


class View(Protocol):
    """A service's state as hashes, an index, and a watermark a lane. May be lost at any time; the topics are the truth.

    A `run` names one life of the store: it changes on restart, failover and loss, also where the store was emptied as it ran. A watermark of
    no topics is none. Methods are atomic.
    """

    async def run(self) -> str:
        """The present run."""
        ...

    async def load(self, lane: int, at: Watermark, want: Want) -> Loaded | Closed | Moved:
        """The documents and holders wanted, index keys booked if absent, or why not. `Closed` is tested before `Moved`.

        Bookings are made in their order before peeks are read.
        """
        ...

    async def peek(self, lane: int, want: Want) -> Loaded:
        """As `load`, but whatever the gate and the watermark say, and booking nothing. Its watermark is None on a new lane."""
        ...

    async def apply(self, lane: int, at: Watermark | None, to: Watermark, writes: Writes, healed_in: str | None = None) -> bool:
        """Write `writes` and the watermark `to` if the lane's watermark is still `at` (None: has none); else nothing and False.

        `healed_in` marks the lane healed in that run; if the run is another one by now, nothing is written and False comes back.
        Repeating an `apply` is harmless. Index keys are set whoever held them.
        """
        ...

    async def empty(self) -> None:
        """Drop everything, for something in it cannot be read: another run begins, in which every lane heals from nothing.

        Raises:
            Stop: It was emptied by this process before. So what cannot be read is what this version writes.
        """
        ...
