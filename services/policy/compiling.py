"""A policy's figures of one day, compiled: for each class and kind of visit its bars, its benefits in order of payment, its sums.

In: a checked policy file and a version date. Out: `Terms`. Whatever is the same for every claim of a class and kind of visit is decided here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from services.policy.benefits import Benefit, Modifier, Rate, SimpleBase, VisitDeductible
from services.policy.checks_when import classes_of
from services.policy.conditions import Condition, Ground, condition, limit_of_pool
from services.policy.course import ONCE, Limit, RateChange
from services.policy.facts import Predicate, always
from services.policy.limits import fen_of_class
from services.policy.model import PolicyFile
from services.policy.parts import at, fen_at
from services.policy.sums import assisted_pool, place_of, sums_of, times_pool
from services.policy.terms import Bands, ExcessBase, Plan, Sum, Term, Terms, basic_rate


def compile_terms(file: PolicyFile, day: date) -> Terms:
    """The figures of `day`. `file` has been checked."""
    grounds = [Ground(file, day, klass, visit) for klass in sorted(classes_of(file)) for visit in file.visit_types()]
    nobody = Ground(file, day, None, None)
    moves = [(rule, condition(nobody, rule.when)) for rule in file.reclass]
    uninsured = file.self_pay.uninsured
    return Terms(
        version=day,
        plans={(ground.klass or "", ground.visit or ""): _plan(ground) for ground in grounds},
        reclass=tuple((rule.klass, rule.becomes, found.claim) for rule, found in moves if found is not None),
        first_of_group=frozenset(name for name, group in file.groups.items() if group.take == "first"),
        uninsured_bp=at(uninsured.percent, day) if uninsured else None,
        package=file.self_pay.package is not None,
        round_down=file.self_pay.rounding == "down",
        fee_visits=frozenset(file.consultation_fee.visit_types) if file.consultation_fee else frozenset(),
    )


def _plan(ground: Ground) -> Plan:
    """What the ground's class can meet on its kind of visit."""
    bars = ((bar.reason, condition(ground, bar.when)) for bar in ground.file.bars)
    met = (_term(ground, place, benefit) for place, benefit in enumerate(ground.file.benefits))
    terms = tuple(term for term in met if term is not None)
    return Plan(
        bars=tuple((reason, found) for reason, found in bars if found is not None),
        terms=terms,
        sums=tuple(sorted(_sums(ground), key=lambda one: one.place)),
        is_split=any(term.base == "above_cap" for term in terms),
    )


def _sums(ground: Ground) -> Iterator[Sum]:
    for name in sums_of(ground.file):
        pool = limit_of_pool(ground, name)
        if pool is not None:
            yield Sum(name, place_of(ground.file, name), pool.holds or always, ground.file.pools[name].claims_of)


def _term(ground: Ground, place: int, benefit: Benefit) -> Term | None:
    """A benefit on this ground; None: it never applies there."""
    file, day, klass = ground.file, ground.day, ground.klass or ""
    over = benefit.when.self_pay_over_yuan
    holds = condition(ground, benefit.when.model_copy(update={"self_pay_over_yuan": None}))
    barred = condition(ground, benefit.unless) if benefit.unless else None
    if holds is None or (barred is not None and barred.claim is always and barred.turn is None):
        return None
    rate = benefit.rate or Rate()
    limits = tuple(limit for name in benefit.limited_by if (limit := limit_of_pool(ground, name)) is not None)
    term = Term(
        id=benefit.id,
        place=place,
        kind=benefit.kind,
        clause=benefit.clause if isinstance(benefit.clause, str) else benefit.clause.get(klass) or benefit.clause["default"],
        applies=_applies(holds, barred),
        over_fen=fen_at(over, day, file.figures) if over else None,
        turn=holds.turn,
        barred=barred.holds if barred and barred.turn else None,
        base=_base(ground, benefit),
        deductible=limit_of_pool(ground, benefit.pool) if benefit.pool else None,
        visit_deductible_fen=fen_of_class(file, benefit.deductible.yuan, klass, day)
        if isinstance(benefit.deductible, VisitDeductible)
        else None,
        deducts=benefit.deductible is not None,
        class_bp=at(rate.class_percent[klass], day) if rate.class_percent and klass in rate.class_percent else None,
        condition_bp=tuple((code, at(percent, day)) for code, percent in (rate.condition_percent or {}).items()),
        flat_bp=at(rate.flat_percent, day) if rate.flat_percent else None,
        take=rate.take,
        rate_bp=None,
        bands=_bands(rate, day),
        banded_by=None if rate.of == "claim" else rate.of,
        fixed_fen=fen_of_class(file, benefit.fixed_yuan, klass, day) if benefit.fixed_yuan else None,
        times=_times(benefit),
        changes=tuple(_changes(ground, benefit.modifiers)),
        limits=limits,
        is_choosy=any(limit.holds is not None for limit in limits),
        group=benefit.group,
        replaced_by=frozenset(benefit.replaced_by),
    )
    if benefit.fixed_yuan and term.fixed_fen is None:
        return None
    return term if term.condition_bp or term.changes or not benefit.rate or term.bands else replace(term, rate_bp=basic_rate(term, None))


def _base(ground: Ground, benefit: Benefit) -> SimpleBase | ExcessBase | None:
    excess = benefit.excess
    if excess is None:
        return benefit.base if isinstance(benefit.base, str) else None
    over_fen = fen_at(excess.over_yuan, ground.day, ground.file.figures)
    return ExcessBase(excess.sum, over_fen, excess.per == "claim", assisted_pool(benefit))


def _applies(holds: Condition, barred: Condition | None) -> Predicate:
    """What is asked of claim and person; where the other side hangs on counters as well, it is asked again when the turn comes."""
    claim = holds.claim
    if barred is None or barred.turn is not None:
        return claim
    against = barred.claim
    return lambda facts: claim(facts) and not against(facts)


def _changes(ground: Ground, modifiers: Sequence[Modifier]) -> Iterator[RateChange]:
    for change in modifiers:
        found = condition(ground, change.when) if change.applies else None
        if found is not None:
            yield RateChange(found.claim, found.turn, at(change.percent, ground.day), change.counted == "relative", change.clause)


def _bands(rate: Rate, day: date) -> Bands:
    tables = rate.band_tables
    return tuple(sorted(at(tables, max(day, min(tables))).items())) if tables else ()


def _times(benefit: Benefit) -> Limit | None:
    name = times_pool(benefit)
    return Limit(name, "times", (benefit.times_a_year or 0) * ONCE) if name else None
