"""`MemoryKafka` with what only a real broker does: transactions that time out, a restart that forgets how far partitions are decided."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from random import Random

from services.runtime.memory_kafka import CHUNK_RECORDS_MAX, MemoryKafka, Producer
from services.runtime.records import Chunk, Offsets, Output, Record, TopicPartition

TRANSACTION_S = 15.0
"""As `transaction_timeout_ms` is set: then the broker aborts, and whoever held the transaction is fenced."""

UNDECIDED_S = 6.0
"""After so long a broker that came back has written the markers it owed."""


class SimulatedKafka(MemoryKafka):
    """Attributes: woken: called whenever something may have become readable."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.woken: Callable[[], None] = lambda: None
        self._loop = loop
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._decided: dict[TopicPartition, int] = {}
        """Where a broker that came back answers less than the truth: up to where it calls the partition decided."""
        self._history: defaultdict[tuple[str, TopicPartition], list[int]] = defaultdict(lambda: [0])

    def send(self, producer: Producer, output: Output) -> Record:
        record = super().send(producer, output)
        self._decided.pop(TopicPartition(output.topic, output.partition), None)
        name = producer.transactional_id
        if name not in self._timers:
            self._timers[name] = self._loop.call_later(TRANSACTION_S, self.init, name)
        return record

    def commit(self, producer: Producer, group: str, offsets: Offsets) -> None:
        super().commit(producer, group, offsets)
        for partition, offset in offsets.items():
            self._history[group, partition].append(offset)

    def reset(self, group: str, partition: TopicPartition, offset: int) -> None:
        super().reset(group, partition, offset)
        self._history[group, partition] = [known for known in self._history[group, partition] if known <= offset] + [offset]

    def stale(self, group: str, partition: TopicPartition, rng: Random) -> int:
        """An offset that the group had committed at some time."""
        return rng.choice(self._history[group, partition])

    def restart(self, rng: Random) -> None:
        """Call every partition decided only up to somewhere before its end, until something is appended, or for some seconds."""
        for partition in sorted(self._logs):
            end = self._logs[partition].stable_end
            if end and rng.random() < 0.7:
                self._decided[partition] = max(end - rng.choice((1, 2, 5, 20)), 0)
        self._loop.call_later(UNDECIDED_S, self._remember)

    @property
    def is_decided(self) -> bool:
        """Whether no transaction is open, and every partition is known to be decided to its end."""
        return not self._open and not self._decided

    def end(self, partition: TopicPartition) -> int:
        return min(super().end(partition), self._decided.get(partition, 1 << 60))

    def fetch(self, partition: TopicPartition, start: int, stop: int | None = None, records_max: int = CHUNK_RECORDS_MAX) -> Chunk:
        decided = self._decided.get(partition)
        if decided is not None:
            stop = decided if stop is None else min(stop, decided)
        return super().fetch(partition, start, stop, records_max)

    def _remember(self) -> None:
        self._decided.clear()
        self.woken()

    def _finish(self, transactional_id: str, *, commit: bool) -> None:
        timer = self._timers.pop(transactional_id, None)
        if timer is not None:
            timer.cancel()
        for record in self._open.get(transactional_id, ()):
            self._decided.pop(TopicPartition(record.topic, record.partition), None)
        super()._finish(transactional_id, commit=commit)
        self.woken()
