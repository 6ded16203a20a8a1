"""A person's years as settlement keeps them, and the checks a claim must pass before it is settled. Pure."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple

from schemas.hospital import ClaimReversed, ClaimSubmitted
from services.policy.adjudicate import claim_year, self_pay_fen
from services.policy.course import Counters
from services.policy.entitlement import Status
from services.policy.library import Policies
from services.policy.tree import Reading
from services.runtime.errors import Fault, Refused, Unreadable

NONE: Mapping[Any, Any] = MappingProxyType({})
"""No entries."""

YearKey = tuple[str, int]
"""Region and calendar year."""


class Waiting(NamedTuple):
    """A reversal whose claim has not come, and the event that brought it."""

    reversal: ClaimReversed
    cause: Mapping[str, str]
    time: str


class Cause(NamedTuple):
    """What led to a revision: source and id of an event, and its time."""

    event: Mapping[str, str]
    time: str


class Owed(NamedTuple):
    """A year that is to be settled anew, once for all events that come together: because of the newest of them, a claim taken back because of its own."""

    cause: Cause
    reversals: Mapping[str, Cause] = NONE

    def cause_of(self, claim_key: str) -> Cause:
        """What leads to the next revision of a claim."""
        return self.reversals.get(claim_key, self.cause)


class ClaimRecord(NamedTuple):
    """An accepted claim and its newest result.

    Attributes:
        figures: Hash of all that makes a new revision when it changes.
        reversed_for: The sender's reason, once reversed.
    """

    claim: ClaimSubmitted
    sequence: int
    revision: int
    assistance_fen: int
    figures: str
    reversed_for: str | None = None


class PersonYear(NamedTuple):
    """What was settled for a person in a region and year.

    Attributes:
        counters: Used so far, fen.
        sequence: How many claims were accepted; `claims` may hold fewer, only those that a batch asked for.
        edition, readings: The policy edition of the newest result.
        through: The latest claim date settled.
        is_behind: Whether it could not be settled anew when that was due: claims and reversals wait until it is.
    """

    counters: Counters = NONE
    sequence: int = 0
    edition: str | None = None
    readings: Mapping[str, Reading] = NONE
    through: date | None = None
    claims: Mapping[str, ClaimRecord] = NONE
    is_behind: bool = False

    def whole(self) -> list[ClaimRecord]:
        """All claims in order of acceptance.

        Raises:
            LookupError: Not all of them were loaded.
        """
        records = sorted(self.claims.values(), key=lambda record: record.sequence)
        if len(records) != self.sequence:
            raise LookupError(f"{len(records)} of {self.sequence} claims of the year are at hand")
        return records


class Person(NamedTuple):
    """All that settlement knows of a person.

    `owed`: the years to be settled anew before a batch ends, and `owing`, how many events asked for that; no view keeps them.
    """

    person_id: str
    status: Status = Status()
    timeline_revision: int = 0
    years: Mapping[YearKey, PersonYear] = NONE
    waiting: Mapping[str, Waiting] = NONE
    holders: Mapping[str, str] = NONE
    owed: Mapping[YearKey, Owed] = NONE
    owing: int = 0

    def with_year(self, key: YearKey, year: PersonYear) -> "Person":
        """The person with one year replaced."""
        return self._replace(years={**self.years, key: year})


class Holder(NamedTuple):
    """Who holds a claim key: the index's entry. Content is compared by hash; the year says where the claim lies."""

    year: int
    person_id: str
    region: str
    content: str

    @classmethod
    def of(cls, year: int, claim: ClaimSubmitted) -> "Holder":
        """The holder that `claim` would be."""
        return cls(year, claim.person_id, claim.region, claim.content_hash)

    @classmethod
    def parse(cls, text: str) -> "Holder":
        """Back from `text`.

        Raises:
            Unreadable: It is none of ours.
        """
        try:
            year, person_id, region, content = text.split("|")
            return cls(int(year), person_id, region, content)
        except ValueError as error:
            raise Unreadable("a holder of a claim key in the view cannot be read") from error

    def is_same_bill(self, other: "Holder") -> bool:
        """Whether person, region and content are those of `other`; the year says only where the claim lies."""
        return self[1:] == other[1:]

    def text(self) -> str:
        """As the index keeps it; the ids hold no bar."""
        return f"{self.year}|{self.person_id}|{self.region}|{self.content}"


def year_of(policies: Policies, claim: ClaimSubmitted) -> int:
    """The calendar year that `claim` counts in."""
    return claim_year(policies.nearest(claim.region, claim.date), claim)


def check_amounts(policies: Policies, claim: ClaimSubmitted) -> None:
    """Whether the bill adds up by its region's rule.

    Raises:
        Refused: `invalid_amounts`, with every amount at fault.
    """
    policy = policies.nearest(claim.region, claim.date)
    faults: list[Fault] = []
    if claim.policy_scope_amount > claim.total_amount:
        faults.append(Fault("data.policy_scope_amount", "at most total_amount"))
    if claim.payment_method == "package" and policy.file.self_pay.package is not None:
        if claim.basic_paid + claim.critical_illness_paid > claim.total_amount:
            faults.append(Fault("data.basic_paid", "with critical_illness_paid at most total_amount under a package"))
    elif claim.basic_paid + claim.critical_illness_paid + claim.other_paid > claim.policy_scope_amount:
        faults.append(
            Fault(
                "data.basic_paid",
                "with critical_illness_paid and other_paid at most policy_scope_amount; what assistance paid is in none of them",
            )
        )
    if not faults and claim.above_basic_cap_amount and claim.above_basic_cap_amount > self_pay_fen(policy, claim):
        faults.append(Fault("data.above_basic_cap_amount", "at most the self-pay of the bill"))
    if faults:
        raise Refused("invalid_amounts", *faults[0], faults[1:])
