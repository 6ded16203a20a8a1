"""A person-year settled anew from its beginning, once for all late events that come together, what is told where it cannot be, and results."""

from collections.abc import Callable, Iterable, Mapping, Sequence
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
from services.runtime.records import Told
from services.runtime.service import Consequence, Emission
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
    return Decision(person._replace(owed=owed, owing=person.owing + 1), is_owed=True)


def catch_up(policies: Policies, person: Person, key: YearKey, cause: Cause) -> Decision[Person]:
    """Settle a year anew before its next claim, which `cause` brought: where it is owed since late events of this batch, or behind since earlier ones.

    Raises:
        Refused: `processing_failed`, it cannot be settled.
    """
    if key in person.owed:
        return readjudicate(policies, person, key, person.owed[key])
    if key in person.years and person.years[key].is_behind:
        return readjudicate(policies, person, key, Owed(cause, NONE))
    return Decision(person)


def conclude(policies: Policies, person: Person) -> Decision[Person]:
    """Settle every year anew that is owed. One that cannot be is left behind alone, where a timeline asks for it.

    Raises:
        Refused: `processing_failed`, a year cannot be settled, and several events ask for it, of which the next try takes fewer; or a reversal, which is
            set aside whole.
    """
    emissions: list[Consequence] = []
    failed: list[Refused] = []
    for key in sorted(person.owed):
        owed = person.owed[key]
        try:
            decision = readjudicate(policies, person, key, owed)
        except Refused as refused:
            if person.owing > 1 or owed.reversals:
                raise
            failed.append(refused)
            decision = _leave_behind(person, key, owed.cause)
        person = decision.state
        emissions += decision.emissions
    return Decision(person._replace(owing=0), [*emissions, *_in_one_letter(failed)])


def readjudicate(policies: Policies, person: Person, key: YearKey, owed: Owed, renews: bool = False) -> Decision[Person]:
    """Settle a year from its beginning; each claim whose figures changed gets its next revision. Then the year is owed no longer, nor behind.

    `renews`: under the present editions, as an operator asked; where that changes the edition, each claim is told anew, figures changed or not, so that
    the ledger alone says what the year stands under.

    Raises:
        Refused: `processing_failed`, the year cannot be settled.
    """
    region, calendar_year = key
    year = person.years[key]
    try:
        after, emissions = _settled_anew(_policy_of(policies, region, year, renews), person, year, calendar_year, owed, renews)
    except Exception as error:
        raise Refused("processing_failed", "data", unsettled(key, error)) from error
    if year.is_behind:
        emissions.append(Emission(SETTLEMENT_WAITING, _behind_key(person.person_id, key), None))
    return Decision(_owed_no_longer(person, key).with_year(key, after._replace(is_behind=False)), emissions)


def unsettled(key: YearKey, error: Exception) -> str:
    """Why a year, or a claim in it, could not be settled, and what helps."""
    region, calendar_year = key
    why = str(error) if isinstance(error, UnknownEditionError) else f"{type(error).__name__}, a mistake of ours, which the log places"
    return f"the year {calendar_year} of {region} to be settled; it cannot be: {why}"


def _owed_no_longer(person: Person, key: YearKey) -> Person:
    return person._replace(owed={other: kept for other, kept in person.owed.items() if other != key})


def _leave_behind(person: Person, key: YearKey, cause: Cause) -> Decision[Person]:
    """Remember, on Kafka too, that a year is still to be settled anew, because of `cause`; once, for all that comes after."""
    year, person = person.years[key], _owed_no_longer(person, key)
    if year.is_behind:
        return Decision(person)
    region, calendar_year = key
    data: dict[str, Any] = {
        "person_id": person.person_id,
        "region": region,
        "year": calendar_year,
        "edition": year.edition,
        "readings": dict(year.readings),
        "caused_by": dict(cause.event),
        "time": cause.time,
    }
    name = _behind_key(person.person_id, key)
    value = write_event("settlement.year.behind.v1", SOURCE, f"behind/{name}", cause.time, data)
    return Decision(person.with_year(key, year._replace(is_behind=True)), [Emission(SETTLEMENT_WAITING, name, value)])


def _behind_key(person_id: str, key: YearKey) -> str:
    """Three parts, where that of a waiting reversal has four; the person is the third of both."""
    return f"{key[0]}/{key[1]}/{person_id}"


def _in_one_letter(failed: Sequence[Refused]) -> list[Refused]:
    """What is told of the years that are left behind."""
    if not failed:
        return []
    years = "; ".join(refused.expected for refused in failed)
    letter = Refused(
        "processing_failed", "data", f"{years}. The timeline itself is kept, and such a year is settled anew by itself as soon as it can be"
    )
    letter.__cause__ = failed[0].__cause__
    return [letter]


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
    told = Told(
        revision.verb, settlement.outcome, "" if settlement.is_reversed else settlement.reason or ""
    )  # a reversal's is its sender's text
    return Emission(RESULTS, claim.person_id, value, is_late=revision.number > 0, told=told)
