"""What the rules may ask about a claim and its person."""

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from schemas.hospital import ClaimSubmitted


class Facts(NamedTuple):
    """One claim as the rules see it. Amounts in fen.

    Attributes:
        self_pay_fen: S, the policy-scope self-pay.
        born: The person's birth date; None: unknown.
        service_age: Whole years on the first day of the visit; None: unknown.
        applied_on: The day on which help was applied for; None: it was not.
        application_age: Whole years on that day, without one on the first day of the visit; None: unknown.
        grade: The hospital's grade by the region's list.
    """

    claim: ClaimSubmitted
    self_pay_fen: int
    born: date | None
    service_age: int | None
    applied_on: date | None
    application_age: int | None
    grade: str = "ungraded"

    def applied_for(self, applied_on: date) -> "Facts":
        """The same claim, applied for on that day."""
        return self._replace(applied_on=applied_on, application_age=age(self.born, applied_on))


Predicate = Callable[[Facts], bool]


def facts_of(claim: ClaimSubmitted, self_pay_fen: int, birth_date: date | None, grade: str) -> Facts:
    """The facts of `claim`; `birth_date` is the timeline's, used where the claim has none."""
    born = claim.birth_date or birth_date
    service_age = age(born, claim.first_date)
    facts = Facts(claim, self_pay_fen, born, service_age, None, service_age, grade)
    return facts.applied_for(claim.applied_on) if claim.applied_on else facts


def age(born: date | None, day: date) -> int | None:
    """Whole years on `day`; a birthday on 29 February is kept on 1 March. None before birth, or unknown."""
    if born is None or day < born:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def always(_facts: Facts) -> bool:
    """A condition that holds for every claim."""
    return True
