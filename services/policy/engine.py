"""The benefit engine: one claim under one category, with the counters as they stand. Integers only; nothing here knows a city.

In: compiled terms, the claim's facts, counters. Out: an `Assessment`: payments in order, what each used up, and why nothing was paid.
"""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from services.policy.bases import base_of, deducted
from services.policy.course import ONCE, Counters, Course, Payment, RateChange
from services.policy.facts import Facts
from services.policy.rates import Parts, bands_of, changes_of, rate_of, share_of
from services.policy.terms import NO_PLAN, ExcessBase, Sum, Term, Terms

DIRECT: Final = ("direct", "above_cap")
"""Kinds of benefits that are direct assistance: what they leave is the burden, and by them a visit counts as covered."""


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
    plan = terms.plans.get((klass, facts.claim.visit_type), NO_PLAN)
    course = Course(facts, counters, terms.round_down)
    for reason, bar in plan.bars:
        if bar.claim(facts) and (bar.turn is None or bar.turn(course)):
            return nothing(category, reason, klass)
    selected = _selected(course, terms, plan.terms)
    chosen = {term.id for term in selected}
    if plan.is_split and any([term.base == "above_cap" for term in selected]):
        course.above_fen = min(facts.claim.above_basic_cap_amount, facts.self_pay_fen)
    counted = 0
    for term in selected:
        if plan.sums:
            counted = _count(course, plan.sums, chosen, counted, term.place)
        if term.replaced_by.isdisjoint(chosen):
            _pay(course, term)
    if plan.sums:
        _count(course, plan.sums, chosen, counted, None)
    why = None if course.paid_fen else _reason(course, selected)
    return Assessment(category, klass, tuple(course.payments), course.paid_fen, course.deductible_fen, course.used_fen, why)


def _selected(course: Course, terms: Terms, plan: Sequence[Term]) -> list[Term]:
    """The benefits that apply, as far as claim and person decide it; of a group that gives one only the first."""
    facts = course.facts
    selected: list[Term] = []
    taken: set[str] = set()
    for term in plan:
        if term.group in taken or not term.applies(facts):
            continue
        if term.over_fen is not None and facts.self_pay_fen <= term.over_fen:
            course.is_short = course.is_short or term.kind in DIRECT
            continue
        if term.group in terms.first_of_group:
            taken.add(term.group or "")
        selected.append(term)
    return selected


def _count(course: Course, sums: Sequence[Sum], chosen: Collection[str], counted: int, place: int | None) -> int:
    """Count the sums that are due before the benefit at `place`, all that are left where there is none; how many have been counted."""
    while counted < len(sums) and (place is None or sums[counted].place <= place):
        due = sums[counted]
        if due.holds(course.facts) and (due.of is None or due.of in chosen):
            course.count(due.name, max(0, course.facts.self_pay_fen - course.direct_fen))
        counted += 1
    return counted


def _reason(course: Course, selected: Sequence[Term]) -> str:
    if not course.is_short and not any(term.kind in DIRECT for term in selected):
        return "visit_type_not_covered"
    if course.facts.self_pay_fen == 0:
        return "no_self_pay"
    if course.base_left_fen == 0 and (course.deductible_fen or course.is_short):
        return "below_deductible"
    return "limit_exhausted"


def _pay(course: Course, term: Term) -> None:
    """One benefit: base, deductible, rate, limits, and what they use up."""
    is_direct = term.kind in DIRECT
    if term.turn is not None and not term.turn(course):
        course.is_short = course.is_short or is_direct
        return
    if (term.barred is not None and term.barred(course)) or (term.times is not None and course.room_fen(term.times) == 0):
        return
    course.draws = []
    base_fen = offered_fen = base_of(course, term)
    if is_direct and base_fen == 0 and isinstance(term.base, ExcessBase):
        course.is_short = True
    deducted_fen = deducted(course, term, base_fen) if term.deducts else 0
    base_fen -= deducted_fen
    changes = changes_of(course, term) if term.changes else ()
    rate_bp = rate_of(term, course.facts, changes) if term.rate_bp is None else term.rate_bp
    if is_direct:
        course.base_left_fen += base_fen
        course.uncut_fen += share_of(course, term, base_fen, rate_bp, changes)
    ceiling_fen = offered_fen if term.base == "whole_burden" else course.left_fen()
    base_fen, amount_fen, limited_by = _limited(course, term, base_fen, rate_bp, changes, ceiling_fen)
    course.paid_fen += amount_fen
    if is_direct:
        course.direct_fen += amount_fen
    if amount_fen:
        if term.times is not None:
            course.use(term.times.name, ONCE, term.times.limit_fen)
        bands: Parts = ()
        if term.bands:
            bands = bands_of(course, term, base_fen, changes)
            rate_bp = (sum(part_fen * bp for part_fen, bp in bands) + base_fen // 2) // base_fen
        used = tuple(course.draws)
        told = Payment(
            term.kind, term.clause, base_fen, rate_bp, amount_fen, limited_by, term.id, offered_fen, changes, used, bands, deducted_fen
        )
        course.payments.append(told)


def _limited(
    course: Course, term: Term, base_fen: int, rate_bp: int, changes: Sequence[RateChange], ceiling_fen: int
) -> tuple[int, int, str | None]:
    """Base admitted, amount, and the counter that bound tightest; the counters are used up."""
    limited_by: str | None = None
    limits = term.limits
    if term.is_choosy:
        limits = tuple([limit for limit in limits if limit.holds is None or limit.holds(course.facts)])
    for limit in limits:
        room_fen = course.room_fen(limit)
        if limit.counts == "self_pay" and room_fen is not None and room_fen < base_fen:
            base_fen, limited_by = room_fen, limit.name
    amount_fen = min(share_of(course, term, base_fen, rate_bp, changes), ceiling_fen)
    for limit in limits:
        room_fen = course.room_fen(limit)
        if limit.counts == "payment" and room_fen is not None and room_fen < amount_fen:
            amount_fen, limited_by = room_fen, limit.name
    for limit in limits:
        course.use(limit.name, base_fen if limit.counts == "self_pay" else amount_fen, limit.limit_fen)
    return base_fen, amount_fen, limited_by
