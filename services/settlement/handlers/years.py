"""A person-year settled anew from its beginning, once for all late events that come together, and results as the ledger carries them."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from typing import Any

from schemas.catalogue import RESULTS
from schemas.envelope import write_event
from schemas.hospital import ClaimSubmitted
from services.policy.adjudicate import Settlement, adjudicate
from services.policy.library import Policies
from services.policy.loader import Policy
from services.policy.result import Revision, figures_data, hash_of_figures, result_data
from services.runtime.folding import Decision
from services.runtime.service import Emission
from services.settlement.domain import NONE, Cause, Owed, Person, PersonYear, YearKey

SOURCE = "/medaid/settlement"


def owe(person: Person, years: Iterable[YearKey], cause: Cause, taken_back: str | None = None) -> Decision[Person]:
    """Years are to be settled anew: before the next claim of theirs, else when the batch ends, so that many events cost hardly more than one.

    `taken_back`: the key of the claim that `cause` reversed.
    """
    owed = dict(person.owed)
    for key in years:
        reversals = owed[key].reversals if key in owed else NONE
        owed[key] = Owed(cause, reversals if taken_back is None else {**reversals, taken_back: cause})
    return Decision(person._replace(owed=owed), is_owed=True)


def pay(policies: Policies, person: Person, years: Collection[YearKey]) -> Decision[Person]:
    """Settle those of `years` anew that are owed."""
    emissions: list[Emission] = []
    for key in sorted(person.owed.keys() & years):
        decision = readjudicate(policies, person, key, person.owed[key])
        person = decision.state
        emissions += decision.emissions
    return Decision(person, emissions)


def readjudicate(policies: Policies, person: Person, key: YearKey, owed: Owed, renews: bool = False) -> Decision[Person]:
    """Settle a year from its beginning; each claim whose figures changed gets its next revision. Then the year is owed no longer.

    `renews`: under the present editions, as an operator asked; where that changes the edition, each claim is told anew, figures changed or not, so that
    the ledger alone says what the year stands under.
    """
    region, calendar_year = key
    year = person.years[key]
    after, emissions = _settled_anew(_policy_of(policies, region, year, renews), person, year, calendar_year, owed, renews)
    left = {other: kept for other, kept in person.owed.items() if other != key}
    return Decision(person.with_year(key, after)._replace(owed=left), emissions)


def _policy_of(policies: Policies, region: str, year: PersonYear, renews: bool) -> Callable[[date], Policy]:
    edition = None if renews else year.edition
    return lambda day: policies.for_year(region, day, edition, year.readings, year.through)


def _settled_anew(
    policy_of: Callable[[date], Policy],
    person: Person,
    year: PersonYear,
    calendar_year: int,
    owed: Owed,
    renews: bool,
) -> tuple[PersonYear, list[Emission]]:
    """One year from its beginning: its new state, and the revisions of what changed."""
    records = year.whole()
    settlements = list(adjudicate(policy_of, person.status, [(record.claim, record.reversed_for is not None) for record in records]))
    counters = {name: fen for settlement in settlements for name, fen in settlement.counters.items()}
    moves = renews and year.edition not in {settlement.policy.edition for settlement in settlements if settlement.policy}
    claims = dict(year.claims)
    emissions: list[Emission] = []
    for record, settlement in zip(records, settlements, strict=True):
        figures = figures_data(settlement, record.reversed_for)
        fingerprint = hash_of_figures(figures)
        if fingerprint == record.figures and not (moves and settlement.policy and not settlement.is_reversed):
            continue
        verb = "reversed" if settlement.is_reversed else "adjusted"
        delta_fen = settlement.assistance_fen - record.assistance_fen
        cause = owed.cause_of(record.claim.key)
        revision = Revision(
            verb, record.revision + 1, record.sequence, calendar_year, delta_fen, counters, cause.event, record.reversed_for
        )
        emissions.append(result(record.claim, settlement, revision, figures, cause.time))
        claims[record.claim.key] = record._replace(
            revision=record.revision + 1, assistance_fen=settlement.assistance_fen, figures=fingerprint
        )
        if settlement.policy is not None:
            year = year._replace(edition=settlement.policy.edition, readings=settlement.policy.readings)
    return year._replace(counters=counters if emissions else year.counters, claims=claims), emissions


def result(claim: ClaimSubmitted, settlement: Settlement, revision: Revision, figures: Mapping[str, Any], time: str) -> Emission:
    """A revision as a record of the ledger."""
    data = result_data(claim, settlement, revision, figures)
    value = write_event(f"settlement.{revision.verb}.v1", SOURCE, data["settlement_id"], time, data)
    return Emission(RESULTS, claim.person_id, value, is_late=revision.number > 0)
