"""Why a claim got what it got. One function for every source: it settles the person-year again by `adjudicate`, so it cannot say otherwise than settlement.

In: a `Dossier`: the person's status and the year's claims in the order of acceptance, as a view or the ledger tells them. Out: an `Explanation`, all in
numbers and codes. Not here: the words (`explain_text.py`), where a dossier comes from (`services/ledger/dossiers`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from schemas.hospital import ClaimSubmitted
from services.policy.adjudicate import Settlement, adjudicate, claim_year
from services.policy.course import Counters
from services.policy.entitlement import Interval, Status
from services.policy.library import Policies
from services.policy.loader import Policy
from services.policy.model import ReadingChoice
from services.policy.standing import StatusEvent
from services.policy.timeline import runs, time_rules
from services.policy.tree import Reading

PolicyOf = Callable[[date], Policy]


@dataclass(frozen=True, slots=True)
class Told:
    """A revision as the ledger tells it. Amounts as its text, in yuan."""

    revision: int
    verb: str
    time: str
    assistance: str
    delta: str
    cause: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Dossier:
    """A person-year.

    Attributes:
        policy_of: The policy of a claim's day, by the year's edition.
        claims: In the order of acceptance; of a reversed one the sender's reason.
        events: The identity events behind the status; None where the source does not tell them.
        history: The claim's revisions; empty where the source does not tell them.
    """

    person_id: str
    region: str
    year: int
    status: Status
    policy_of: PolicyOf
    claims: Sequence[tuple[ClaimSubmitted, str | None]]
    events: Sequence[StatusEvent] | None = None
    history: Sequence[Told] = ()


@dataclass(frozen=True, slots=True)
class Mattered:
    """A reading on which the claim hangs: what it is, and what the other one would have led to."""

    name: str
    choice: ReadingChoice
    value: Reading
    other: Reading
    assistance_fen: int
    reason: str | None
    year: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that led to a claim's amounts. `sequence` is its place in the year, from 1; `before` the counters it met."""

    dossier: Dossier
    claim: ClaimSubmitted
    sequence: int
    settlement: Settlement
    reversed_for: str | None
    before: Counters
    intervals: Sequence[Interval]
    readings: Sequence[Mattered]


def explain(policies: Policies, dossier: Dossier, key: str) -> Explanation:
    """Explain the claim `key` (`<hospital>/<claim>`) of `dossier`.

    Raises:
        LookupError: The claim is not in the dossier.
    """
    place = next((place for place, (claim, _) in enumerate(dossier.claims) if claim.key == key), None)
    if place is None:
        raise LookupError(f"no claim {key} in the year")
    settlements = _settled(dossier.policy_of, dossier.status, dossier.claims[: place + 1])
    before: Counters = {}
    for earlier in settlements[:-1]:
        before = {**before, **earlier.counters}
    claim, reversed_for = dossier.claims[place]
    intervals = [interval for interval in dossier.status.intervals if interval.region == dossier.region]
    readings = _mattered(policies, dossier, place, settlements[-1])
    return Explanation(dossier, claim, place + 1, settlements[-1], reversed_for, before, intervals, readings)


def _settled(policy_of: PolicyOf, status: Status, claims: Sequence[tuple[ClaimSubmitted, str | None]]) -> list[Settlement]:
    return list(adjudicate(policy_of, status, [(claim, reversed_for is not None) for claim, reversed_for in claims]))


def _mattered(policies: Policies, dossier: Dossier, place: int, settlement: Settlement) -> list[Mattered]:
    """Every reading whose other would have settled the claim otherwise, or in another year."""
    policy = settlement.policy
    if policy is None or settlement.is_reversed:
        return []
    found: list[Mattered] = []
    for name, choice in policy.file.readings.items():
        value = policy.readings[name]
        other = choice.other if value == choice.default else choice.default
        year, instead = _settled_otherwise(dossier, place, policy, policies.otherwise(policy, name, other))
        if year != dossier.year or _amounts(instead) != _amounts(settlement):
            found.append(Mattered(name, choice, value, other, instead.assistance_fen, instead.reason, year))
    return found


def _settled_otherwise(dossier: Dossier, place: int, policy: Policy, other: Policy) -> tuple[int, Settlement]:
    """The claim's year and settlement with `other` in the place of `policy`; of the person's claims, those of the dossier's year are known."""

    def policy_of(day: date) -> Policy:
        known = dossier.policy_of(day)
        return other if known.edition == policy.edition else known

    status = dossier.status
    if dossier.events is not None and time_rules(other.file) != time_rules(policy.file):
        events = [event for event in dossier.events if event.data.region == dossier.region]
        known_runs = runs(lambda _region, day: policy_of(day).file, events)
        status = status._replace(intervals=tuple(run.interval for run in known_runs))
    claim = dossier.claims[place][0]
    year = claim_year(other, claim)
    claims = [entry for entry in dossier.claims[: place + 1] if claim_year(policy_of(entry[0].date), entry[0]) == year]
    return year, _settled(policy_of, status, claims)[-1]


def _amounts(settlement: Settlement) -> tuple[Any, ...]:
    """What a person gets, and why: a reading that changes only how it is reckoned does not matter to him."""
    chosen = settlement.chosen
    payments = [(payment.kind, payment.amount_fen) for payment in chosen.payments] if chosen else []
    category = chosen.category if chosen else None
    return settlement.reason, category, settlement.self_pay_fen, settlement.deductible_fen, settlement.fee_waived_fen, payments
