"""A person-year settled anew from its beginning, what is told where it cannot be, and results as the ledger carries them."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from schemas.catalogue import RESULTS, SETTLEMENT_WAITING
from schemas.envelope import write_event
from schemas.hospital import ClaimSubmitted
from services.policy.adjudicate import Settlement, adjudicate
from services.policy.library import Policies, UnknownEditionError
from services.policy.loader import Policy
from services.policy.result import Revision, figures_data, hash_of_figures, result_data
from services.runtime.errors import Refused
from services.runtime.folding import Decision
from services.runtime.service import Emission
from services.settlement.domain import Person, PersonYear, YearKey

SOURCE = "/medaid/settlement"


def readjudicate(
    policies: Policies, person: Person, key: YearKey, cause: Mapping[str, str], time: str, renews: bool = False
) -> Decision[Person]:
    """Settle a year from its beginning; each claim whose figures changed gets its next revision. A year that was behind is so no longer.

    `renews`: under the present editions, as an operator asked; where that changes the edition, each claim is told anew, figures changed or not, so that
    the ledger alone says what the year stands under.

    Raises:
        Refused: `processing_failed`, the year cannot be settled.
    """
    region, calendar_year = key
    year = person.years[key]
    try:
        after, emissions = _settled_anew(_policy_of(policies, region, year, renews), person, year, calendar_year, cause, time, renews)
    except Exception as error:
        raise Refused("processing_failed", "data", unsettled(key, error)) from error
    if year.is_behind:
        emissions.append(Emission(SETTLEMENT_WAITING, _behind_key(person.person_id, key), None))
    return Decision(person.with_year(key, after._replace(is_behind=False)), emissions)


def unsettled(key: YearKey, error: Exception) -> str:
    """Why a year, or a claim in it, could not be settled, and what helps."""
    region, calendar_year = key
    why = str(error) if isinstance(error, UnknownEditionError) else f"{type(error).__name__}, a mistake of ours, which the log places"
    return f"the year {calendar_year} of {region} to be settled; it cannot be: {why}"


def leave_behind(person: Person, key: YearKey, cause: Mapping[str, str], time: str) -> Decision[Person]:
    """Remember, on Kafka too, that a year is still to be settled anew, because of the event that `cause` and `time` tell; once, for all that comes after."""
    year = person.years[key]
    if year.is_behind:
        return Decision(person)
    region, calendar_year = key
    data: dict[str, Any] = {
        "person_id": person.person_id,
        "region": region,
        "year": calendar_year,
        "edition": year.edition,
        "readings": dict(year.readings),
        "caused_by": dict(cause),
        "time": time,
    }
    name = _behind_key(person.person_id, key)
    value = write_event("settlement.year.behind.v1", SOURCE, f"behind/{name}", time, data)
    return Decision(person.with_year(key, year._replace(is_behind=True)), [Emission(SETTLEMENT_WAITING, name, value)])


def _behind_key(person_id: str, key: YearKey) -> str:
    """Three parts, where that of a waiting reversal has four; the person is the third of both."""
    return f"{key[0]}/{key[1]}/{person_id}"


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
