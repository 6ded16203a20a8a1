"""What the shape of a policy file cannot show: names that must be known, figures that must be there, pools that must be used."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from services.policy import checks_codes, checks_people
from services.policy.benefits import Benefit, Excess, When
from services.policy.model import PolicyFile
from services.policy.tree import Path, Reading, Tree


def faults_of(file: PolicyFile, tree: Tree, readings: Mapping[str, Reading]) -> list[str]:
    """Every fault of a file that has the right shape, in words with file, line and key."""
    found = [
        *_categories(file),
        *checks_people.faults_of(file),
        *checks_codes.faults_of(file),
        *_pools(file),
        *(fault for place, benefit in enumerate(file.benefits) for fault in _benefit(file, benefit, ("benefits", place))),
        *_rules(file),
        *_unused_readings(tree, readings),
    ]
    return [tree.fault(path, expected) for path, expected in found]


Fault = tuple[Path, str]


def classes_of(file: PolicyFile) -> set[str]:
    """Every class that the file knows."""
    return (
        {category.klass for category in file.categories.values() if category.klass}
        | {rule.becomes for rule in file.reclass}
        | set(file.classes)
    )


def _categories(file: PolicyFile) -> Iterator[Fault]:
    for name, category in file.categories.items():
        if (category.klass is None) == (category.settles is None):
            yield ("categories", name), "either a class, or in `settles` why it has none"
    for name in file.entitlement.expires_at_year_end:
        if name not in file.categories:
            yield ("entitlement", "expires_at_year_end", name), "a category of this file"
    if file.valid_to is not None and file.valid_to < file.valid_from:
        yield ("valid_to",), "a day not before valid_from"


def _pools(file: PolicyFile) -> Iterator[Fault]:
    used = {pool for benefit in file.benefits for pool in benefit.limited_by}
    used |= {benefit.deductible for benefit in file.benefits if benefit.deductible}
    used |= {benefit.base.sum for benefit in file.benefits if isinstance(benefit.base, Excess)}
    for name, pool in file.pools.items():
        if name not in used:
            yield ("pools", name), "to be used by a benefit"
        for klass, figures in (pool.limit_yuan or {}).items():
            if klass != "default" and klass not in classes_of(file):
                yield ("pools", name, "limit_yuan", klass), "a class of this file, or default"
            yield from _begins(file, figures, ("pools", name, "limit_yuan", klass))


def _begins(file: PolicyFile, figures: Iterable[date], path: Path) -> Iterator[Fault]:
    if min(figures, default=date.max) > file.valid_from:
        yield path, f"a figure from {file.valid_from} on, when the decree begins to hold"


def _benefit(file: PolicyFile, benefit: Benefit, path: Path) -> Iterator[Fault]:
    pools = [*benefit.limited_by, *([benefit.deductible] if benefit.deductible else [])]
    if isinstance(benefit.base, Excess):
        pools.append(benefit.base.sum)
        yield from _begins(file, benefit.base.over_yuan, (*path, "base", "over_yuan"))
    for pool in pools:
        if pool not in file.pools:
            yield (*path, "limited_by"), f"pools of this file; {pool} is none"
    if benefit.group is not None and benefit.group not in file.groups:
        yield (*path, "group"), "a group of this file"
    ids = [other.id for other in file.benefits]
    if ids.count(benefit.id) > 1:
        yield (*path, "id"), "an id of its own"
    for other in benefit.replaced_by:
        if other not in ids:
            yield (*path, "replaced_by"), f"benefits of this file; {other} is none"
    yield from _when(file, benefit.when, (*path, "when"))
    if benefit.unless is not None:
        yield from _when(file, benefit.unless, (*path, "unless"))
    yield from _rate(file, benefit, path)


def _rate(file: PolicyFile, benefit: Benefit, path: Path) -> Iterator[Fault]:
    rate = benefit.rate
    tables = {"class": rate.class_percent, "condition": rate.condition_percent, "flat": rate.flat_percent}
    if not any(tables.values()) or (rate.take != "highest" and not tables[rate.take]):
        yield (*path, "rate"), f"a rate; none is given for {rate.take}"
    classes = benefit.when.classes or tuple(sorted(classes_of(file)))
    for klass in classes if rate.class_percent is not None else ():
        if klass not in (rate.class_percent or {}) and rate.take in ("highest", "class"):
            yield (*path, "rate", "class_percent"), f"a rate for class {klass}, which the benefit applies to"
    figures = [
        *(rate.class_percent or {}).values(),
        *(rate.condition_percent or {}).values(),
        *([rate.flat_percent] if rate.flat_percent else []),
    ]
    for dated in figures:
        yield from _begins(file, dated, (*path, "rate"))
    if not isinstance(benefit.clause, str):
        for klass in classes:
            if klass not in benefit.clause and "default" not in benefit.clause:
                yield (*path, "clause"), f"a clause for class {klass}, or default"
    for place, modifier in enumerate(benefit.modifiers):
        yield from _when(file, modifier.when, (*path, "modifiers", place, "when"))
        yield from _begins(file, modifier.percent, (*path, "modifiers", place, "percent"))


def _when(file: PolicyFile, when: When, path: Path) -> Iterator[Fault]:
    for klass in when.classes or ():
        if klass not in classes_of(file):
            yield (*path, "classes"), f"classes of this file; {klass} is none"
    if when.limit_reached is not None and when.limit_reached not in file.pools:
        yield (*path, "limit_reached"), "a pool of this file"
    for place, inner in enumerate(when.any_of):
        yield from _when(file, inner, (*path, "any_of", place))


def _rules(file: PolicyFile) -> Iterator[Fault]:
    for place, rule in enumerate(file.reclass):
        if rule.klass not in {category.klass for category in file.categories.values()}:
            yield ("reclass", place, "class"), "a class of a category"
        yield from _when(file, rule.when, ("reclass", place, "when"))
    for place, bar in enumerate(file.bars):
        yield from _when(file, bar.when, ("bars", place, "when"))


def _unused_readings(tree: Tree, readings: Mapping[str, Reading]) -> Iterator[Fault]:
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
        if name not in used:
            yield ("readings", name), "to be used somewhere in the file"
