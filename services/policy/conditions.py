"""Conditions compiled: a `When` as one class meets it on one kind of visit, with one day's figures.

In: a `When` of a checked file. Out: what it asks of claim and person, and what of the counters; the same wherever a `When` may stand. What class and
kind of visit decide is decided here, so that no claim pays for it.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from services.policy.benefits import When
from services.policy.course import Course, Limit, Turn
from services.policy.facts import Facts, Predicate, always
from services.policy.limits import limit_fen
from services.policy.model import PolicyFile
from services.policy.parts import fen_at


class Ground(NamedTuple):
    """For whom a condition is compiled. None: the class, or the kind of visit, is not known yet, and `classes` is not asked."""

    file: PolicyFile
    day: date
    klass: str | None
    visit: str | None


class Condition(NamedTuple):
    """What is asked of the claim and its person, and, None for nothing, of the counters when the turn comes."""

    claim: Predicate
    turn: Turn | None

    def holds(self, course: Course) -> bool:
        """Whether all of it holds as things stand."""
        return self.claim(course.facts) and (self.turn is None or self.turn(course))


def condition(ground: Ground, when: When) -> Condition | None:
    """`when` on this ground; None: it never holds there."""
    if (when.classes is not None and ground.klass not in when.classes) or (
        when.visit_types is not None and ground.visit is not None and ground.visit not in when.visit_types
    ):
        return None
    claims = [*_of_visit(ground, when), *_of_place(when), *_of_person(when), *_of_amount(ground, when)]
    turns = list(_of_counters(ground, when))
    if when.any_of:
        alternatives = [found for inner in when.any_of if (found := condition(ground, inner)) is not None]
        if not alternatives:
            return None
        if not any(one.claim is always for one in alternatives):
            claims.append(_any([one.claim for one in alternatives]))
        if any(one.turn is not None for one in alternatives):
            turns.append(_any_holds(alternatives))
    return Condition(_all(claims), _all_turns(turns))


def limit_of_pool(ground: Ground, name: str) -> Limit | None:
    """A pool as the ground's class meets it on the ground's kind of visit; None where it does not apply."""
    pool = ground.file.pools[name]
    if pool.visit_types is not None and ground.visit not in pool.visit_types:
        return None
    found = condition(ground, pool.when) if pool.when is not None else None
    if pool.when is not None and found is None:
        return None
    return Limit(
        name,
        pool.counts,
        limit_fen(ground.file, name, ground.klass, ground.day),
        None if found is None or found.claim is always else found.claim,
    )


def _of_visit(ground: Ground, when: When) -> Iterator[Predicate]:
    if when.visit_types is not None and ground.visit is None:
        visits = frozenset(when.visit_types)
        yield lambda facts: facts.claim.visit_type in visits
    if when.insurance is not None:
        insurance = frozenset(when.insurance)
        yield lambda facts: facts.claim.insurance_type in insurance
    if when.referral is not None:
        referral = frozenset(when.referral)
        yield lambda facts: facts.claim.referral in referral
    if when.conditions is not None:
        conditions = frozenset(when.conditions)
        yield lambda facts: not conditions.isdisjoint(facts.claim.conditions)
    if when.without_conditions is not None:
        excluded = frozenset(when.without_conditions)
        yield lambda facts: excluded.isdisjoint(facts.claim.conditions)


def _of_place(when: When) -> Iterator[Predicate]:
    if when.in_province is not None:
        yield lambda facts: facts.claim.in_province is when.in_province
    if when.in_county is not None:
        yield lambda facts: facts.claim.in_county is when.in_county
    if when.districts is not None:
        districts = frozenset(when.districts)
        yield lambda facts: facts.claim.district in districts
    if when.hospital_grades is not None:
        grades = frozenset[str](when.hospital_grades)
        yield lambda facts: facts.grade in grades


def _of_person(when: When) -> Iterator[Predicate]:
    if when.age_at_most is not None:
        years, on_application = when.age_at_most, when.age_on == "application"

        def young(facts: Facts) -> bool:
            found = facts.application_age if on_application else facts.service_age
            return found is not None and found <= years

        yield young
    if when.applied is not None:
        yield lambda facts: (facts.applied_on is not None) is when.applied


def _of_amount(ground: Ground, when: When) -> Iterator[Predicate]:
    if when.self_pay_over_yuan is not None:
        over_fen = fen_at(when.self_pay_over_yuan, ground.day, ground.file.figures)
        yield lambda facts: facts.self_pay_fen > over_fen


def _of_counters(ground: Ground, when: When) -> Iterator[Turn]:
    if when.limit_reached is not None:
        limit = Limit(when.limit_reached, "", limit_fen(ground.file, when.limit_reached, ground.klass, ground.day))
        yield lambda course: course.room_fen(limit) == 0
    for name, figures in (when.sum_over or {}).items():
        yield _sum_over(name, fen_at(figures, ground.day, ground.file.figures))


def _sum_over(name: str, over_fen: int) -> Turn:
    return lambda course: course.sum_fen(name) > over_fen


def _all(tests: Sequence[Predicate]) -> Predicate:
    if not tests:
        return always
    if len(tests) == 1:
        return tests[0]
    return lambda facts: all(test(facts) for test in tests)


def _any(tests: Sequence[Predicate]) -> Predicate:
    return lambda facts: any(test(facts) for test in tests)


def _all_turns(turns: Sequence[Turn]) -> Turn | None:
    if len(turns) <= 1:
        return turns[0] if turns else None
    return lambda course: all(turn(course) for turn in turns)


def _any_holds(alternatives: Sequence[Condition]) -> Turn:
    return lambda course: any(one.holds(course) for one in alternatives)
