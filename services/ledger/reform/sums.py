"""What a policy comes to beside what the ledger says, added up: claims in cells, persons in two columns of numbers, counters, warnings, the largest changes.

Amounts in fen; each pair of numbers is now and then. Promise: parts of a ledger added in any order are the whole. Memory: some hundred bytes for each cell
and hospital, sixteen for each person-year, and the largest changes with their persons.
"""

from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from services.ledger.reform.persons import Person

LARGEST = 10
"""How many of the largest changes are kept."""


Cell = tuple[int, str, str | None, str | None, str | None, str, str]
"""What claims of a cell have in common: month (year times 100 and month), kind of visit, district, category now and then, and why now and then: the reason, or
the outcome where there is none.
"""


class Large(NamedTuple):
    """A claim that changes by much, with all that explains it. Sorted, the largest comes first."""

    rank: int
    key: str
    delta_fen: int
    person: Person


@dataclass(slots=True)
class Use:
    """A counter: in how many person-years it is used, is full, has bound a payment; and the sum of it. Each now and then."""

    used: list[int] = field(default_factory=lambda: [0, 0])
    met: list[int] = field(default_factory=lambda: [0, 0])
    bound: list[int] = field(default_factory=lambda: [0, 0])
    fen: list[int] = field(default_factory=lambda: [0, 0])

    def add(self, other: "Use") -> None:
        """Both together."""
        for own, more in ((self.used, other.used), (self.met, other.met), (self.bound, other.bound), (self.fen, other.fen)):
            _add(own, more)


@dataclass(slots=True)
class Sums:
    """What was found.

    Attributes:
        cells, hospitals: Claims now, claims then, paid now, paid then.
        parts: Paid by component, now and then.
        self_pay: The self-pay of all claims.
        burdens, gains: Of each person-year the burden now, and how much more the fund would pay.
        rises: How much more self-pay there would be, which only rules about self-pay change; summed.
        crossed: Person-years by level of warning now and then.
        elsewhere: Person-years whose results name an edition that does not run.
    """

    years: int = 0
    cells: dict[Cell, list[int]] = field(default_factory=dict)
    hospitals: dict[str | None, list[int]] = field(default_factory=dict)
    parts: dict[str | None, list[int]] = field(default_factory=dict)
    self_pay: list[int] = field(default_factory=lambda: [0, 0])
    burdens: "array[int]" = field(default_factory=lambda: array("q"))
    gains: "array[int]" = field(default_factory=lambda: array("q"))
    crossed: Counter[tuple[int, int]] = field(default_factory=Counter)
    counters: dict[str, Use] = field(default_factory=dict)
    elsewhere: int = 0
    largest: list[Large] = field(default_factory=list)

    def add(self, other: "Sums") -> None:
        """Both together."""
        self.years += other.years
        self.elsewhere += other.elsewhere
        _add(self.self_pay, other.self_pay)
        for table, more in ((self.cells, other.cells), (self.hospitals, other.hospitals), (self.parts, other.parts)):
            _add_rows(table, more)
        self.burdens.extend(other.burdens)
        self.gains.extend(other.gains)
        self.crossed.update(other.crossed)
        for name, use in other.counters.items():
            self.counters.setdefault(name, Use()).add(use)
        self.keep(*other.largest)

    def keep(self, *found: Large) -> None:
        """Keep the largest."""
        self.largest = sorted([*self.largest, *found], key=lambda one: one[:2])[:LARGEST]

    @property
    def paid(self) -> tuple[int, int]:
        """What the fund pays and would pay, fen."""
        return sum(row[2] for row in self.cells.values()), sum(row[3] for row in self.cells.values())


def _add(own: list[int], more: list[int]) -> None:
    for place, number in enumerate(more):
        own[place] += number


def _add_rows(table: dict[Any, list[int]], more: dict[Any, list[int]]) -> None:
    for key, row in more.items():
        known = table.get(key)
        if known is None:
            table[key] = list(row)
        else:
            _add(known, row)
