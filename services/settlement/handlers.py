"""Settlement's handlers: a person and an event in, a decision out.

In: hospital.claims.v1, identity.timelines.v1, operator.events.v1. Out: settlement.results.v1, settlement.waiting.v1. Promise: same state, same event,
same decision, so whatever was lost is healed by asking again. No await, no client, no clock. Not here: reading bytes (`schemas`), storing (`adapters`),
wiring (`app`).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import assert_never

from schemas.catalogue import RESULTS, SETTLEMENT_WAITING
from schemas.envelope import CloudEvent, write_event
from schemas.hospital import ClaimReversed, ClaimSubmitted
from schemas.identity import TimelineUpdated
from schemas.settlement import ReadjudicationRequested
from services.policy.adjudicate import Settlement, adjudicate, reversal, settle
from services.policy.entitlement import status_of
from services.policy.library import Policies
from services.policy.loader import Policy
from services.policy.result import Revision, figures_hash, result_data
from services.runtime.errors import Refused
from services.runtime.folding import Decision
from services.runtime.service import Emission
from services.settlement.domain import ClaimRecord, Holder, Person, PersonYear, Waiting, YearKey, year_of

Data = ClaimSubmitted | ClaimReversed | TimelineUpdated | ReadjudicationRequested
SOURCE = "/medaid/settlement"


def decide(policies: Policies, person: Person, event: CloudEvent[Data]) -> Decision[Person]:
    """What `event` changes in what the fund owes for `person`.

    Raises:
        Refused: `conflicting_duplicate`, the claim's key (or its reversal) was used before with other content.
    """
    data = event.data
    match data:
        case ClaimSubmitted():
            return on_claim(policies, person, event, data)
        case ClaimReversed():
            return on_reversal(policies, person, event, data)
        case TimelineUpdated():
            return on_timeline(policies, person, data)
        case ReadjudicationRequested():
            return on_request(policies, person, event, data)
        case _:
            assert_never(data)


def on_claim(policies: Policies, person: Person, event: CloudEvent[Data], claim: ClaimSubmitted) -> Decision[Person]:
    """Settle `claim` against the year so far; a repeated claim gives nothing new.

    Raises:
        Refused: `conflicting_duplicate`, the claim's key was used before with other content, or for another person or region.
    """
    own = Holder.of(year_of(policies, claim), claim)
    holder = Holder.parse(person.holders[claim.key])
    if replace(holder, year=own.year) != own:
        raise Refused("conflicting_duplicate", "data.claim_id", "a claim not sent before with other content, person or region")
    key = (claim.region, holder.year)
    year = person.years.get(key, PersonYear())
    if claim.key in year.claims:
        return Decision(person)
    policy = policies.for_year(claim.region, claim.date, year.edition, year.readings, year.through)
    settlement = settle(policy, person.status, year.counters, claim)
    figures = figures_hash(settlement, None)
    record = ClaimRecord(claim, year.sequence + 1, 0, settlement.assistance_fen, figures)
    revision = Revision("completed", 0, record.sequence, holder.year, settlement.assistance_fen, settlement.counters, event.cause)
    emissions = [_result(claim, settlement, revision, event.time)]
    after = _added(year, record, settlement, policy)
    waiting_key = f"{claim.region}/{claim.key}"
    if waiting_key in person.waiting:
        waiting = person.waiting[waiting_key]
        gone, undone = _reverse_newest(policy, year, record, after, waiting, holder.year)
        after = gone
        emissions += [undone, Emission(SETTLEMENT_WAITING, f"{claim.key}/{person.person_id}/{claim.region}", None)]
        person = replace(person, waiting={name: kept for name, kept in person.waiting.items() if name != waiting_key})
    return Decision(person.with_year(key, after), emissions, {claim.key: holder.text()})


def _added(year: PersonYear, record: ClaimRecord, settlement: Settlement, policy: Policy) -> PersonYear:
    """The year with its newest claim."""
    return replace(
        year,
        counters=settlement.counters,
        sequence=record.sequence,
        edition=policy.edition if settlement.policy else year.edition,
        readings=policy.readings if settlement.policy else year.readings,
        through=max(record.claim.date, year.through or record.claim.date),
        claims={**year.claims, record.claim.key: record},
    )


def _reverse_newest(
    policy: Policy, before: PersonYear, record: ClaimRecord, year: PersonYear, waiting: Waiting, calendar_year: int
) -> tuple[PersonYear, Emission]:
    """The year's newest claim reversed at once, by a reversal that had come before it: the counters are those before it."""
    settlement = reversal(policy, record.claim, before.counters)
    reason = waiting.reversal.reason
    undone = replace(record, revision=1, assistance_fen=0, figures=figures_hash(settlement, reason), reversed_for=reason)
    revision = Revision("reversed", 1, record.sequence, calendar_year, -record.assistance_fen, settlement.counters, waiting.cause, reason)
    after = replace(year, counters=settlement.counters, claims={**year.claims, record.claim.key: undone})
    return after, _result(record.claim, settlement, revision, waiting.time)


def on_reversal(policies: Policies, person: Person, event: CloudEvent[Data], data: ClaimReversed) -> Decision[Person]:
    """Take a claim back and settle its year anew; before its claim, the reversal waits for it.

    Raises:
        Refused: `conflicting_duplicate`, the claim was reversed before with other content.
    """
    holder = Holder.parse(person.holders[data.key]) if data.key in person.holders else None
    key = (data.region, holder.year) if holder else (data.region, 0)
    year = person.years.get(key, PersonYear())
    record = year.claims.get(data.key)
    if record is None or holder is None or (holder.person_id, holder.region) != (person.person_id, data.region):
        return _wait(person, event, data)
    if record.reversed_for is not None:
        if record.reversed_for != data.reason:
            raise Refused("conflicting_duplicate", "data.reason", "the content of the reversal that was sent first")
        return Decision(person)
    year = replace(year, claims={**year.claims, data.key: replace(record, reversed_for=data.reason)})
    return _readjudicate(policies, person, {key: year}, event.cause, event.time)


def _wait(person: Person, event: CloudEvent[Data], data: ClaimReversed) -> Decision[Person]:
    name = f"{data.region}/{data.key}"
    known = person.waiting.get(name)
    if known is not None:
        if known.reversal != data:
            raise Refused("conflicting_duplicate", "data.reason", "the content of the reversal that was sent first")
        return Decision(person)
    waiting = Waiting(data, event.cause, event.time)
    value = write_event(
        "settlement.reversal.waiting.v1", SOURCE, f"waiting/{data.key}/{person.person_id}/{data.region}", event.time,
        {"reversal": data.wire(), "caused_by": event.cause, "time": event.time},
    )  # fmt: skip
    emission = Emission(SETTLEMENT_WAITING, f"{data.key}/{person.person_id}/{data.region}", value)
    return Decision(replace(person, waiting={**person.waiting, name: waiting}), [emission])


def on_timeline(policies: Policies, person: Person, data: TimelineUpdated) -> Decision[Person]:
    """A new timeline: every year of the person is settled anew, and what changed is told."""
    if data.revision <= person.timeline_revision:
        return Decision(person)
    person = replace(person, status=status_of(data), timeline_revision=data.revision)
    newest = data.events[-1]
    return _readjudicate(policies, person, person.years, {"source": newest.source, "id": newest.id}, newest.time)


def on_request(policies: Policies, person: Person, event: CloudEvent[Data], data: ReadjudicationRequested) -> Decision[Person]:
    """An operator asks for a person-year under the present edition."""
    key = (data.region, data.year)
    if key not in person.years:
        return Decision(person)
    year = replace(person.years[key], edition=None, readings={})
    return _readjudicate(policies, person, {key: year}, event.cause, event.time)


def _readjudicate(
    policies: Policies, person: Person, years: Mapping[YearKey, PersonYear], cause: Mapping[str, str], time: str
) -> Decision[Person]:
    """Settle `years` from their beginning; each claim whose figures changed gets its next revision."""
    emissions: list[Emission] = []
    for key, year in sorted(years.items()):
        region, calendar_year = key
        after, told = _settled_anew(_policy_of(policies, region, year), person, year, calendar_year, cause, time)
        emissions += told
        person = person.with_year(key, after)
    return Decision(person, emissions)


def _policy_of(policies: Policies, region: str, year: PersonYear) -> Callable[[date], Policy]:
    return lambda day: policies.for_year(region, day, year.edition, year.readings, year.through)


def _settled_anew(
    policy_of: Callable[[date], Policy], person: Person, year: PersonYear, calendar_year: int, cause: Mapping[str, str], time: str
) -> tuple[PersonYear, list[Emission]]:
    """One year from its beginning: its new state, and the revisions of what changed."""
    records = year.whole()
    pairs = [(record.claim, record.reversed_for is not None) for record in records]
    settlements = list(adjudicate(policy_of, person.status, pairs))
    counters = settlements[-1].counters if settlements else {}
    claims = dict(year.claims)
    emissions: list[Emission] = []
    for record, settlement in zip(records, settlements, strict=True):
        figures = figures_hash(settlement, record.reversed_for)
        if figures == record.figures:
            continue
        verb = "reversed" if settlement.is_reversed else "adjusted"
        delta_fen = settlement.assistance_fen - record.assistance_fen
        revision = Revision(verb, record.revision + 1, record.sequence, calendar_year, delta_fen, counters, cause, record.reversed_for)
        emissions.append(_result(record.claim, settlement, revision, time))
        claims[record.claim.key] = replace(record, revision=record.revision + 1, assistance_fen=settlement.assistance_fen, figures=figures)
    newest = next((settlement.policy for settlement in reversed(settlements) if settlement.policy), None)
    if newest is not None and (emissions or year.edition is None):
        year = replace(year, edition=newest.edition, readings=newest.readings)
    return replace(year, counters=counters, claims=claims), emissions


def _result(claim: ClaimSubmitted, settlement: Settlement, revision: Revision, time: str) -> Emission:
    data = result_data(claim, settlement, revision)
    value = write_event(f"settlement.{revision.verb}.v1", SOURCE, data["settlement_id"], time, data)
    return Emission(RESULTS, claim.person_id, value)
