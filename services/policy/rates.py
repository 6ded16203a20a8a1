"""What a base comes to: the rate that counts, changed by its modifiers, or several rates by bands. Basis points and fen; one rounding a payment."""

from collections.abc import Sequence

from services.policy.course import WHOLE_BP, Course, RateChange, round_share
from services.policy.facts import Facts
from services.policy.terms import Term, basic_rate

Parts = tuple[tuple[int, int], ...]
"""Each part of a base in fen with its rate."""


def changes_of(course: Course, term: Term) -> tuple[RateChange, ...]:
    """The modifiers that hold as things stand."""
    return tuple([one for one in term.changes if one.when(course.facts) and (one.turn is None or one.turn(course))])


def rate_of(term: Term, facts: Facts, changes: Sequence[RateChange]) -> int:
    """The rate that counts, modified, from 0 to 100%."""
    if term.fixed_fen is not None or term.bands:
        return WHOLE_BP
    conditions = facts.claim.conditions
    return _changed(basic_rate(term, max((bp for condition, bp in term.condition_bp if condition in conditions), default=None)), changes)


def _changed(rate_bp: int, changes: Sequence[RateChange]) -> int:
    for change in changes:
        rate_bp = rate_bp * (WHOLE_BP + change.points_bp) // WHOLE_BP if change.relative else rate_bp + change.points_bp
    return max(0, min(rate_bp, WHOLE_BP))


def bands_of(course: Course, term: Term, base_fen: int, changes: Sequence[RateChange]) -> Parts:
    """The parts of a base, each with its rate: from 0 on, or as the newest part of a year's sum."""
    begins_fen = 0 if term.banded_by is None else max(0, course.sum_fen(term.banded_by) - base_fen)
    ends_fen = begins_fen + base_fen
    tops_fen = [*(begins for begins, _ in term.bands[1:]), ends_fen]
    parts = (
        (min(ends_fen, top_fen) - max(begins_fen, low_fen), _changed(rate_bp, changes))
        for (low_fen, rate_bp), top_fen in zip(term.bands, tops_fen, strict=True)
    )
    return tuple([(part_fen, rate_bp) for part_fen, rate_bp in parts if part_fen > 0])


def share_of(course: Course, term: Term, base_fen: int, rate_bp: int, changes: Sequence[RateChange]) -> int:
    """What a base comes to: one rounding, however many bands it lies in."""
    if not term.bands:
        return round_share(base_fen, rate_bp, course.round_down)
    exact = sum([part_fen * bp for part_fen, bp in bands_of(course, term, base_fen, changes)])
    return round_share(exact, 1, course.round_down)
