"""Kafka in memory: partitions, offsets, transactions with fencing, committed offsets. For replay, tests and simulation.

In: what outside producers `append` and what lanes write in transactions. Out: committed records as read_committed readers see them.
Promise: what Kafka does to a lane, this does too: a reader stops at the first open transaction, a marker takes one offset after each
transaction. Nothing waits, so nothing is left to chance. Not here: the port (`memory.py`), groups and rebalances, compaction.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from services.runtime.errors import Doubt
from services.runtime.memory_log import Log
from services.runtime.records import Chunk, Headers, Offsets, Output, Record, TopicPartition

CHUNK_RECORDS_MAX = 500
"""As much as `Broker.read` gives at a time."""


class Producer(NamedTuple):
    """A transactional id and the epoch that its holder got; a higher epoch fences him."""

    transactional_id: str
    epoch: int


class Tail:
    """A reader of everything that transactions write, in the order of their commits, whatever the topic."""

    def __init__(self) -> None:
        self._records: list[Record] = []

    def push(self, records: Sequence[Record]) -> None:
        """Take the records of one committed transaction."""
        self._records += records

    def drain(self) -> list[Record]:
        """What was committed since the last drain."""
        records, self._records = self._records, []
        return records


class MemoryKafka:
    """The log store that all brokers of a process share. Topics come into being at first use.

    Args:
        now_ms: When what a transaction writes is written, milliseconds since 1970; 0 tells no time, so that the same input gives the same records.

    Attributes:
        readable: Partitions in which something became readable since whoever steps the lanes last cleared the set.
    """

    def __init__(self, now_ms: Callable[[], int] = lambda: 0) -> None:
        self._now_ms = now_ms
        self.readable: set[TopicPartition] = set()
        self._logs: defaultdict[TopicPartition, Log] = defaultdict(Log)
        self._epochs: dict[str, int] = {}
        self._open: dict[str, list[Record]] = {}
        self._offsets: defaultdict[str, dict[TopicPartition, int]] = defaultdict(dict)
        self._tails: list[Tail] = []

    def append(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers = (), timestamp_ms: int = 0
    ) -> Record:
        """Write a record as an outside producer does, without a transaction."""
        target = TopicPartition(topic, partition)
        log = self._logs[target]
        record = Record(topic, partition, log.end, key, value, headers, timestamp_ms)
        log.entries.append(record)
        self.readable.add(target)
        return record

    def init(self, transactional_id: str) -> Producer:
        """Abort whatever is open under this id, fence its holder, and give the next epoch."""
        self._finish(transactional_id, commit=False)
        epoch = self._epochs.get(transactional_id, -1) + 1
        self._epochs[transactional_id] = epoch
        return Producer(transactional_id, epoch)

    def send(self, producer: Producer, output: Output) -> Record:
        """Write `output` into the open transaction of `producer`, opening one if need be.

        Raises:
            Doubt: Fenced.
        """
        self._check(producer)
        target = TopicPartition(output.topic, output.partition)
        log = self._logs[target]
        record = Record(output.topic, output.partition, log.end, output.key, output.value, output.headers, self._now_ms())
        log.entries.append(record)
        log.open.setdefault(producer.transactional_id, record.offset)
        self._open.setdefault(producer.transactional_id, []).append(record)
        return record

    def commit(self, producer: Producer, group: str, offsets: Offsets) -> None:
        """Commit the open transaction of `producer` together with the group's offsets.

        Raises:
            Doubt: Fenced.
        """
        self._check(producer)
        self._finish(producer.transactional_id, commit=True)
        self._offsets[group].update(offsets)

    def committed(self, group: str, partition: TopicPartition) -> int:
        """The group's committed offset, or 0."""
        return self._offsets[group].get(partition, 0)

    def reset(self, group: str, partition: TopicPartition, offset: int) -> None:
        """Set the group's committed offset, as an operator may."""
        self._offsets[group][partition] = offset

    def beginning(self, partition: TopicPartition) -> int:
        """The first offset that the log still has."""
        return self._logs[partition].beginning

    def end(self, partition: TopicPartition) -> int:
        """The read_committed end."""
        return self._logs[partition].stable_end

    def log_end(self, partition: TopicPartition) -> int:
        """The log's end."""
        return self._logs[partition].end

    def fetch(self, partition: TopicPartition, start: int, stop: int | None = None, records_max: int = CHUNK_RECORDS_MAX) -> Chunk:
        """Committed records from `start` on, before `stop` and the first open transaction; all that can be read now."""
        return self._logs[partition].fetch(start, stop, records_max)

    def records(self, topic: str) -> list[Record]:
        """All committed records of a topic that are still held, partition by partition."""
        held: list[Record] = []
        for partition in sorted(partition for partition in self._logs if partition.topic == topic):
            held += self.fetch(partition, 0, records_max=len(self._logs[partition].entries)).records
        return held

    def follow(self) -> Tail:
        """A tail that sees every transaction committed from now on."""
        tail = Tail()
        self._tails.append(tail)
        return tail

    def truncate(self, topic: str, partition: int, before: int) -> None:
        """Delete the entries before an offset, as retention does; never one that is still to be decided."""
        log = self._logs[TopicPartition(topic, partition)]
        log.drop(before)
        log.beginning = log.start

    def forget(self, partition: TopicPartition) -> None:
        """Let go of what can be read: everybody has read it. Nothing is lost, and the log begins where it began."""
        log = self._logs[partition]
        log.drop(log.stable_end)

    def _check(self, producer: Producer) -> None:
        if self._epochs.get(producer.transactional_id) != producer.epoch:
            raise Doubt(f"{producer.transactional_id} is fenced", "fenced")

    def _finish(self, transactional_id: str, *, commit: bool) -> None:
        """Decide the open transaction, if there is one, and write its markers."""
        records = self._open.pop(transactional_id, [])
        for target in {TopicPartition(record.topic, record.partition): None for record in records}:
            log = self._logs[target]
            del log.open[transactional_id]
            log.entries.append(None)
            self.readable.add(target)
        if commit:
            for tail in self._tails:
                tail.push(records)
            return
        for record in records:
            log = self._logs[TopicPartition(record.topic, record.partition)]
            log.entries[record.offset - log.start] = None
