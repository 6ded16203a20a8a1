"""What a lane has been given to read and has not settled yet, bounded by the pump's pausing."""

from collections import deque
from collections.abc import Mapping, Sequence

from services.runtime.errors import Doubt
from services.runtime.records import Record

BYTES_MAX = 8_000_000
"""Full above this; one more fetch may come on top."""


class Inbox:
    """Records by topic, consecutive in each."""

    def __init__(self, topics: Sequence[str], batch_records_max: int) -> None:
        self._topics = tuple(topics)
        self._batch_records_max = batch_records_max
        self._queues: dict[str, deque[Record]] = {}
        self._next: dict[str, int] = {}
        self._gaps: dict[str, int] = {}
        self._count = self._bytes = 0
        self.begin({})

    @property
    def is_full(self) -> bool:
        """Whether no more should come: two batches lie here, or too many bytes."""
        return self._count >= 2 * self._batch_records_max or self._bytes >= BYTES_MAX

    @property
    def is_low(self) -> bool:
        """Whether more should come, for the next batch would not be a whole one."""
        return self._count < self._batch_records_max and self._bytes < BYTES_MAX // 2

    def begin(self, positions: Mapping[str, int]) -> None:
        """Forget everything; the next record of each topic is at its position or later."""
        self._queues = {topic: deque() for topic in self._topics}
        self._next, self._gaps = dict(positions), {}
        self._count = self._bytes = 0

    def put(self, records: Sequence[Record]) -> None:
        """Add records, in the order of their offsets.

        Raises:
            Doubt: One lies before what was read already: the topic was cut and begins anew, and the client went back without a word.
        """
        for record in records:
            if record.offset < self._next[record.topic]:
                raise Doubt(
                    f"{record.topic}[{record.partition}] went back to {record.offset}, {self._next[record.topic]} was expected", "rewound"
                )
            if record.offset > self._next[record.topic]:
                self._gaps.setdefault(record.topic, self._next[record.topic])
            self._next[record.topic] = record.offset + 1
            self._queues[record.topic].append(record)
            self._count += 1
            self._bytes += _size(record)

    def take(self, records_max: int) -> list[Record]:
        """The next batch, topics in their order of precedence; empty when nothing is here."""
        batch: list[Record] = []
        for topic in self._topics:
            queue = self._queues[topic]
            while queue and len(batch) < records_max:
                batch.append(queue.popleft())
        self._count -= len(batch)
        self._bytes -= sum(map(_size, batch))
        return batch

    def give_back(self, rest: Sequence[Record]) -> None:
        """What was taken and not settled, in its order: it lies in front again."""
        for record in reversed(rest):
            self._queues[record.topic].appendleft(record)
        self._count += len(rest)
        self._bytes += sum(map(_size, rest))

    def gaps(self) -> Mapping[str, int]:
        """For each topic in which offsets were missing since this was last asked, the first of them."""
        gaps, self._gaps = self._gaps, {}
        return gaps

    def holds_before(self, topic: str, offset: int) -> bool:
        """Whether a record of `topic` below `offset` lies here."""
        queue = self._queues[topic]
        return bool(queue) and queue[0].offset < offset


def _size(record: Record) -> int:
    """Bytes that a record holds, headers left out."""
    return len(record.key or b"") + len(record.value or b"")
