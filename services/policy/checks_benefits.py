"""What is asked of a benefit: pools of the right role, a rate for every class, and no word beside it that would be ignored."""

from collections.abc import Iterator, Mapping

from services.policy.benefits import Benefit, Rate, VisitDeductible
from services.policy.checks_when import Fault, begins_late, classes_of, figure_faults, when_faults
from services.policy.model import PolicyFile
from services.policy.sums import asks_counters
from services.policy.tree import Path

ROLES: Mapping[str, str] = {
    "payment": "that counts payment or self_pay",
    "self_pay": "that counts payment or self_pay",
    "deductible": "that counts deductible",
    "burden": "that counts burden",
}


def benefit_faults(file: PolicyFile, place: int) -> Iterator[Fault]:
    """Every fault of the benefit at `place`."""
    benefit, path = file.benefits[place], ("benefits", place)
    yield from _names(file, benefit, path)
    yield from _roles(file, benefit, path)
    yield from _forms(benefit, path)
    yield from _order(file, benefit, path)
    yield from when_faults(file, benefit.when, (*path, "when"))
    if benefit.unless is not None:
        yield from when_faults(file, benefit.unless, (*path, "unless"))
    met = benefit.when.classes or tuple(sorted(classes_of(file)))
    if isinstance(benefit.deductible, VisitDeductible):
        yield from figure_faults(file, benefit.deductible.yuan, (*path, "deductible", "yuan"), met)
    if benefit.fixed_yuan is not None:
        yield from figure_faults(file, benefit.fixed_yuan, (*path, "fixed_yuan"), met)
    if benefit.excess is not None:
        yield from begins_late(file, benefit.excess.over_yuan, (*path, "base", "over_yuan"))
    if benefit.rate is not None:
        yield from _rate(file, benefit, benefit.rate, met, (*path, "rate"))
    if not isinstance(benefit.clause, str):
        yield from _clauses(file, benefit.clause, met, (*path, "clause"))
    for number, modifier in enumerate(benefit.modifiers):
        if modifier.when.classes is not None and not set(modifier.when.classes) & set(met):
            yield (*path, "modifiers", number, "when", "classes"), "a class that the benefit applies to"
        yield from when_faults(file, modifier.when, (*path, "modifiers", number, "when"))
        yield from begins_late(file, modifier.percent, (*path, "modifiers", number, "percent"))


def _names(file: PolicyFile, benefit: Benefit, path: Path) -> Iterator[Fault]:
    ids = [other.id for other in file.benefits]
    if ids.count(benefit.id) > 1:
        yield (*path, "id"), "an id of its own"
    if benefit.group is not None and benefit.group not in file.groups:
        yield (*path, "group"), "a group of this file"
    for other in benefit.replaced_by:
        if other not in ids or other == benefit.id:
            yield (*path, "replaced_by"), f"other benefits of this file; {other} is none"
        elif benefit.id in file.benefits[ids.index(other)].replaced_by:
            yield (*path, "replaced_by"), f"not {other}, which this one replaces: neither would be paid"


def _roles(file: PolicyFile, benefit: Benefit, path: Path) -> Iterator[Fault]:
    asked: list[tuple[Path, str, tuple[str, ...]]] = [(("limited_by",), name, ("payment", "self_pay")) for name in benefit.limited_by]
    if benefit.pool:
        asked.append((("deductible",), benefit.pool, ("deductible",)))
    if benefit.excess:
        asked.append((("base", "sum"), benefit.excess.sum, ("burden",)))
    if benefit.rate and benefit.rate.of != "claim":
        asked.append((("rate", "of"), benefit.rate.of, ("burden",)))
    for key, name, roles in asked:
        if name not in file.pools:
            yield (*path, *key), f"a pool of this file; {name} is none"
        elif file.pools[name].counts not in roles:
            yield (*path, *key), f"a pool {ROLES[roles[0]]}; {name} counts {file.pools[name].counts}"
    for number, name in enumerate(benefit.limited_by):
        if name in benefit.limited_by[:number]:
            yield (*path, "limited_by"), f"{name} once"


def _forms(benefit: Benefit, path: Path) -> Iterator[Fault]:
    """A rate of a base, or a lump sum: never half of both."""
    if benefit.fixed_yuan is None:
        for key in ("base", "rate"):
            if getattr(benefit, key) is None:
                yield (*path, key), "is missing: a benefit has a base and a rate, or fixed_yuan"
    else:
        for key in ("base", "rate", "deductible", "modifiers"):
            if getattr(benefit, key):
                yield (*path, key), "no such key beside fixed_yuan: a lump sum is not a share of anything"


def _order(file: PolicyFile, benefit: Benefit, path: Path) -> Iterator[Fault]:
    """What looks at counters is decided when its turn comes, and so cannot decide about others before."""
    if not (asks_counters(benefit.when) or asks_counters(benefit.unless)):
        return
    if benefit.group in file.groups and file.groups[benefit.group or ""].take == "first":
        yield (*path, "group"), "no group of which the first counts: this benefit looks at counters, which are known when its turn comes"
    for other in file.benefits:
        if benefit.id in other.replaced_by:
            yield path, f"no benefit that looks at counters, for {other.id} is replaced by it"


def _rate(file: PolicyFile, benefit: Benefit, rate: Rate, met: tuple[str, ...], path: Path) -> Iterator[Fault]:
    tables = {"class": rate.class_percent, "condition": rate.condition_percent, "flat": rate.flat_percent}
    given = [name for name, table in tables.items() if table]
    if rate.bands is not None:
        yield from _bands(file, rate, given, path)
        return
    if rate.of != "claim":
        yield (*path, "of"), "only beside bands"
    if not given or (rate.take != "highest" and not tables[rate.take]):
        yield path, f"a rate; none is given for {rate.take}"
    for klass in met if rate.class_percent is not None and rate.take in ("highest", "class") else ():
        if klass not in (rate.class_percent or {}):
            yield (*path, "class_percent"), f"a rate for class {klass}, which the benefit applies to"
    for klass in rate.class_percent or {}:
        if klass not in classes_of(file):
            yield (*path, "class_percent", klass), "a class of this file"
        elif klass not in met:
            yield (*path, "class_percent", klass), "a class that the benefit applies to"
    if given == ["condition"] and not benefit.when.conditions:
        yield path, "a class or flat rate besides, or `when: {conditions: …}`, for claims with none of these conditions"
    for dated in (*(rate.class_percent or {}).values(), *(rate.condition_percent or {}).values(), *filter(None, [rate.flat_percent])):
        yield from begins_late(file, dated, path)


def _bands(file: PolicyFile, rate: Rate, given: list[str], path: Path) -> Iterator[Fault]:
    for name in given:
        yield (*path, f"{name}_percent"), "no such key beside bands"
    if rate.take != "highest":
        yield (*path, "take"), "no such key beside bands"
    yield from begins_late(file, rate.band_tables, (*path, "bands"))
    for table in rate.band_tables.values():
        if 0 not in table:
            yield (*path, "bands"), "a band from 0 on: {0: 30, 30000: 40}"


def _clauses(file: PolicyFile, clauses: Mapping[str, str], met: tuple[str, ...], path: Path) -> Iterator[Fault]:
    for klass in met:
        if klass not in clauses and "default" not in clauses:
            yield path, f"a clause for class {klass}, or default"
    for klass in clauses:
        if klass != "default" and klass not in met:
            yield (*path, klass), "a class that the benefit applies to, or default"
