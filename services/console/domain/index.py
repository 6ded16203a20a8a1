"""Lists that grow with the city, kept so that no page and no change has to read more than its own part.

An index is a dense row of slots: added at its end, and a hole filled with the oldest entry, so that the newest stay where they are and a page reads its
slots by number. A ring holds the newest of something in a fixed number of slots.
"""

from typing import Any

from services.console.domain import places
from services.console.domain.desk import Desk

RING_SLOTS = 64
"""How many of the newest a ring holds."""


def add(desk: Desk, lane: int, ends: str, name: str, pointer: tuple[str, str], row: Any) -> None:
    """Add an entry. `pointer` is the document and field that says where it stands: index and slot."""
    first, following = desk.get(ends, name) or (0, 0)
    desk.put(places.index(lane, name), str(following), [*pointer, row])
    desk.put(*pointer, [name, following])
    desk.put(ends, name, [first, following + 1])


def replace(desk: Desk, lane: int, pointer: tuple[str, str], row: Any) -> None:
    """Give the entry that stands where `pointer` says another row."""
    name, slot = desk.get(*pointer)
    desk.put(places.index(lane, name), str(slot), [*pointer, row])


def remove(desk: Desk, lane: int, ends: str, pointer: tuple[str, str]) -> None:
    """Take out the entry that stands where `pointer` says; the oldest takes its slot. The oldest entries have been loaded."""
    name, slot = desk.get(*pointer)
    first, following = desk.get(ends, name)
    row_of = places.index(lane, name)
    if slot != first:
        oldest = desk.get(row_of, str(first))
        desk.put(row_of, str(slot), oldest)
        desk.put(oldest[0], oldest[1], [name, slot])
    desk.put(row_of, str(first), None)
    desk.put(*pointer, None)
    desk.put(ends, name, [first + 1, following] if first + 1 < following else None)


def push(desk: Desk, ring: str, entry: Any) -> None:
    """Put an entry into a ring; the oldest leaves a full one."""
    count = desk.get(ring, "count") or 0
    desk.put(ring, str(count % RING_SLOTS), entry)
    desk.put(ring, "count", count + 1)
