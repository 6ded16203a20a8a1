"""Categories of people in a policy file: who certifies them, when they end, what of their premium is paid.

In: a file that has the right shape. Out: its faults, each with its path. Promise: no figure of a premium stands there that nobody is paid by, and none is
missing that somebody would be.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from services.policy.model import PolicyFile
from services.policy.people import Category
from services.policy.tiers import is_by_tier
from services.policy.tree import Path

Fault = tuple[Path, str]


def faults_of(file: PolicyFile) -> Iterator[Fault]:
    """Every fault of the categories and of the tiers of premiums."""
    for name, category in file.categories.items():
        path: Path = ("categories", name)
        yield from _certified(category, path)
        if category.expires_after_months is not None and name in file.entitlement.expires_at_year_end:
            yield (*path, "expires_after_months"), "one end: so many months, or in expires_at_year_end that of the year"
        yield from _subsidy(file, category, path)
    yield from _tiers(file)


def _certified(category: Category, path: Path) -> Iterator[Fault]:
    agencies = category.certifiers
    if not agencies or len({*agencies}) < len(agencies):
        yield (*path, "certified_by"), "an agency, or several, each once"


def _subsidy(file: PolicyFile, category: Category, path: Path) -> Iterator[Fault]:
    """A fixed subsidy may have an amount or a share, no other has any; a share is of a premium that is known."""
    figures = {"subsidy_yuan": category.subsidy_yuan, "subsidy_percent": category.subsidy_percent}
    given = {key: value for key, value in figures.items() if value is not None}
    if given and category.subsidy != "fixed":
        for key in given:
            yield (*path, key), "no figure: with `subsidy: full` it is the whole premium, with none and without one nothing"
        return
    if len(given) > 1:
        yield (*path, "subsidy_percent"), "an amount or a percentage of the premium, not both"
    if "subsidy_percent" in given and not file.premium_subsidy.tiers:
        yield (*path, "subsidy_percent"), "a premium that it is a percentage of, under premium_subsidy.tiers"
    for key, value in given.items():
        yield from _figure(file, value, (*path, key))


def _figure(file: PolicyFile, figures: Mapping[Any, Any], path: Path) -> Iterator[Fault]:
    """A figure for all, or one for each tier and nobody else."""
    if not is_by_tier(figures):
        yield from _begins(file, figures, path)
        return
    tiers = file.premium_subsidy.tiers
    for name in figures:
        if name not in tiers:
            yield (*path, name), f"a tier of premium_subsidy.tiers ({', '.join(tiers) or 'there are none'})"
    for name in tiers:
        if name not in figures:
            yield path, f"a figure for tier {name}"
    for name, dated in figures.items():
        yield from _begins(file, dated, (*path, name))


def _tiers(file: PolicyFile) -> Iterator[Fault]:
    """Each tier can be somebody's, everybody has one, and somebody is paid by them."""
    tiers = file.premium_subsidy.tiers
    path: Path = ("premium_subsidy", "tiers")
    if not tiers:
        return
    youngest = -1
    for place, (name, tier) in enumerate(tiers.items(), 1):
        yield from _begins(file, tier.premium_yuan, (*path, name, "premium_yuan"))
        if tier.age_at_most is None and place < len(tiers):
            yield (*path, name), "age_at_most, for nobody comes to the tiers after one without"
        elif tier.age_at_most is not None and place == len(tiers):
            yield (*path, name, "age_at_most"), "no age_at_most in the last tier, so that everybody has a tier"
        elif tier.age_at_most is not None and tier.age_at_most <= youngest:
            yield (*path, name, "age_at_most"), f"more than the {youngest} of a tier before it, or nobody comes to this one"
        youngest = max(youngest, tier.age_at_most or 0)
    if not any(_paid_by_tier(category) for category in file.categories.values()):
        yield path, "a category that is paid by tier: `subsidy: full`, subsidy_percent, or subsidy_yuan for each tier"


def _paid_by_tier(category: Category) -> bool:
    by_tier = category.subsidy_yuan is not None and is_by_tier(category.subsidy_yuan)
    return category.subsidy == "full" or category.subsidy_percent is not None or by_tier


def _begins(file: PolicyFile, figures: Iterable[date], path: Path) -> Iterator[Fault]:
    if min(figures, default=date.max) > file.valid_from:
        yield path, f"a figure from {file.valid_from} on, when the decree begins to hold"
