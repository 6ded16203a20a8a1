"""What settling a region's year anew would change, summed up: by reason and category, in all, the largest differences, whoever would pay back.

Amounts in fen. Promise: the same changes in any order give the same totals. Memory: a few numbers for each reason and category.
"""

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.ledger.readjudication.anew import Anew, Change

LARGEST = 10
"""How many of the largest differences are kept."""

Group = tuple[str, str | None]
"""What a claim would be told: its reason, or its outcome where there is none; its category."""


@dataclass(slots=True)
class Totals:
    """What was found so far, in person-years, which are persons here, and claims.

    Attributes:
        years: Settled anew.
        changed: Years with a claim that changes.
        moved: Years of which nothing changes but the edition that they stand under.
        paying_back: Years with an adjustment that takes money back.
        asked: Years that need a request, and for which one waits already.
        to_ask, to_ask_fen, to_ask_back: The others that need one: how many, the sum of their differences, and how many of them would pay back.
        unsettled: Years that cannot be settled anew: a request would be refused.
        claims, fen: By reason and category, how many claims change, and by how much.
        more_fen, back_fen: The differences above 0, and those below, of all claims.
        largest: The changes by most, first the largest.
    """

    years: int = 0
    changed: int = 0
    moved: int = 0
    paying_back: int = 0
    asked: int = 0
    to_ask: int = 0
    to_ask_fen: int = 0
    to_ask_back: int = 0
    unsettled: int = 0
    claims: Counter[Group] = field(default_factory=Counter)
    fen: Counter[Group] = field(default_factory=Counter)
    more_fen: int = 0
    back_fen: int = 0
    largest: list[Change] = field(default_factory=list)

    @property
    def total_fen(self) -> int:
        """The sum of all differences: what the fund would owe more."""
        return self.more_fen + self.back_fen

    def add(self, found: Anew, *, is_asked: bool) -> None:
        """Count a year; `is_asked`: a request for it waits already."""
        pays_back = any(change.delta_fen < 0 for change in found.changes)
        self.years += 1
        self.changed += bool(found.changes)
        self.moved += found.is_needed and not found.changes
        self.paying_back += pays_back
        if found.is_needed and is_asked:
            self.asked += 1
        elif found.is_needed:
            self.to_ask += 1
            self.to_ask_fen += sum(change.delta_fen for change in found.changes)
            self.to_ask_back += pays_back
        self._add_changes(found.changes)

    def _add_changes(self, changes: Sequence[Change]) -> None:
        for change in changes:
            group = (change.after.reason or change.after.outcome, change.after.category)
            self.claims[group] += 1
            self.fen[group] += change.delta_fen
            self.more_fen += max(0, change.delta_fen)
            self.back_fen += min(0, change.delta_fen)
        moving = [change for change in changes if change.delta_fen]
        self.largest = heapq.nsmallest(LARGEST, [*self.largest, *moving], key=lambda change: (-abs(change.delta_fen), change.claim))
