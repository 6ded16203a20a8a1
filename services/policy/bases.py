"""What a benefit's rate applies to: its base, and what a deductible takes off it. Amounts in fen; the course remembers what is used."""

from typing import assert_never

from services.policy.course import Course, Draw
from services.policy.terms import ExcessBase, Term


def base_of(course: Course, term: Term) -> int:
    """What the benefit's rate applies to, before its deductible; a lump sum itself."""
    if term.fixed_fen is not None:
        return min(term.fixed_fen, course.left_fen())
    if term.banded_by is not None and term.banded_by not in course.burden_fen:
        return 0  # its bands lie on a sum that does not count this claim
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
            return max(0, self_pay_fen - course.direct_fen)
        case "excess_over_limit":
            return course.uncut_fen - course.direct_fen
        case "whole_burden":
            claim = course.facts.claim
            paid_fen = claim.basic_paid + claim.critical_illness_paid + claim.other_paid + course.paid_fen
            return max(0, claim.total_amount - paid_fen)
        case None:
            return 0
        case _:
            assert_never(term.base)


def _excess(course: Course, base: ExcessBase) -> int:
    """The part of a sum above the threshold: as it arises, this claim's own, or all of it that has not been assisted yet."""
    burden_fen = course.burden_fen.get(base.sum, 0)
    after_fen = course.sum_fen(base.sum)
    course.draws.append(Draw(base.sum, None, after_fen - burden_fen, burden_fen))
    if base.per_claim:
        return max(0, burden_fen - base.over_fen)
    if base.kept is None:
        return max(0, after_fen - base.over_fen) - max(0, after_fen - burden_fen - base.over_fen)
    part_fen = max(0, after_fen - base.over_fen - course.sum_fen(base.kept))
    course.use(base.kept, part_fen)
    return part_fen


def deducted(course: Course, term: Term, base_fen: int) -> int:
    """What the deductible of the year, or of the visit, takes off the base."""
    if term.visit_deductible_fen is not None:
        taken_fen = min(base_fen, term.visit_deductible_fen)
        course.deductible_fen += taken_fen
        return taken_fen
    limit = term.deductible
    if limit is None or limit.limit_fen is None or not (limit.holds is None or limit.holds(course.facts)):
        return 0
    taken_fen = min(base_fen, course.room_fen(limit) or 0)
    course.deductible_fen += taken_fen
    course.use(limit.name, taken_fen, limit.limit_fen)
    return taken_fen
