"""A view in memory: plain dictionaries, as fast as they are. For replay, tests and simulation; passes the suite of the port."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.runtime.errors import WRITTEN_BY_US, Stop
from services.runtime.ports import Closed, Loaded, Moved
from services.runtime.records import Document, Want, Watermark, Writes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A view as it was at some moment, apart from who was healed. Opaque; for `MemoryView.lose`."""

    documents: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    holders: Mapping[str, str] = field(default_factory=dict)
    watermarks: Mapping[int, Watermark] = field(default_factory=dict)


class MemoryView:
    """The port `View`. What it hands out is the reader's own: later writes do not show in it."""

    def __init__(self, lanes: int) -> None:
        self._lanes = lanes
        self._life = 0
        self._was_emptied = False
        self._set(Snapshot())

    async def run(self) -> str:
        """As the port has it."""
        return self._run()

    async def load(self, lane: int, at: Watermark, want: Want) -> Loaded | Closed | Moved:
        """As the port has it."""
        if len(self._healed) < self._lanes:
            return Closed(self._run())
        if self._watermarks.get(lane, {}) != at:
            return Moved(self._run())
        for key, holder in want.bookings.items():
            self._holders.setdefault(key, holder)
        return self._loaded(lane, want)

    async def peek(self, lane: int, want: Want) -> Loaded:
        """As the port has it."""
        return self._loaded(lane, want)

    async def apply(self, lane: int, at: Watermark | None, to: Watermark, writes: Writes, healed_in: str | None = None) -> bool:
        """As the port has it."""
        if self._watermarks.get(lane, {}) != (at or {}) or healed_in not in (None, self._run()):
            return False
        for key, changes in writes.documents.items():
            change(self._documents, key, changes)
        self._holders.update(writes.bookings)
        self._watermarks[lane] = dict(to)
        if healed_in is not None:
            self._healed.add(lane)
        return True

    async def empty(self) -> None:
        """As the port has it.

        Raises:
            Stop: It was emptied before.
        """
        if self._was_emptied:
            raise Stop(WRITTEN_BY_US)
        self._was_emptied = True
        self.lose()

    def snapshot(self) -> Snapshot:
        """The view as it is now."""
        documents = {key: document.copy() for key, document in self._documents.items()}
        return Snapshot(documents, self._holders.copy(), self._watermarks.copy())

    def lose(self, snapshot: Snapshot | None = None) -> None:
        """End this run: the next one begins empty, or with an earlier snapshot as after a failover. No lane is healed in it."""
        self._life += 1
        self._set(snapshot or Snapshot())

    def _run(self) -> str:
        return f"memory-{self._life}"

    def _set(self, snapshot: Snapshot) -> None:
        self._documents = {key: dict(document) for key, document in snapshot.documents.items()}
        self._holders = dict(snapshot.holders)
        self._watermarks = dict(snapshot.watermarks)
        self._healed: set[int] = set()

    def _loaded(self, lane: int, want: Want) -> Loaded:
        documents: dict[str, Document] = {}
        for key, fields in want.documents.items():
            document = self._documents.get(key)
            if document is None:
                documents[key] = {}
            elif fields is None:
                documents[key] = document.copy()
            else:
                documents[key] = {name: document[name] for name in fields if name in document}
        holders = {key: self._holders[key] for key in (*want.bookings, *want.peeks) if key in self._holders}
        return Loaded(self._run(), self._watermarks.get(lane) or None, documents, holders)


def change(documents: dict[str, dict[str, bytes]], key: str, changes: Mapping[str, bytes | None]) -> None:
    """Set or delete fields of one document; an empty one is none."""
    document = documents.setdefault(key, {})
    for name, value in changes.items():
        if value is None:
            document.pop(name, None)
        else:
            document[name] = bytes(memoryview(value))  # what orjson wrote holds on to 4 KiB, however short it is
    if not document:
        del documents[key]
