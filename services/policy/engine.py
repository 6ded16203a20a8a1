"""The benefit engine: one claim under one category, with the counters as they stand. Integers only; nothing here knows a city.

In: compiled terms, the claim's facts, counters. Out: an `Assessment`: payments in order, what each used up, and why nothing was paid.
"""

from collections.abc import Sequence
from typing import NamedTuple, assert_never

from services.policy.course import Counters, Course, Payment, round_share
from services.policy.facts import Facts
from services.policy.terms import WHOLE_BP, ExcessBase, RateChange, Term, Terms, basic_rate


class Assessment(NamedTuple):
    """What one category gives on one claim.

    Attributes:
        payments: Components above 0, in order of payment.
        used_fen: What the claim adds to each counter.
        reason: Why nothing is paid; None when something is.
    """

    category: str
    klass: str | None
    payments: tuple[Payment, ...]
    total_fen: int
    deductible_fen: int
    used_fen: Counters
    reason: str | None


def nothing(category: str, reason: str, klass: str | None = None) -> Assessment:
    """An assessment that pays nothing and uses nothing."""
    return Assessment(category, klass, (), 0, 0, {}, reason)


def assess(terms: Terms, category: str, klass: str, facts: Facts, counters: Counters) -> Assessment:
    """Settle a claim by one category of class `klass`."""
    for source, becomes, holds in terms.reclass:
        if source == klass and holds(facts):
            klass = becomes
            break
    for reason, classes, holds in terms.bars:
        if (classes is None or klass in classes) and holds(facts):
            return nothing(category, reason, klass)
    selected = _selected(terms, terms.plans.get((klass, facts.claim.visit_type), ()), facts)
    chosen = {term.id for term in selected}
    above_fen = min(facts.claim.above_basic_cap_amount, facts.self_pay_fen) if terms.cap is not None and terms.cap(facts) else 0
    course = Course(terms, facts, counters, above_fen)
    for term in selected:
        if term.replaced_by.isdisjoint(chosen):
            _pay(course, term)
    why = None if course.paid_fen else _reason(course, selected)
    return Assessment(category, klass, tuple(course.payments), course.paid_fen, course.deductible_fen, course.used_fen, why)


def _selected(terms: Terms, plan: Sequence[Term], facts: Facts) -> list[Term]:
    """The benefits that apply, of a group that gives one only the first."""
    selected: list[Term] = []
    taken: set[str] = set()
    for term in plan:
        if term.group in taken or not term.applies(facts):
            continue
        if term.group in terms.first_of_group:
            taken.add(term.group or "")
        selected.append(term)
    return selected


def _reason(course: Course, selected: Sequence[Term]) -> str:
    if not any(term.kind in ("direct", "above_cap") for term in selected):
        return "visit_type_not_covered"
    if course.facts.self_pay_fen == 0:
        return "no_self_pay"
    if course.deductible_fen and course.base_left_fen == 0:
        return "below_deductible"
    return "limit_exhausted"


def _pay(course: Course, term: Term) -> None:
    """One benefit: base, deductible, rate, limits, and what they use up."""
    if term.limit_reached is not None and course.room_fen(term.limit_reached) != 0:
        return
    course.draws = []
    base_fen = offered_fen = _base(course, term)
    if term.deductible is not None and term.deductible.limit_fen is not None:
        taken_fen = min(base_fen, course.room_fen(term.deductible) or 0)
        course.deductible_fen += taken_fen
        course.use(term.deductible.name, taken_fen, term.deductible.limit_fen)
        base_fen -= taken_fen
    changes = tuple([change for change in term.changes if change.when(course.facts)]) if term.changes else ()
    rate_bp = _rate(term, course.facts, changes) if term.rate_bp is None else term.rate_bp
    if term.kind in ("direct", "above_cap"):
        course.base_left_fen += base_fen
        course.uncut_fen += round_share(base_fen, rate_bp, course.terms.round_down)
    base_fen, amount_fen, limited_by = _limited(course, term, base_fen, rate_bp)
    course.paid_fen += amount_fen
    if term.kind in ("direct", "above_cap"):
        course.direct_fen += amount_fen
    if amount_fen:
        draws = tuple(course.draws)
        course.payments.append(
            Payment(term.kind, term.clause, base_fen, rate_bp, amount_fen, limited_by, term.id, offered_fen, changes, draws)
        )


def _base(course: Course, term: Term) -> int:
    """What the benefit's rate applies to, before its deductible."""
    self_pay_fen = course.facts.self_pay_fen
    if isinstance(term.base, ExcessBase):
        return _excess(course, term.base)
    match term.base:
        case "self_pay":
            return self_pay_fen
        case "self_pay_below_cap":
            return self_pay_fen - course.above_fen
        case "above_cap":
            return course.above_fen
        case "burden_left":
            return self_pay_fen - course.direct_fen
        case "excess_over_limit":
            return course.uncut_fen - course.direct_fen
        case _:
            assert_never(term.base)


def _excess(course: Course, base: ExcessBase) -> int:
    """The rise of the part of the year's burden above the threshold; the burden is added up."""
    burden_fen = course.facts.self_pay_fen - course.direct_fen
    before_fen = course.counters.get(base.sum, 0) + course.used_fen.get(base.sum, 0)
    course.use(base.sum, burden_fen)
    if base.per_claim:
        return max(0, burden_fen - base.over_fen)
    return max(0, before_fen + burden_fen - base.over_fen) - max(0, before_fen - base.over_fen)


def _rate(term: Term, facts: Facts, changes: Sequence[RateChange]) -> int:
    """The rate that counts, modified, from 0 to 100%."""
    conditions = facts.claim.conditions
    rate_bp = basic_rate(term, max((bp for condition, bp in term.condition_bp if condition in conditions), default=None))
    for change in changes:
        rate_bp = rate_bp * (WHOLE_BP + change.points_bp) // WHOLE_BP if change.relative else rate_bp + change.points_bp
    return max(0, min(rate_bp, WHOLE_BP))


def _limited(course: Course, term: Term, base_fen: int, rate_bp: int) -> tuple[int, int, str | None]:
    """Base admitted, amount, and the counter that bound tightest; the counters are used up."""
    limited_by: str | None = None
    limits = term.limits
    for limit in limits:
        room_fen = course.room_fen(limit)
        if limit.counts == "self_pay" and room_fen is not None and room_fen < base_fen:
            base_fen, limited_by = room_fen, limit.name
    amount_fen = min(round_share(base_fen, rate_bp, course.terms.round_down), course.facts.self_pay_fen - course.paid_fen)
    for limit in limits:
        room_fen = course.room_fen(limit)
        if limit.counts == "payment" and room_fen is not None and room_fen < amount_fen:
            amount_fen, limited_by = room_fen, limit.name
    for limit in limits:
        course.use(limit.name, base_fen if limit.counts == "self_pay" else amount_fen, limit.limit_fen)
    return base_fen, amount_fen, limited_by
