"""What the rules are held against: the policies and the thresholds, and small helpers that all rules share. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from schemas.money import yuan_text
from services.monitoring.domain.thresholds import SupervisionFigures, Thresholds
from services.monitoring.domain.warnings import EVIDENCE_MAX, Figure
from services.policy.library import Policies
from services.policy.loader import Policy
from services.policy.parts import Label

FRAUD_AUDIENCE: tuple[str, ...] = ("healthcare-security",)
"""Signs of fraud are for the fund alone."""


@dataclass(frozen=True, slots=True)
class Watch:
    """The policies as they stand today, and the site's thresholds.

    Attributes:
        silent: Regions whose files have faults. Nothing is said there, not even that a warning stands no longer.
    """

    policies: Policies
    thresholds: Thresholds
    silent: frozenset[str] = frozenset()

    def policy(self, region: str, day: date) -> Policy | None:
        """The region's policy nearest to `day`; None where the site has none: nothing is warned of there."""
        return self.policies.nearest(region, day) if region in self.policies.current else None

    def supervision(self, region: str) -> SupervisionFigures:
        """From when on signs of fraud and recoveries are told of."""
        return self.thresholds.fund_supervision.of(region)

    def supervision_clause(self, region: str) -> str | None:
        """The clause of the decree that asks for supervision of the fund."""
        return self.thresholds.fund_supervision.provenance.asked_by.get(region)


def year_end(year: int) -> date:
    """The day whose figures a year is held against."""
    return date(year, 12, 31)


def label_of(policy: Policy, category: str) -> Label:
    """A category's name, its code where the present policy does not know it."""
    known = policy.file.categories.get(category)
    return known.label if known else Label(zh=category, en=category)


def yuan(name: str, fen: int) -> Figure:
    """An amount."""
    return Figure(name=name, value=yuan_text(fen))


def day(name: str, value: date) -> Figure:
    """A date."""
    return Figure(name=name, value=value.isoformat())


def share_bp(numerator: int, denominator: int) -> int:
    """A share in basis points, rounded half up."""
    return (10_000 * numerator + denominator // 2) // denominator


def share_text(basis_points: int) -> str:
    """A share with four decimals: 1250 is "0.1250"."""
    return f"{basis_points // 10_000}.{basis_points % 10_000:04d}"


def evidence(settlement_ids: Iterable[str]) -> tuple[str, ...]:
    """The first of them, at most 50."""
    return tuple(settlement_ids)[:EVIDENCE_MAX]
