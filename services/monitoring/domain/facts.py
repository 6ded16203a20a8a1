"""What monitoring knows of a person, and how an observation adds to it. A revision that is not newer than the known one changes nothing.

In: observations. Out: the person after them. Promise: what is known depends on the newest revisions alone, whatever the order of topics; only
what was taken back and what was refused add up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from services.monitoring.domain.observed import Conflict, Nothing, Settled, StatusKnown
from services.monitoring.domain.warnings import Said
from services.policy.course import Counters
from services.policy.entitlement import Interval

YearKey = tuple[str, int]
"""Region and calendar year."""


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """The newest revision of one claim, as far as warnings ask. Amounts in fen.

    Attributes:
        first, last: Of a stay admission and discharge, else twice the day of service.
        in_force: Whether a policy was in force on its day.
        category: The category settled by.
        burden_fen: Personal burden after all three tiers; `self_pay_fen` before assistance.
        recovered_fen: What adjustments have taken back so far.
        counted: Whether its hospital was told to count it.
    """

    key: str
    region: str
    year: int
    sequence: int
    revision: int
    first: date
    last: date
    is_stay: bool
    is_reversed: bool
    in_force: bool
    category: str | None
    self_pay_fen: int
    burden_fen: int
    recovered_fen: int
    counted: bool

    @property
    def settlement_id(self) -> str:
        """Of the newest revision."""
        return f"{self.key}/{self.revision}"


@dataclass(frozen=True, slots=True)
class Status:
    """A person's timeline; `died_on` is the earliest death that stands, in any region."""

    revision: int = 0
    intervals: tuple[Interval, ...] = ()
    died_on: date | None = None


DELIVERIES_MAX = 1_000
"""Of one claim key that are told apart: a client that sends a refused bill for ever costs no more, and its warning says so many."""


@dataclass(frozen=True, slots=True)
class Person:
    """All that monitoring knows of a person, and what it has said.

    Attributes:
        claims: By claim key.
        counters: Of each region and year the counters of the newest result, fen.
        conflicts: By `<region>/<year>/<claim key>` which deliveries with other content were refused.
        said: By warning id.
    """

    person_id: str
    status: Status = field(default_factory=Status)
    claims: Mapping[str, ClaimFacts] = field(default_factory=dict)
    counters: Mapping[YearKey, Counters] = field(default_factory=dict)
    conflicts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    said: Mapping[str, Said] = field(default_factory=dict)

    def standing(self) -> list[ClaimFacts]:
        """The claims that were not reversed, in no order."""
        return [claim for claim in self.claims.values() if not claim.is_reversed]

    def years(self) -> Mapping[YearKey, list[ClaimFacts]]:
        """The standing claims of each region and year, in no order."""
        years: dict[YearKey, list[ClaimFacts]] = {}
        for claim in self.standing():
            years.setdefault((claim.region, claim.year), []).append(claim)
        return years


def observe(person: Person, seen: Settled | StatusKnown | Conflict | Nothing) -> Person:
    """The person after `seen`; the very same where it tells nothing new."""
    match seen:
        case Settled():
            return _settled(person, seen)
        case StatusKnown():
            if seen.revision <= person.status.revision:
                return person
            return replace(person, status=Status(seen.revision, seen.intervals, seen.died_on))
        case Conflict():
            key = f"{seen.region}/{seen.year}/{seen.claim}"
            known = person.conflicts.get(key, frozenset())
            if seen.delivery in known or len(known) == DELIVERIES_MAX:
                return person
            return replace(person, conflicts={**person.conflicts, key: known | {seen.delivery}})
        case Nothing():
            return person


def _settled(person: Person, seen: Settled) -> Person:
    known = person.claims.get(seen.key)
    if known is not None and seen.revision <= known.revision:
        return person
    facts = ClaimFacts(
        key=seen.key,
        region=seen.region,
        year=seen.year,
        sequence=seen.sequence,
        revision=seen.revision,
        first=seen.first,
        last=seen.last,
        is_stay=seen.is_stay,
        is_reversed=seen.is_reversed,
        in_force=seen.in_force,
        category=seen.category,
        self_pay_fen=seen.self_pay_fen,
        burden_fen=seen.burden_fen,
        recovered_fen=(known.recovered_fen if known else 0) + seen.taken_back_fen,
        counted=seen.counted,
    )
    return replace(person, claims={**person.claims, seen.key: facts}, counters={**person.counters, (seen.region, seen.year): seen.counters})
