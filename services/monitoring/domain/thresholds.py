"""The thresholds as data: the shape of `thresholds.yaml`, strict, and what each figure means.

Not here: the figures (the file has them), reading it (`threshold_file.py`), and the decrees' own limits (the policy files).
"""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Annotated, Generic, Self, TypeVar

from pydantic import BeforeValidator, Field, model_validator

from schemas.codes import WarningLevel
from schemas.money import Fen, fen_from_yuan
from services.policy.parts import Clause, DatedPlainYuan, DatedShare, Part

T = TypeVar("T")
F = TypeVar("F")
DatedPercent = Mapping[date, Annotated[int, Field(ge=1, le=1000)]]
DatedLimitPercent = Mapping[date, Annotated[int, Field(ge=1, le=100)]]
DatedCount = Mapping[date, Annotated[int, Field(ge=0)]]
DEFAULT = "default"


def figure(figures: Mapping[date, T], day: date) -> T | None:
    """The figure of `day`, that of the latest date not after it; None before the first."""
    begun = [begins for begins in figures if begins <= day]
    return figures[max(begun)] if begun else None


def share_of(whole_fen: int, percent: int) -> int:
    """A percentage of an amount; the next whole fen where it falls between two."""
    return -(-whole_fen * percent // 100)


class Provenance(Part):
    """Where a threshold comes from: who asks for it, what is left open, and that the figure is ours."""

    asked_by: Mapping[str, Clause]
    left_open: Clause
    shipped: Clause


class Standard(Part):
    """A year's burden that weighs heavily; without categories it is everybody's. Percentages of its own take the place of the region's."""

    categories: tuple[str, ...] | None = None
    yuan: DatedPlainYuan
    notice_percent: DatedPercent | None = None
    warning_percent: DatedPercent | None = None
    critical_percent: DatedPercent | None = None


class BurdenFigures(Part):
    """When a person's burden of a year is warned of. Levels are percentages of the standard."""

    standards: tuple[Standard, ...]
    notice_percent: DatedPercent
    warning_percent: DatedPercent
    critical_percent: DatedPercent
    just_out_days: DatedCount

    @model_validator(mode="after")
    def _everybody_and_rising(self) -> Self:
        if all(standard.categories is not None for standard in self.standards):
            raise ValueError("a standard without categories, for everybody")
        for standard in self.standards:
            by_level = self._percents(standard)
            for day in {day for dated in by_level.values() for day in dated}:
                percents = [percent for dated in by_level.values() if (percent := figure(dated, day)) is not None]
                if percents != sorted(percents):
                    raise ValueError(f"notice, warning and critical percentages that rise, on {day}")
        return self

    def _percents(self, standard: Standard) -> Mapping[WarningLevel, DatedPercent]:
        """The percentages of `standard`, by rising level."""
        return {
            "notice": standard.notice_percent or self.notice_percent,
            "warning": standard.warning_percent or self.warning_percent,
            "critical": standard.critical_percent or self.critical_percent,
        }

    def thresholds_fen(self, categories: Collection[str], day: date) -> Mapping[WarningLevel, int]:
        """From which burden on each level is reached, by rising level: the lowest of the standards of `categories` and of everybody's."""
        lowest: dict[WarningLevel, int] = {}
        for standard in self.standards:
            standard_fen = figure(standard.yuan, day)
            if standard_fen is None or (standard.categories is not None and set(standard.categories).isdisjoint(categories)):
                continue
            for level, dated in self._percents(standard).items():
                if (percent := figure(dated, day)) is not None:
                    threshold_fen = share_of(standard_fen, percent)
                    lowest[level] = min(threshold_fen, lowest.get(level, threshold_fen))
        return lowest


class LimitGroup(Part):
    """When a yearly limit is near for those settled by some categories."""

    categories: tuple[str, ...]
    near_percent: DatedLimitPercent


class LimitFigures(Part):
    """When a yearly limit is near, as a percentage of it; `groups` have their own."""

    near_percent: DatedLimitPercent
    groups: tuple[LimitGroup, ...] = ()

    def near(self, category: str, day: date) -> int | None:
        """The percentage for those settled by `category`."""
        own = next((group.near_percent for group in self.groups if category in group.categories), self.near_percent)
        return figure(own, day)


class HospitalFigures(Part):
    """From how many stays on a hospital is watched, and which share (basis points) is critical."""

    stays_min: DatedCount
    critical_percent: DatedShare


class SupervisionFigures(Part):
    """From how many refused deliveries of a claim key, and from which amount taken back on, operators are told."""

    deliveries_min: Mapping[date, Annotated[int, Field(ge=1)]]
    taken_back_min_yuan: Mapping[date, Annotated[Fen, BeforeValidator(fen_from_yuan), Field(ge=1)]]


class Rule(Part, Generic[F]):
    """The figures of one rule by region."""

    provenance: Provenance
    regions: Mapping[str, F]

    @model_validator(mode="after")
    def _has_default(self) -> Self:
        if DEFAULT not in self.regions:
            raise ValueError("figures of a region called default")
        return self

    def of(self, region: str) -> F:
        """The region's own figures, else the default's."""
        return self.regions.get(region, self.regions[DEFAULT])


class Thresholds(Part):
    """All that a site may set."""

    checked_on: date
    year_burden: Rule[BurdenFigures]
    annual_limit: Rule[LimitFigures]
    hospital_ratio: Rule[HospitalFigures]
    fund_supervision: Rule[SupervisionFigures]


class RegionThresholds(Part):
    """What one region sets for itself, in a file of its own; a rule that is left out is that of all regions. `clause`: of its decree, which asks for it."""

    checked_on: date
    clause: Clause | None = None
    year_burden: BurdenFigures | None = None
    annual_limit: LimitFigures | None = None
    hospital_ratio: HospitalFigures | None = None
    fund_supervision: SupervisionFigures | None = None
