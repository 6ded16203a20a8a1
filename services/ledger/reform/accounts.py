"""One policy held against the ledger, person by person: each claim in its cells, each person-year with what it gains.

In: a case, persons. Out: its `Sums`, and a line for each person-year where somebody may be named. Not here: buckets and processes (`reckoning.py`).
"""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Any

from schemas.districts import county_of
from services.ledger.reform.cases import Case, Settled, settle_person
from services.ledger.reform.counters import Counters
from services.ledger.reform.levels import Bill, Levels
from services.ledger.reform.persons import Person
from services.ledger.reform.sums import LARGEST, Large, Sums


@dataclass(frozen=True)
class Frame:
    """What all cases are held against.

    Attributes:
        today: The policies of today.
        year: The calendar year; None: all.
        pseudonym: Names a person or claim where nobody may see whose it is; None: nobody is named at all.
    """

    today: Case
    levels: Levels
    year: int | None
    pseudonym: Callable[[str], str] | None


class Account:
    """One case, person by person."""

    def __init__(self, frame: Frame, case: Case, lines: IO[str] | None) -> None:
        self.sums = Sums()
        self._frame, self._case = frame, case
        self._counters = Counters(frame.today, case)
        self._lines = None if lines is None else csv.writer(lines, lineterminator="\n")
        self._known_county: dict[str | None, str | None] = {}
        self._largest_fen = 0

    def add(self, person: Person) -> None:
        """A person's years."""
        settled = settle_person(self._case, person, self._frame.year)
        years = {one.year for one in settled} | {one.known.year for one in settled}
        if len(years) == 1:  # as nearly always
            (year,) = years
            if self._frame.year in (None, year):
                self._add_year(person, year, settled, settled)
            return
        for year in sorted(years) if self._frame.year is None else years & {self._frame.year}:
            self._add_year(person, year, [one for one in settled if one.known.year == year], [one for one in settled if one.year == year])

    def _add_year(self, person: Person, year: int, before: Sequence[Settled], after: Sequence[Settled]) -> None:
        """A year: the claims that count in it now, and those that would."""
        sums, own, paid = self.sums, [0, 0], [0, 0]
        for one in [*before, *[one for one in after if one.known.year != year]]:
            is_now, is_then = one.known.year == year, one.year == year
            if is_now:
                own[0] += one.known.self_pay_fen
                paid[0] += one.known.paid_fen
            if is_then:
                own[1] += one.settlement.self_pay_fen
            paid[1] += self._add_claim(person, one, is_now, is_then)
        sums.years += 1
        sums.self_pay[0] += own[0]
        sums.self_pay[1] += own[1]
        sums.burdens.append(own[0] - paid[0])
        sums.gains.append(paid[1] - paid[0])
        is_watched = max(own) >= self._frame.levels.lowest_fen(year)  # most years are not: a burden is at most the self-pay
        sums.crossed[self._levels(year, person, before, after) if is_watched else (0, 0)] += 1
        sums.elsewhere += self._counters.add(sums.counters, before, after)
        if self._lines is not None and self._frame.pseudonym is not None:
            self._lines.writerow((self._frame.pseudonym(person.person_id), year, len(before), *own, *paid))

    def _add_claim(self, person: Person, one: Settled, is_now: bool, is_then: bool) -> int:
        """A claim, in the years that it counts in: nearly always the same. Returns: what would be paid for it in this one, fen."""
        claim, known, settlement = one.claim, one.known, one.settlement
        chosen, day, sums = settlement.chosen, claim.date, self.sums
        now_fen = known.paid_fen if is_now else 0
        then_fen = chosen.total_fen if is_then and chosen else 0
        cell = (
            day.year * 100 + day.month,
            claim.visit_type,
            self._county(claim.district),
            known.category,
            chosen.category if chosen else None,
            known.outcome if known.reason is None or known.outcome == "reversed" else known.reason,
            settlement.reason or settlement.outcome,
        )
        _count(sums.cells, cell, is_now, is_then, now_fen, then_fen)
        _count(sums.hospitals, claim.hospital_id, is_now, is_then, now_fen, then_fen)
        if is_now:
            for kind, fen, _ in known.parts:
                _count(sums.parts, kind, 1, 0, fen, 0)
        if is_then and chosen:
            for payment in chosen.payments:
                _count(sums.parts, payment.kind, 0, 1, 0, payment.amount_fen)
        delta_fen = then_fen - now_fen
        if abs(delta_fen) > self._largest_fen and self._frame.pseudonym is not None:
            self._keep(Large(-abs(delta_fen), claim.key, delta_fen, person))
        return then_fen

    def _keep(self, large: Large) -> None:
        self.sums.keep(large)
        if len(self.sums.largest) == LARGEST:
            self._largest_fen = -self.sums.largest[-1].rank - 1  # of equals the first by its key is kept

    def _levels(self, year: int, person: Person, before: Sequence[Settled], after: Sequence[Settled]) -> tuple[int, int]:
        """The warnings that a year reaches now and then."""
        now = [Bill(one.claim.date, one.known.self_pay_fen, one.known.paid_fen) for one in before if _warns(one) and one.known.edition]
        then = [
            Bill(one.claim.date, one.settlement.self_pay_fen, one.settlement.assistance_fen)
            for one in after
            if _warns(one) and one.settlement.policy
        ]
        levels, status = self._frame.levels, self._case.status_of(person)
        return levels.reached(year, now, person.status.intervals), levels.reached(year, then, status.intervals)

    def _county(self, district: str | None) -> str | None:
        if district not in self._known_county:
            self._known_county[district] = county_of(district)
        return self._known_county[district]


def _warns(one: Settled) -> bool:
    return one.known.outcome != "reversed"


def _count(table: dict[Any, list[int]], key: Any, now: int, then: int, paid_now: int, paid_then: int) -> None:
    """Add to a row: claims now and then, paid now and then."""
    row = table.get(key)
    if row is None:
        row = table[key] = [0, 0, 0, 0]
    row[0] += now
    row[1] += then
    row[2] += paid_now
    row[3] += paid_then
