"""A policy's figures of one day, compiled: plain integers and functions, so that settling a claim stays in the microseconds.

In: a checked policy file and a version date. Out: `Terms`: for each class its benefits in order of payment, each pool's limit, each rate.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from services.policy.benefits import Benefit, Excess, Pool, Rate
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
    applies: Predicate


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
    """One benefit as one class meets it."""

    id: str
    kind: str
    clause: str
    applies: Predicate
    limit_reached: Limit | None
    base: str | ExcessBase
    deductible: Limit | None
    class_bp: int | None
    condition_bp: tuple[tuple[str, int], ...]
    flat_bp: int | None
    take: str
    changes: tuple[RateChange, ...]
    limits: tuple[Limit, ...]
    group: str | None
    replaced_by: frozenset[str]


@dataclass(frozen=True, slots=True)
class Terms:
    """All figures of one version."""

    plans: Mapping[str, tuple[Term, ...]]
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
    plans = {
        klass: tuple(
            _term(file, benefit, klass, day) for benefit in file.benefits if benefit.when.classes is None or klass in benefit.when.classes
        )
        for klass in classes_of(file)
    }
    above = next((benefit for benefit in file.benefits if benefit.base == "above_cap"), None)
    uninsured = file.self_pay.uninsured
    return Terms(
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


def _term(file: PolicyFile, benefit: Benefit, klass: str, day: date) -> Term:
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
    return Term(
        id=benefit.id,
        kind=benefit.kind,
        clause=benefit.clause if isinstance(benefit.clause, str) else benefit.clause.get(klass) or benefit.clause["default"],
        applies=_applies(benefit, klass),
        limit_reached=limits[benefit.when.limit_reached] if benefit.when.limit_reached else None,
        base=ExcessBase(base.sum, at(base.over_yuan, day), base.per == "claim") if isinstance(base, Excess) else base,
        deductible=limits[benefit.deductible] if benefit.deductible else None,
        class_bp=_class_rate(rate, klass, day),
        condition_bp=tuple((condition, at(percent, day)) for condition, percent in (rate.condition_percent or {}).items()),
        flat_bp=at(rate.flat_percent, day) if rate.flat_percent else None,
        take=rate.take,
        changes=tuple(changes),
        limits=tuple(limits[name] for name in benefit.limited_by),
        group=benefit.group,
        replaced_by=frozenset(benefit.replaced_by),
    )


def _class_rate(rate: Rate, klass: str, day: date) -> int | None:
    percent = (rate.class_percent or {}).get(klass)
    return None if percent is None else at(percent, day)


def _limit(name: str, pool: Pool, klass: str, day: date) -> Limit:
    figures = (pool.limit_yuan or {}).get(klass) or (pool.limit_yuan or {}).get("default")
    visits = frozenset(pool.visit_types) if pool.visit_types is not None else None
    applies: Predicate = always if visits is None else (lambda facts: facts.claim.visit_type in visits)
    return Limit(name, pool.counts, None if figures is None else at(figures, day), applies)


def _applies(benefit: Benefit, klass: str) -> Predicate:
    """When a benefit applies to a claim of a class that it is for."""
    holds = predicate(benefit.when)
    unless = benefit.unless
    if unless is None or (unless.classes is not None and klass not in unless.classes):
        return holds
    barred = predicate(unless)

    def allowed(facts: Facts) -> bool:
        return holds(facts) and not barred(facts)

    return allowed
