"""A policy's figures of one day, compiled: plain integers and functions, so that settling a claim stays in the microseconds.

In: a checked policy file and a version date. Out: `Terms`: for each class its benefits in order of payment, each pool's limit, each rate.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from services.policy.benefits import Benefit, Excess, Pool, Rate, SimpleBase, When
from services.policy.checks import classes_of
from services.policy.facts import Facts, Predicate, always, predicate
from services.policy.model import PolicyFile

WHOLE_BP = 10_000
"""100% in basis points."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limit:
    """A counter as one class meets it. `limit_fen` None: it only counts."""

    name: str
    counts: str
    limit_fen: int | None


@dataclass(frozen=True, slots=True)
class RateChange:
    """A modifier of the rate."""

    when: Predicate
    points_bp: int
    relative: bool
    clause: str


@dataclass(frozen=True, slots=True)
class ExcessBase:
    """The rise of the part of a year's sum above a threshold, or a claim's own part."""

    sum: str
    over_fen: int
    per_claim: bool


@dataclass(frozen=True, slots=True)
class Term:
    """One benefit as one class meets it on one kind of visit. `rate_bp`: its rate, where neither conditions nor modifiers can change it."""

    id: str
    kind: str
    clause: str
    applies: Predicate
    limit_reached: Limit | None
    base: SimpleBase | ExcessBase
    deductible: Limit | None
    class_bp: int | None
    condition_bp: tuple[tuple[str, int], ...]
    flat_bp: int | None
    take: str
    rate_bp: int | None
    changes: tuple[RateChange, ...]
    limits: tuple[Limit, ...]
    group: str | None
    replaced_by: frozenset[str]


@dataclass(frozen=True, slots=True)
class Terms:
    """All figures of one version. `plans`: for a class and a kind of visit the benefits that can apply, in order."""

    version: date
    plans: Mapping[tuple[str, str], tuple[Term, ...]]
    reclass: tuple[tuple[str, str, Predicate], ...]
    bars: tuple[tuple[str, frozenset[str] | None, Predicate], ...]
    first_of_group: frozenset[str]
    cap: Predicate | None
    uninsured_bp: int | None
    package: bool
    round_down: bool
    fee_visits: frozenset[str]


def at(figures: Mapping[date, T], day: date) -> T:
    """The figure of `day`: that of the latest date not after it."""
    return figures[max(begins for begins in figures if begins <= day)]


def compile_terms(file: PolicyFile, day: date) -> Terms:
    """The figures of `day`. `file` has been checked."""
    plans = {(klass, visit): tuple(_plan(file, klass, visit, day)) for klass in classes_of(file) for visit in file.visit_types()}
    above = next((benefit for benefit in file.benefits if benefit.base == "above_cap"), None)
    uninsured = file.self_pay.uninsured
    return Terms(
        version=day,
        plans=plans,
        reclass=tuple((rule.klass, rule.becomes, predicate(rule.when)) for rule in file.reclass),
        bars=tuple((bar.reason, frozenset(bar.when.classes) if bar.when.classes else None, predicate(bar.when)) for bar in file.bars),
        first_of_group=frozenset(name for name, group in file.groups.items() if group.take == "first"),
        cap=predicate(above.when) if above else None,
        uninsured_bp=at(uninsured.percent, day) if uninsured else None,
        package=file.self_pay.package is not None,
        round_down=file.self_pay.rounding == "down",
        fee_visits=frozenset(file.consultation_fee.visit_types) if file.consultation_fee else frozenset(),
    )


def _plan(file: PolicyFile, klass: str, visit: str, day: date) -> Iterator[Term]:
    """The benefits that a class can have on a kind of visit, in order of payment."""
    for benefit in file.benefits:
        applies = _applies(benefit, klass, visit)
        if applies is not None:
            yield _term(file, benefit, klass, visit, day, applies)


def _term(file: PolicyFile, benefit: Benefit, klass: str, visit: str, day: date, applies: Predicate) -> Term:
    rate = benefit.rate
    base = benefit.base
    limits = {
        name: _limit(name, file.pools[name], klass, day)
        for name in {*benefit.limited_by, benefit.deductible, benefit.when.limit_reached}
        if name
    }
    changes = (
        RateChange(predicate(change.when), at(change.percent, day), change.counted == "relative", change.clause)
        for change in benefit.modifiers
        if change.applies and (change.when.classes is None or klass in change.when.classes)
    )
    class_bp, flat_bp = _class_rate(rate, klass, day), at(rate.flat_percent, day) if rate.flat_percent else None
    conditions = tuple((condition, at(percent, day)) for condition, percent in (rate.condition_percent or {}).items())
    term = Term(
        id=benefit.id,
        kind=benefit.kind,
        clause=benefit.clause if isinstance(benefit.clause, str) else benefit.clause.get(klass) or benefit.clause["default"],
        applies=applies,
        limit_reached=limits[benefit.when.limit_reached] if benefit.when.limit_reached else None,
        base=ExcessBase(base.sum, at(base.over_yuan, day), base.per == "claim") if isinstance(base, Excess) else base,
        deductible=limits[benefit.deductible] if benefit.deductible else None,
        class_bp=class_bp,
        condition_bp=conditions,
        flat_bp=flat_bp,
        take=rate.take,
        rate_bp=None,
        changes=tuple(changes),
        limits=tuple(limits[name] for name in benefit.limited_by if _counts_on(file.pools[name], visit)),
        group=benefit.group,
        replaced_by=frozenset(benefit.replaced_by),
    )
    return term if conditions or term.changes else replace(term, rate_bp=basic_rate(term, None))


def basic_rate(term: Term, condition_bp: int | None) -> int:
    """The rate that counts before modifiers, of a claim whose conditions give it `condition_bp`; from 0 to 100%."""
    rates = {"class": term.class_bp, "condition": condition_bp, "flat": term.flat_bp}
    chosen_bp = rates.get(term.take) if term.take != "highest" else None
    return max(bp for bp in rates.values() if bp is not None) if chosen_bp is None else chosen_bp


def _counts_on(pool: Pool, visit: str) -> bool:
    return pool.visit_types is None or visit in pool.visit_types


def _class_rate(rate: Rate, klass: str, day: date) -> int | None:
    percent = (rate.class_percent or {}).get(klass)
    return None if percent is None else at(percent, day)


def _limit(name: str, pool: Pool, klass: str, day: date) -> Limit:
    figures = (pool.limit_yuan or {}).get(klass) or (pool.limit_yuan or {}).get("default")
    return Limit(name, pool.counts, None if figures is None else at(figures, day))


def _applies(benefit: Benefit, klass: str, visit: str) -> Predicate | None:
    """When a benefit applies to a claim of a class and a kind of visit; None: never."""
    holds = _on(benefit.when, klass, visit)
    barred = _on(benefit.unless, klass, visit) if benefit.unless else None
    if holds is None or barred is always:
        return None
    if barred is None:
        return holds

    def allowed(facts: Facts) -> bool:
        return holds(facts) and not barred(facts)

    return allowed


def _on(when: When, klass: str, visit: str) -> Predicate | None:
    """What else `when` asks of a claim of a class and a kind of visit; None: it does not hold for such."""
    if (when.classes is not None and klass not in when.classes) or (when.visit_types is not None and visit not in when.visit_types):
        return None
    return predicate(when.model_copy(update={"visit_types": None}))
