"""The thresholds as data: the shape of `thresholds.yaml`, strict, every fault with file, line and key.

In: the file's text. Out: `Thresholds`. Not here: figures (the file has them), and the decrees' own limits (the policy files).
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import Field, ValidationError, model_validator

from services.policy.library import Policies
from services.policy.parts import Clause, DatedShare, DatedYuan, Part
from services.policy.tree import Path, PolicyError, Tree, parse

T = TypeVar("T")
F = TypeVar("F")
DatedPercent = Mapping[date, Annotated[int, Field(ge=1, le=1000)]]
DatedCount = Mapping[date, Annotated[int, Field(ge=0)]]
DEFAULT = "default"


def figure(figures: Mapping[date, T], day: date) -> T | None:
    """The figure of `day`, that of the latest date not after it; None before the first."""
    begun = [begins for begins in figures if begins <= day]
    return figures[max(begun)] if begun else None


class Provenance(Part):
    """Where a threshold comes from: who asks for it, what is left open, and that the figure is ours."""

    asked_by: Mapping[str, Clause]
    left_open: Clause
    shipped: Clause


class Standard(Part):
    """A year's burden that weighs heavily; without categories it is everybody's."""

    categories: tuple[str, ...] | None = None
    yuan: DatedYuan


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
        for day in {*self.notice_percent, *self.warning_percent, *self.critical_percent}:
            percents = [figure(of, day) or 0 for of in (self.notice_percent, self.warning_percent, self.critical_percent)]
            if percents != sorted(percents):
                raise ValueError(f"notice, warning and critical percentages that rise, on {day}")
        return self

    def standard_fen(self, categories: Collection[str], day: date) -> int | None:
        """The lowest standard that holds for one of `categories` or for everybody; None: not watched."""
        own = (
            standard for standard in self.standards if standard.categories is None or not set(standard.categories).isdisjoint(categories)
        )
        return min((fen for standard in own if (fen := figure(standard.yuan, day)) is not None), default=None)


class LimitFigures(Part):
    """When a yearly limit is near, as a percentage of it."""

    near_percent: Mapping[date, Annotated[int, Field(ge=1, le=100)]]


class HospitalFigures(Part):
    """From how many stays on a hospital is watched, and which share (basis points) is critical."""

    stays_min: DatedCount
    critical_percent: DatedShare


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


def read_thresholds(name: str, text: str, policies: Policies) -> Thresholds:
    """The thresholds in `text`; `name` stands in the faults.

    Raises:
        PolicyError: Any fault, all of them, a line each; also a region without a policy, or a category that its region does not know.
    """
    tree = parse(name, text)
    try:
        thresholds = Thresholds.model_validate(tree.data)
    except ValidationError as error:
        raise PolicyError("\n".join(_fault(tree, fault) for fault in error.errors(include_url=False))) from None
    if faults := [tree.fault(path, expected) for path, expected in _strangers(thresholds, policies)]:
        raise PolicyError("\n".join(faults))
    return thresholds


def _fault(tree: Tree, fault: Any) -> str:
    words = {"missing": "is missing", "extra_forbidden": "no such key"}
    path = tuple(part for part in fault["loc"] if not (isinstance(part, str) and "[" in part))
    return tree.fault(path, words.get(fault["type"]) or fault["msg"].removeprefix("Value error, "))


def _strangers(thresholds: Thresholds, policies: Policies) -> Iterator[tuple[Path, str]]:
    """Names in regions' own blocks that the policies do not know; a slip there would silently fall back to the default."""
    rules: Mapping[str, Mapping[str, Part]] = {
        "year_burden": thresholds.year_burden.regions,
        "annual_limit": thresholds.annual_limit.regions,
        "hospital_ratio": thresholds.hospital_ratio.regions,
    }
    for rule, regions in rules.items():
        for region in regions:
            if region != DEFAULT and region not in policies.current:
                yield (rule, "regions", region), "a region that has a policy file, or default"
    for region, figures in thresholds.year_burden.regions.items():
        known = {name for policy in policies.current.get(region, ()) for name in policy.file.categories}
        for place, standard in enumerate(figures.standards if known else ()):
            if not known.issuperset(standard.categories or ()):
                yield ("year_burden", "regions", region, "standards", place, "categories"), f"categories of {region}"
