"""What the shape of a policy file cannot show: names that must be known, figures that must be there, words that would be ignored where they stand.

In: a file of the right shape. Out: every fault, with file, line and key. Not here: what is asked of benefits (`checks_benefits.py`) and of conditions
(`checks_when.py`).
"""

from collections.abc import Iterator, Mapping

from services.policy import checks_codes, checks_people
from services.policy.checks_benefits import benefit_faults
from services.policy.checks_when import Fault, begins_late, classes_of, figure_faults, when_faults
from services.policy.model import PolicyFile
from services.policy.parts import Part, PercentOf
from services.policy.sums import kept_pools
from services.policy.tree import Path, Reading, Tree
from services.policy.whens import of_file


def faults_of(file: PolicyFile, tree: Tree, readings: Mapping[str, Reading]) -> list[str]:
    """Every fault of a file that has the right shape, in words with file, line and key."""
    found = [
        *_categories(file),
        *checks_people.faults_of(file),
        *checks_codes.faults_of(file),
        *_figures(file),
        *_pools(file, _chosen_somewhere(tree.data)),
        *(fault for place, _ in enumerate(file.benefits) for fault in benefit_faults(file, place)),
        *_groups(file),
        *_rules(file),
        *_untaken_rates(file, tree),
        *_unused_readings(file, tree, readings),
    ]
    return [tree.fault(path, expected) for path, expected in found]


def _categories(file: PolicyFile) -> Iterator[Fault]:
    for name, category in file.categories.items():
        if (category.klass is None) == (category.settles is None):
            yield ("categories", name), "either a class, or in `settles` why it has none"
        if category.klass is None and category.figures_until is not None:
            yield ("categories", name, "figures_until"), "no such key where there is no class"
    for name in file.entitlement.expires_at_year_end:
        if name not in file.categories:
            yield ("entitlement", "expires_at_year_end", name), "a category of this file"
    rated = {klass for benefit in file.benefits if benefit.rate for klass in benefit.rate.class_percent or ()}
    for place, klass in enumerate(file.classes):
        if klass in file.classes[:place] or klass not in rated:
            yield ("classes", place), f"once each class that a rate names; {klass} is none"
    if file.valid_to is not None and file.valid_to < file.valid_from:
        yield ("valid_to",), "a day not before valid_from"


def _figures(file: PolicyFile) -> Iterator[Fault]:
    named = dict(_percentages(file, ()))
    for path, name in named.items():
        if name not in file.figures:
            yield path, f"one of the file's figures; {name} is none"
    for name, figure in file.figures.items():
        if name not in named.values():
            yield ("figures", name), "to be referred to by percent_of"
        yield from begins_late(file, figure.yuan, ("figures", name, "yuan"))


def _percentages(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    """Every figure that an amount is a percentage of, and where."""
    if isinstance(value, PercentOf):
        yield (*path, "percent_of"), value.percent_of
    elif isinstance(value, Part):
        for key in type(value).model_fields:
            yield from _percentages(getattr(value, key), (*path, key))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _percentages(item, (*path, str(key)))
    elif isinstance(value, tuple):
        for place, item in enumerate(value):
            yield from _percentages(item, (*path, place))


def _pools(file: PolicyFile, elsewhere: set[str]) -> Iterator[Fault]:
    used = _pools_used(file) | elsewhere
    for name, pool in file.pools.items():
        path = ("pools", name)
        if pool.counts in ("assisted", "times"):
            yield (*path, "counts"), "payment, self_pay, deductible or burden"
        if name in kept_pools(file):
            yield path, f"another name: medaid keeps a counter called {name} for a benefit"
        if name not in used:
            yield path, "to be used by a benefit"
        if pool.when is not None:
            yield from when_faults(file, pool.when, (*path, "when"), without=("limit_reached", "sum_over"))
        if pool.claims_of is not None and (pool.counts != "burden" or pool.claims_of not in {benefit.id for benefit in file.benefits}):
            yield (*path, "claims_of"), "a benefit of this file, and only in a pool that counts burden"
        if pool.counts == "burden" and pool.limit_yuan is not None:
            yield (*path, "limit_yuan"), "no such key in a pool that counts burden: it only adds up"
        if pool.counts == "deductible" and pool.limit_yuan is None:
            yield (*path, "limit_yuan"), "is missing: a deductible has an amount"
        if pool.limit_yuan is not None:
            yield from figure_faults(file, pool.limit_yuan, (*path, "limit_yuan"), _classes_met(file, name))


def _chosen_somewhere(value: object, inside: bool = False) -> set[str]:
    """Every name under some alternative of a reading: what the values chosen now do not use, others may."""
    if isinstance(value, Mapping):
        found = (_chosen_somewhere(item, inside or key == "choose") for key, item in value.items())
        return set(value if inside else ()).union(*found)
    if isinstance(value, list):
        return set().union(*(_chosen_somewhere(item, inside) for item in value))
    return {value} if inside and isinstance(value, str) else set()


def _pools_used(file: PolicyFile) -> set[str]:
    used: set[str] = set()
    for benefit in file.benefits:
        used |= {*benefit.limited_by}
        used |= {benefit.pool} if benefit.pool else set()
        used |= {benefit.excess.sum} if benefit.excess else set()
        used |= {benefit.rate.of} if benefit.rate else set()
    return used | {name for when in of_file(file) for name in when.sum_over or {}}


def _classes_met(file: PolicyFile, name: str) -> set[str]:
    """The classes of the benefits that a pool limits, or whose deductible it is."""
    met: set[str] = set()
    for benefit in file.benefits:
        if name in benefit.limited_by or name == benefit.pool:
            met |= set(benefit.when.classes or classes_of(file))
    return met


def _groups(file: PolicyFile) -> Iterator[Fault]:
    for name in file.groups:
        if name not in {benefit.group for benefit in file.benefits}:
            yield ("groups", name), "to be the group of a benefit"


def _rules(file: PolicyFile) -> Iterator[Fault]:
    for place, rule in enumerate(file.reclass):
        path = ("reclass", place)
        if rule.klass not in {category.klass for category in file.categories.values()}:
            yield (*path, "class"), "a class of a category"
        if rule in file.reclass[:place]:
            yield path, "a rule that none before it says already"
        if rule.becomes == rule.klass:
            yield (*path, "becomes"), "another class"
        yield from when_faults(file, rule.when, (*path, "when"), without=("classes", "limit_reached", "sum_over"))
    for place, bar in enumerate(file.bars):
        if not bar.when.model_fields_set:
            yield ("bars", place, "when"), "a condition: an empty one would bar everybody"
        if bar in file.bars[:place]:
            yield ("bars", place), "a rule that none before it says already"
        yield from when_faults(file, bar.when, ("bars", place, "when"))
    if file.self_pay.uninsured is not None:
        yield from begins_late(file, file.self_pay.uninsured.percent, ("self_pay", "uninsured", "percent"))
    if file.hospital_ratio is not None:
        yield from begins_late(file, file.hospital_ratio.limit_percent, ("hospital_ratio", "limit_percent"))


def _untaken_rates(file: PolicyFile, tree: Tree) -> Iterator[Fault]:
    """Rates beside the one that `take` names: they count for nothing, unless a reading chooses."""
    for place, benefit in enumerate(file.benefits):
        rate = benefit.rate
        if rate is None or rate.take == "highest" or not isinstance(tree.value(("benefits", place, "rate", "take")), str):
            continue
        for name, table in (("class", rate.class_percent), ("condition", rate.condition_percent), ("flat", rate.flat_percent)):
            if table and name != rate.take and not (rate.take == "condition" and name in ("class", "flat")):
                yield ("benefits", place, "rate", f"{name}_percent"), f"no such key with take: {rate.take}, which never asks it"


def _unused_readings(file: PolicyFile, tree: Tree, readings: Mapping[str, Reading]) -> Iterator[Fault]:
    used: set[str] = set()

    def walk(value: object) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("reading"), str):
                used.add(value["reading"])
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk({key: value for key, value in tree.data.items() if key != "readings"})
    for name in readings:
        if file.readings[name].default == file.readings[name].other:
            yield ("readings", name, "other"), "another value than the default"
        if name not in used:
            yield ("readings", name), "to be used somewhere in the file"
