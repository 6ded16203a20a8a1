"""What the rules may ask about a claim and its person, and conditions compiled to functions of it."""

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from schemas.hospital import ClaimSubmitted
from services.policy.benefits import When


class Facts(NamedTuple):
    """One claim as the rules see it. Amounts in fen.

    Attributes:
        self_pay_fen: S, the policy-scope self-pay.
        born: The person's birth date; None: unknown.
        service_age: Whole years on the first day of the visit; None: unknown.
        applied_on: The day on which help was applied for; None: it was not.
        application_age: Whole years on that day, without one on the first day of the visit; None: unknown.
    """

    claim: ClaimSubmitted
    self_pay_fen: int
    born: date | None
    service_age: int | None
    applied_on: date | None
    application_age: int | None

    def applied_for(self, applied_on: date) -> "Facts":
        """The same claim, applied for on that day."""
        return self._replace(applied_on=applied_on, application_age=age(self.born, applied_on))


Predicate = Callable[[Facts], bool]


def facts_of(claim: ClaimSubmitted, self_pay_fen: int, birth_date: date | None) -> Facts:
    """The facts of `claim`; `birth_date` is the timeline's, used where the claim has none."""
    born = claim.birth_date or birth_date
    service_age = age(born, claim.first_date)
    facts = Facts(claim, self_pay_fen, born, service_age, None, service_age)
    return facts.applied_for(claim.applied_on) if claim.applied_on else facts


def age(born: date | None, day: date) -> int | None:
    """Whole years on `day`; a birthday on 29 February is kept on 1 March. None before birth, or unknown."""
    if born is None or day < born:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def always(_facts: Facts) -> bool:
    """A condition that holds for every claim."""
    return True


def predicate(when: When) -> Predicate:
    """`when` as a function, apart from `classes` and `limit_reached`, which are known elsewhere."""
    tests = [*_claim_tests(when), *_person_tests(when)]
    if when.any_of:
        alternatives = [predicate(inner) for inner in when.any_of]
        tests.append(lambda facts: any(test(facts) for test in alternatives))
    if not tests:
        return always
    if len(tests) == 1:
        return tests[0]
    return lambda facts: all(test(facts) for test in tests)


def _claim_tests(when: When) -> list[Predicate]:
    tests: list[Predicate] = []
    if when.visit_types is not None:
        visits = frozenset(when.visit_types)
        tests.append(lambda facts: facts.claim.visit_type in visits)
    if when.insurance is not None:
        insurance = frozenset(when.insurance)
        tests.append(lambda facts: facts.claim.insurance_type in insurance)
    if when.referral is not None:
        referral = frozenset(when.referral)
        tests.append(lambda facts: facts.claim.referral in referral)
    if when.in_province is not None:
        tests.append(lambda facts: facts.claim.in_province is when.in_province)
    if when.conditions is not None:
        conditions = frozenset(when.conditions)
        tests.append(lambda facts: not conditions.isdisjoint(facts.claim.conditions))
    if when.without_conditions is not None:
        excluded = frozenset(when.without_conditions)
        tests.append(lambda facts: excluded.isdisjoint(facts.claim.conditions))
    return tests


def _person_tests(when: When) -> list[Predicate]:
    tests: list[Predicate] = []
    if when.age_at_most is not None:
        years, on_application = when.age_at_most, when.age_on == "application"

        def young(facts: Facts) -> bool:
            found = facts.application_age if on_application else facts.service_age
            return found is not None and found <= years

        tests.append(young)
    if when.applied is not None:
        tests.append(lambda facts: (facts.applied_on is not None) is when.applied)
    return tests
