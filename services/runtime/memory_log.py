"""One partition of `MemoryKafka`: its entries, how far they are decided, what was deleted or let go of in front."""

from services.runtime.records import Chunk, Record


class Log:
    """A `None` entry is what no reader sees: a marker, or a record whose transaction was aborted.

    Attributes:
        start: The offset of the first entry that is held.
        beginning: The first offset that retention has left, held or not.
        open: Transactional id to the first offset of its open transaction.
    """

    __slots__ = ("beginning", "entries", "open", "start")

    def __init__(self) -> None:
        """An empty log."""
        self.start = self.beginning = 0
        self.entries: list[Record | None] = []
        self.open: dict[str, int] = {}

    @property
    def end(self) -> int:
        """The offset that the next entry gets."""
        return self.start + len(self.entries)

    @property
    def stable_end(self) -> int:
        """Every transaction before it is decided."""
        return min(self.open.values()) if self.open else self.end

    def fetch(self, start: int, stop: int | None, records_max: int) -> Chunk:
        """Committed records from `start` on, before `stop` and the first open transaction."""
        end = self.stable_end if stop is None else min(stop, self.stable_end)
        at = max(start, self.start)
        records: list[Record] = []
        while at < end:
            entry = self.entries[at - self.start]
            if entry is not None:
                if len(records) == records_max:
                    break
                records.append(entry)
            at += 1
        return Chunk(tuple(records), at)

    def drop(self, before: int) -> None:
        """Hold no entry before an offset; one that is still to be decided is held all the same."""
        count = min(before, self.stable_end) - self.start
        if count > 0:
            del self.entries[:count]
            self.start += count
