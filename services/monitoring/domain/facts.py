"""What monitoring knows of a person, and how an observation adds to it. A revision that is not newer than the known one changes nothing.

In: observations. Out: the person after them. Promise: what is known depends on the newest revisions alone, whatever the order of topics; only
what was taken back, refused and closed adds up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from services.monitoring.domain.observed import Closed, Conflict, Nothing, ReversalWaits, Settled, StatusKnown
from services.monitoring.domain.warnings import Said, after_closing
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
        visit_id: The hospital's number of the visit; several bills of one stay carry the same.
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
    visit_id: str | None = None

    @property
    def hospital_id(self) -> str:
        """Who treated."""
        return self.key.partition("/")[0]

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


@dataclass(frozen=True, slots=True)
class Refusals:
    """How often one claim key was sent again with other content.

    `newest`: of each partition the highest offset that was counted. A dead letter may be written, and read, more than once; those of a claim key come in the
    order of the refused records, so that one at or below it is known.
    """

    count: int = 0
    newest: Mapping[int, int] = field(default_factory=dict)

    def and_at(self, partition: int, offset: int) -> "Refusals":
        """With the delivery that lay there; the very same where it is known."""
        if offset <= self.newest.get(partition, -1):
            return self
        return Refusals(self.count + 1, {**self.newest, partition: offset})


@dataclass(frozen=True, slots=True)
class Person:
    """All that monitoring knows of a person, and what it has said.

    Attributes:
        claims: By claim key.
        counters: Of each region and year the counters of the newest result, fen.
        waiting: By `<region>/<claim key>` the day of a reversal whose claim has not come.
        conflicts: By `<region>/<year>/<claim key>` the deliveries with other content that were refused.
        said: By warning id.
    """

    person_id: str
    status: Status = field(default_factory=Status)
    claims: Mapping[str, ClaimFacts] = field(default_factory=dict)
    counters: Mapping[YearKey, Counters] = field(default_factory=dict)
    waiting: Mapping[str, date] = field(default_factory=dict)
    conflicts: Mapping[str, Refusals] = field(default_factory=dict)
    said: Mapping[str, Said] = field(default_factory=dict)

    def closed(self, warning_id: str) -> int:
        """How much of what a warning measures operators have closed."""
        said = self.said.get(warning_id)
        return said.closed if said else 0

    def standing(self) -> list[ClaimFacts]:
        """The claims that were not reversed, in no order."""
        return [claim for claim in self.claims.values() if not claim.is_reversed]

    def years(self) -> Mapping[YearKey, list[ClaimFacts]]:
        """The standing claims of each region and year, in no order."""
        years: dict[YearKey, list[ClaimFacts]] = {}
        for claim in self.standing():
            years.setdefault((claim.region, claim.year), []).append(claim)
        return years


def observe(person: Person, seen: Settled | StatusKnown | ReversalWaits | Conflict | Closed | Nothing) -> Person:
    """The person after `seen`; the very same where it tells nothing new."""
    match seen:
        case Settled():
            return _settled(person, seen)
        case StatusKnown():
            if seen.revision <= person.status.revision:
                return person
            return replace(person, status=Status(seen.revision, seen.intervals, seen.died_on))
        case ReversalWaits():
            return _waiting(person, seen)
        case Conflict():
            key = f"{seen.region}/{seen.year}/{seen.claim}"
            known = person.conflicts.get(key, Refusals())
            refusals = known.and_at(seen.partition, seen.offset)
            return person if refusals is known else replace(person, conflicts={**person.conflicts, key: refusals})
        case Closed():
            said = person.said.get(seen.warning_id)
            if said is None or said.open is None or said.episode != seen.episode:
                return person  # closed before, or of no episode that stands
            return replace(person, said={**person.said, seen.warning_id: after_closing(said, said.open.measure)})
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
        visit_id=seen.visit_id,
    )
    waiting = {name: day for name, day in person.waiting.items() if name != f"{seen.region}/{seen.key}"}
    return replace(
        person,
        claims={**person.claims, seen.key: facts},
        counters={**person.counters, (seen.region, seen.year): seen.counters},
        waiting=waiting if len(waiting) < len(person.waiting) else person.waiting,
    )


def _waiting(person: Person, seen: ReversalWaits) -> Person:
    """With a reversal that waits, unless its claim is known already: whichever of the two topics is read first, the end is the same."""
    name, claim = f"{seen.region}/{seen.claim}", person.claims.get(seen.claim)
    if name in person.waiting or (claim is not None and claim.region == seen.region):
        return person
    return replace(person, waiting={**person.waiting, name: seen.on})
