"""The warnings that a filter lets through, a page at a time, the worst levels first and of each index the newest.

In: the ends of every index, one document a lane and region. Out: the slots of one page, read by their numbers: what a page reads depends on its length and
the lanes, not on how many warnings there are.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from services.console.domain import places
from services.console.domain.warnings import LEVELS, STATES
from services.console.web.shelf import Fields, Shelf

PAGE_ROWS = 50
RECENT_MAX = 20


@dataclass(frozen=True, slots=True)
class Filter:
    """What to let through; empty text lets all through."""

    region: str = ""
    year: str = ""
    kind: str = ""
    level: str = ""
    audience: str = ""
    state: str = ""


class Row(NamedTuple):
    """A warning in a list."""

    warning_id: str
    level: str
    state: str
    time: str
    measure: Sequence[str]
    threshold: Sequence[str]
    assignee: str | None

    @property
    def parts(self) -> Sequence[str]:
        """Kind, region, subject, year, and what tells causes apart."""
        return self.warning_id.split("/", 4)


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of warnings.

    Attributes:
        rows: At most `PAGE_ROWS`.
        total: How many the filter lets through.
        states: How many there are in each state, the filter's state left out.
    """

    rows: Sequence[Row]
    total: int
    states: Mapping[str, int]
    years: Sequence[str]
    audiences: Sequence[str]


class _Index(NamedTuple):
    lane: int
    name: str
    first: int
    following: int


async def list_warnings(shelf: Shelf, regions: Sequence[str], chosen: Filter, page: int) -> Listed:
    """The page number `page` (from 0) of the warnings that `chosen` lets through."""
    asked = [chosen.region] if chosen.region in regions else regions
    ends = await shelf.read({places.heads(lane, region): None for lane in shelf.lanes for region in asked})
    indexes = list(_indexes(ends))
    wanted = [index for index in indexes if _lets_through(chosen, index, ends) and chosen.state in ("", index.name.split("/")[4])]
    states: dict[str, int] = dict.fromkeys(STATES, 0)
    for index in indexes:
        if _lets_through(chosen, index, ends):
            states[index.name.split("/")[4]] += index.following - index.first
    wanted.sort(key=_rank)
    return Listed(
        await _rows(shelf, wanted, page * PAGE_ROWS),
        sum(index.following - index.first for index in wanted),
        states,
        sorted({index.name.split("/")[1] for index in indexes}, reverse=True),
        sorted({agency for fields in ends.values() for name, value in fields.items() if name.startswith("audience:") for agency in value}),
    )


async def recent_warnings(shelf: Shelf) -> Sequence[Mapping[str, Any]]:
    """What monitoring said last, the newest first, at most `RECENT_MAX`."""
    rings = await shelf.read({places.ring(lane, "warnings"): None for lane in shelf.lanes})
    told = [entry for fields in rings.values() for slot, entry in fields.items() if slot != "count"]
    return sorted(told, key=lambda entry: (entry["at_ms"], entry["time"]), reverse=True)[:RECENT_MAX]


def _indexes(ends: Mapping[str, Fields]) -> Iterator[_Index]:
    for document, fields in ends.items():
        lane = int(document.partition("/")[0])
        for name, value in fields.items():
            if not name.startswith("audience:"):
                yield _Index(lane, name, *value)


def _lets_through(chosen: Filter, index: _Index, ends: Mapping[str, Fields]) -> bool:
    """Whether a filter lets an index through, whatever its state."""
    region, year, kind, level, _ = index.name.split("/")
    told = ends[places.heads(index.lane, region)].get(f"audience:{kind}", ())
    return (
        chosen.year in ("", year)
        and chosen.kind in ("", kind)
        and chosen.level in ("", level)
        and (not chosen.audience or chosen.audience in told)
    )


def _rank(index: _Index) -> tuple[int, int, str, int]:
    """The worst level first; of a level what nobody has seen yet."""
    *_, level, state = index.name.split("/")
    ranks: dict[str, int] = {name: place for names in (LEVELS, STATES) for place, name in enumerate(names)}
    return ranks[level], ranks[state], index.name, index.lane


async def _rows(shelf: Shelf, indexes: Sequence[_Index], skip: int) -> Sequence[Row]:
    """The rows of one page: those after the first `skip`, the newest of each index first."""
    left = PAGE_ROWS
    wanted: dict[str, tuple[str, ...]] = {}
    names: dict[str, str] = {}
    for index in indexes:
        size = index.following - index.first
        if skip >= size or not left:
            skip = max(0, skip - size)
            continue
        newest = index.following - 1 - skip
        oldest = max(index.first, newest - left + 1)
        document = places.index(index.lane, index.name)
        wanted[document], names[document] = tuple(str(slot) for slot in range(newest, oldest - 1, -1)), index.name
        left -= newest - oldest + 1
        skip = 0
    found = await shelf.read(wanted) if wanted else {}
    return [_row(names[document], found[document][slot]) for document, slots in wanted.items() for slot in slots if slot in found[document]]


def _row(name: str, entry: Sequence[Any]) -> Row:
    *_, level, state = name.split("/")
    row = entry[2]
    return Row(row["id"], level, state, row["time"], row["measure"], row["threshold"], row["assignee"])
