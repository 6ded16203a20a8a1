"""A person-year settled anew from its beginning, and results as the ledger carries them."""

from collections.abc import Callable, Mapping
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
from services.settlement.domain import Person, PersonYear, YearKey

SOURCE = "/medaid/settlement"


def readjudicate(
    policies: Policies, person: Person, years: Mapping[YearKey, PersonYear], cause: Mapping[str, str], time: str, renews: bool = False
) -> Decision[Person]:
    """Settle `years` from their beginning; each claim whose figures changed gets its next revision.

    `renews`: under the present editions, as an operator asked; where that changes the edition, each claim is told anew, figures changed or not, so that
    the ledger alone says what the year stands under.
    """
    emissions: list[Emission] = []
    for key, year in sorted(years.items()):
        region, calendar_year = key
        after, told = _settled_anew(_policy_of(policies, region, year, renews), person, year, calendar_year, cause, time, renews)
        emissions += told
        person = person.with_year(key, after)
    return Decision(person, emissions)


def _policy_of(policies: Policies, region: str, year: PersonYear, renews: bool) -> Callable[[date], Policy]:
    edition = None if renews else year.edition
    return lambda day: policies.for_year(region, day, edition, year.readings, year.through)


def _settled_anew(
    policy_of: Callable[[date], Policy],
    person: Person,
    year: PersonYear,
    calendar_year: int,
    cause: Mapping[str, str],
    time: str,
    renews: bool,
) -> tuple[PersonYear, list[Emission]]:
    """One year from its beginning: its new state, and the revisions of what changed."""
    records = year.whole()
    settlements = list(adjudicate(policy_of, person.status, [(record.claim, record.reversed_for is not None) for record in records]))
    counters = {name: fen for settlement in settlements for name, fen in settlement.counters.items()}
    moves = renews and not any(settlement.policy.is_edition(year.edition) for settlement in settlements if settlement.policy)
    claims = dict(year.claims)
    emissions: list[Emission] = []
    for record, settlement in zip(records, settlements, strict=True):
        figures = figures_data(settlement, record.reversed_for)
        fingerprint = hash_of_figures(figures)
        if fingerprint == record.figures and not (moves and settlement.policy and not settlement.is_reversed):
            continue
        verb = "reversed" if settlement.is_reversed else "adjusted"
        delta_fen = settlement.assistance_fen - record.assistance_fen
        revision = Revision(verb, record.revision + 1, record.sequence, calendar_year, delta_fen, counters, cause, record.reversed_for)
        emissions.append(result(record.claim, settlement, revision, figures, time))
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
