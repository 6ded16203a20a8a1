"""Which early warning a person's burden of a year reaches, by monitoring's own thresholds and rules. Levels: 0 none, 1 notice, 2 warning, 3 critical."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, NamedTuple

from services.monitoring.domain.poverty import in_or_just_out
from services.monitoring.domain.thresholds import Thresholds, figure
from services.monitoring.domain.watch import year_end
from services.policy.entitlement import Interval
from services.policy.library import Policies

LEVELS: Final = ("none", "notice", "warning", "critical")


class Bill(NamedTuple):
    """Of a claim with a policy in force: its day, self-pay, and what the fund pays, in fen."""

    day: date
    self_pay_fen: int
    paid_fen: int


class Levels:
    """The levels of a region."""

    def __init__(self, policies: Policies, thresholds: Thresholds, region: str) -> None:
        self._policies = policies
        self._figures = thresholds.year_burden.of(region)
        self._region = region
        self._lowest: dict[int, int] = {}

    def reached(self, year: int, bills: Sequence[Bill], intervals: Iterable[Interval]) -> int:
        """The level that a year reaches; `bills` without those that were reversed."""
        if not bills:
            return 0
        basis_is_after = self._is_after(latest := max(bill.day for bill in bills))
        burden_fen = sum(bill.self_pay_fen - (bill.paid_fen if basis_is_after else 0) for bill in bills)
        end = year_end(year)
        if burden_fen < self.lowest_fen(year):
            return 0
        categories = in_or_just_out(list(intervals), self._region, latest, figure(self._figures.just_out_days, end) or 0)
        reached = [level for level, fen in self._figures.thresholds_fen(categories, end).items() if burden_fen >= fen]
        return LEVELS.index(reached[-1]) if reached else 0

    def _is_after(self, day: date) -> bool:
        return self._policies.nearest(self._region, day).file.early_warning.burden_basis == "after_assistance"

    def lowest_fen(self, year: int) -> int:
        """Below this burden nobody is warned of."""
        if year not in self._lowest:
            everybody = {category for one in self._figures.standards for category in one.categories or ()}
            self._lowest[year] = min(self._figures.thresholds_fen(everybody, year_end(year)).values(), default=1 << 62)
        return self._lowest[year]
