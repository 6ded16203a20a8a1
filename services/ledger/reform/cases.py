"""A policy to be tried, and one person settled under it as settlement would have from the first claim on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from schemas.hospital import ClaimSubmitted
from services.ledger.reform.persons import Person
from services.ledger.reform.rows import Known
from services.policy.adjudicate import Settlement, adjudicate, claim_year
from services.policy.entitlement import Status
from services.policy.library import Policies, Source
from services.policy.loader import Policy
from services.policy.tree import Reading


@dataclass(frozen=True)
class Case:
    """A policy to be tried.

    Attributes:
        name: As the report calls it.
        policies: All policies, with this one in its region.
        origins: The files of the region's policies, by the hash of everything in them.
        readings: The readings that it takes otherwise.
        is_anew: Whether statuses follow from the identity events otherwise than today.
    """

    name: str
    region: str
    policies: Policies
    origins: Mapping[str, Source]
    readings: Mapping[str, Reading] | None = None
    is_anew: bool = False

    def policy_of(self, day: date) -> Policy:
        """The policy of a day."""
        return self.policies.nearest(self.region, day)

    def status_of(self, person: Person) -> Status:
        """The person's status under this policy."""
        return person.status_under(self.policies) if self.is_anew else person.status


class Settled(NamedTuple):
    """A claim as the ledger has it, and as it would be; `year`: the calendar year that it would count in."""

    claim: ClaimSubmitted
    known: Known
    year: int
    settlement: Settlement


def settle_person(case: Case, person: Person, year: int | None) -> list[Settled]:
    """Every claim of a person, in the order of acceptance; of those that would not count in `year` only what would."""
    status = case.status_of(person)
    files = case.policies.current[case.region]
    policy_of = case.policy_of if len(files) > 1 else (lambda _day: files[0])
    years: dict[int, list[tuple[ClaimSubmitted, Known]]] = {}
    for pair in person.claims:
        years.setdefault(claim_year(policy_of(pair[0].date), pair[0]), []).append(pair)
    found: list[Settled] = []
    for number, pairs in years.items():
        if year in (None, number) or any(known.year == year for _, known in pairs):
            settlements = adjudicate(policy_of, status, [(claim, known.outcome == "reversed") for claim, known in pairs])
            found += [Settled(claim, known, number, settlement) for (claim, known), settlement in zip(pairs, settlements, strict=True)]
    return found


def cost_fen(case: Case, person: Person, year: int | None) -> int:
    """What the fund would pay for a person in the year, or in all years."""
    return sum(one.settlement.assistance_fen for one in settle_person(case, person, year) if year in (None, one.year))
