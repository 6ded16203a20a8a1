"""Late truth: reversals, timelines and operators' requests, each of which may settle whole years anew; and years that could not be when it came."""

from schemas.catalogue import SETTLEMENT_WAITING
from schemas.envelope import CloudEvent, write_event
from schemas.fields import Model
from schemas.hospital import ClaimReversed
from schemas.identity import TimelineUpdated
from schemas.settlement import ReadjudicationRequested, YearBehind
from services.policy.entitlement import status_of
from services.policy.library import Policies
from services.runtime.errors import Refused
from services.runtime.folding import Decision
from services.runtime.service import Emission
from services.settlement.domain import NONE, Cause, Holder, Owed, Person, PersonYear, Waiting
from services.settlement.handlers.years import SOURCE, owe, readjudicate


def on_reversal(person: Person, event: CloudEvent[Model], data: ClaimReversed) -> Decision[Person]:
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
    year = year._replace(claims={**year.claims, data.key: record._replace(reversed_for=data.reason)})
    return owe(person.with_year(key, year), [key], Cause(event.cause, event.time), data.key)


def _wait(person: Person, event: CloudEvent[Model], data: ClaimReversed) -> Decision[Person]:
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
    return Decision(person._replace(waiting={**person.waiting, name: waiting}), [emission])


def on_timeline(person: Person, data: TimelineUpdated) -> Decision[Person]:
    """A timeline not older than the known one: it is kept, then every year of the person is settled anew by itself, and what changed is told.

    A year that cannot be settled is left behind alone: what it owes is told in the record's dead letter, and tried again. The known timeline is settled by
    again: after a reset of offsets and a view set back, the years may be behind it.
    """
    if data.revision < person.timeline_revision:
        return Decision(person)
    person = person._replace(status=status_of(data), timeline_revision=data.revision)
    newest = data.events[-1]
    if not person.years:
        return Decision(person)
    return owe(person, person.years, Cause({"source": newest.source, "id": newest.id}, newest.time))


def on_behind(policies: Policies, person: Person, data: YearBehind) -> Decision[Person]:
    """A year that was left behind is tried again; nothing where it is not behind any more, or still cannot be settled, which was told then."""
    key = (data.region, data.year)
    if key not in person.years or not person.years[key].is_behind:
        return Decision(person)
    try:
        return readjudicate(policies, person, key, Owed(Cause(data.caused_by.wire(), data.time), NONE))
    except Refused:
        return Decision(person)


def on_request(policies: Policies, person: Person, event: CloudEvent[Model], data: ReadjudicationRequested) -> Decision[Person]:
    """An operator asks for a person-year under the present edition.

    Raises:
        Refused: `processing_failed`, it cannot be settled.
    """
    key = (data.region, data.year)
    if key not in person.years:
        return Decision(person)
    reversals = person.owed[key].reversals if key in person.owed else NONE
    return readjudicate(policies, person, key, Owed(Cause(event.cause, event.time), reversals), renews=True)
