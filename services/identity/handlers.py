"""Identity's handlers: a person and an event in, a decision out.

In: identity.events.v1, hospital.admissions.v1. Out: timelines, subsidies, assessments of admissions. Promise: the timeline is a function of the set of
accepted events; same state, same event, same decision. No await, no client, no clock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, assert_never

from schemas.catalogue import ASSESSMENTS, IDENTITY_WAITING, SUBSIDIES, TIMELINES
from schemas.envelope import CloudEvent, write_event
from schemas.hospital import AdmissionClosed, AdmissionOpened
from schemas.identity import ApplicationApproved, EventVoided, StatusChanged, StatusGranted, StatusRevoked
from services.identity.domain.consequences import Admission, Issued, Person, assess_admission, timeline_of
from services.identity.domain.premiums import no_subsidy, subsidies_due
from services.identity.domain.room import told
from services.policy.declared import agencies_of
from services.policy.library import Policies
from services.policy.standing import StatusData, StatusEvent, applications, birth_date
from services.policy.timeline import Run
from services.runtime.errors import Refused
from services.runtime.folding import Decision
from services.runtime.service import Emission

Data = StatusData | AdmissionOpened | AdmissionClosed
SOURCE = "/medaid/identity"


def decide(policies: Policies, person: Person, event: CloudEvent[Data]) -> Decision[Person]:
    """What `event` changes in what is known of `person`, and what is told.

    Raises:
        Refused: `conflicting_duplicate`, the event's id (or the admission) was used before with other content; `too_large`, it has no room.
    """
    data = event.data
    match data:
        case StatusGranted() | StatusRevoked() | StatusChanged() | EventVoided() | ApplicationApproved():
            return on_status(policies, person, event, data)
        case AdmissionOpened() | AdmissionClosed():
            return on_admission(policies, person, event, data)
        case _:
            assert_never(data)


def on_status(policies: Policies, person: Person, event: CloudEvent[Data], data: StatusData) -> Decision[Person]:
    """A new event of an agency is taken in; `conclude` tells what follows from it, once for all that come together.

    Raises:
        Refused: `conflicting_duplicate`, or `too_large` where the person's timeline has no room for it.
    """
    known = person.accepted.get((event.source, event.id))
    if known is not None:
        if (known.type, known.data) == (event.type, data):
            return Decision(person)
        raise Refused("conflicting_duplicate", "id", "an id that its source has not used before with other data")
    accepted = StatusEvent(event.source, event.id, event.type, event.time, event.time_ns, data)
    room = person.room.take(accepted, sum(len(agencies_of(policies.current, region)) for region in policies.known()))
    person = replace(person, accepted={**person.accepted, (event.source, event.id): accepted}, room=room)
    return Decision(person, is_owed=True)


def conclude(policies: Policies, person: Person) -> Decision[Person]:
    """The next timeline of a person with new status events, the newest of which caused it, and whatever follows from it otherwise than before."""
    newest = person.events[-1]
    event: CloudEvent[Data] = CloudEvent(newest.id, newest.source, newest.type, newest.time, newest.time_ns, newest.data)
    known_runs = timeline_of(policies, person.events)
    person = replace(person, revision=person.revision + 1, intervals=_intervals(policies, person, known_runs))
    timeline = _timeline(person, event)
    person, subsidies = _issue_subsidies(policies, person, known_runs, event)
    person, assessments = _issue_assessments(policies, person, known_runs, event)
    return Decision(person, [timeline, *subsidies, *assessments])


def on_admission(policies: Policies, person: Person, event: CloudEvent[Data], data: AdmissionOpened | AdmissionClosed) -> Decision[Person]:
    """An admission opened or closed: assessed as far as both are known.

    Raises:
        Refused: `conflicting_duplicate`, or `invalid_dates`, where the two do not fit.
    """
    key = f"{data.hospital_id}/{data.admission_id}"
    admission = person.admissions.get(key, Admission())
    known = admission.opened if isinstance(data, AdmissionOpened) else admission.closed
    if known == data:
        return Decision(person)
    if known is not None:
        raise Refused("conflicting_duplicate", "data.admission_id", "an admission not told before with other content")
    waited = admission.opened is None and admission.closed is not None
    admission = replace(admission, opened=data) if isinstance(data, AdmissionOpened) else replace(admission, closed=data)
    _check_order(admission)
    person = replace(person, admissions={**person.admissions, key: admission})
    waiting: list[Emission] = []
    if admission.opened is None:
        waiting = [
            Emission(
                IDENTITY_WAITING, f"{key}/{person.person_id}", write_event(event.type, event.source, event.id, event.time, data.wire())
            )
        ]
    elif waited:
        waiting = [Emission(IDENTITY_WAITING, f"{key}/{person.person_id}", None)]
    person, assessments = _issue_assessments(policies, person, timeline_of(policies, person.events), event)
    return Decision(person, [*waiting, *assessments])


def _check_order(admission: Admission) -> None:
    """Whether the two ends of an admission fit; whichever comes second is refused.

    Raises:
        Refused: `conflicting_duplicate` for another region, `invalid_dates` for a discharge before the admission.
    """
    if admission.opened is None or admission.closed is None:
        return
    if admission.closed.region != admission.opened.region:
        raise Refused("conflicting_duplicate", "data.region", "the region that the admission was told with")
    if admission.closed.discharge_date < admission.opened.admission_date:
        raise Refused("invalid_dates", "data.discharge_date", "a day not before the admission's")


def _intervals(policies: Policies, person: Person, known: Iterable[Run]) -> list[Mapping[str, Any]]:
    """Those of the next timeline: `known`, and of a region whose policy file is gone what was told last, so that news of other regions is not held up."""
    kept = [interval for interval in person.intervals if interval["region"] not in policies.current]
    return sorted([*kept, *map(_interval, known)], key=lambda interval: (interval["region"], interval["category"], interval["from"]))


def _timeline(person: Person, event: CloudEvent[Data]) -> Emission:
    born = birth_date(person.events)
    data = {
        "person_id": person.person_id,
        "revision": person.revision,
        "birth_date": born.isoformat() if born else None,
        "intervals": person.intervals,
        "applications": [approved.wire() for approved in applications(person.events)],
        "events": [told(accepted) for accepted in person.events],
    }
    return _emission(TIMELINES, "identity.timeline.updated.v1", f"{person.person_id}/{person.revision}", event, person.person_id, data)


def _interval(run: Run) -> dict[str, Any]:
    interval = run.interval
    return {
        "region": interval.region,
        "category": interval.category,
        "from": interval.start.isoformat(),
        "to": interval.to.isoformat() if interval.to else None,
        "lost_on": interval.lost_on.isoformat() if interval.lost_on else None,
        "lost_by": interval.lost_by,
        "changed_to": interval.changed_to,
    }


def _issue_subsidies(policies: Policies, person: Person, known: list[Run], event: CloudEvent[Data]) -> tuple[Person, list[Emission]]:
    """Every subsidy whose content is not what was last issued; those of a region whose policy file is gone stay as they are."""
    due = subsidies_due(policies, person.person_id, person.events, known)
    for region, year in person.subsidies:
        if region in policies.current:
            due.setdefault((region, year), no_subsidy(policies, person.person_id, region, year))
    issued, emissions = dict(person.subsidies), []
    for key, content in sorted(due.items()):
        if (new := _next(issued.get(key), content)) is not None:
            issued[key] = new
            data = _revised(new, event)
            emission_id = f"subsidy/{content['subsidy_id']}/{new.revision}"
            emissions.append(_emission(SUBSIDIES, "identity.premium_subsidy.due.v1", emission_id, event, person.person_id, data))
    return replace(person, subsidies=issued), emissions


def _issue_assessments(policies: Policies, person: Person, known: list[Run], event: CloudEvent[Data]) -> tuple[Person, list[Emission]]:
    """Every opened admission whose assessment is not what was last issued; those of a region whose policy file is gone stay as they are."""
    admissions, emissions = dict(person.admissions), []
    intervals = [run.interval for run in known]
    for key, admission in sorted(person.admissions.items()):
        if admission.opened is None or admission.opened.region not in policies.current:
            continue
        content = assess_admission(policies, admission.opened, admission.closed, intervals)
        if (new := _next(admission.issued, content)) is not None:
            admissions[key] = replace(admission, issued=new)
            emission_id = f"admission/{key}/{person.person_id}/{new.revision}"
            emissions.append(
                _emission(ASSESSMENTS, "identity.admission.assessed.v1", emission_id, event, person.person_id, _revised(new, event))
            )
    return replace(person, admissions=admissions), emissions


def _next(issued: Issued | None, content: Mapping[str, Any]) -> Issued | None:
    """The next revision of a record, None where nothing in it changed."""
    if issued is not None and issued.content == content:
        return None
    return Issued(0 if issued is None else issued.revision + 1, content)


def _revised(issued: Issued, event: CloudEvent[Data]) -> dict[str, Any]:
    return {**issued.content, "revision": issued.revision, "caused_by": event.cause}


def _emission(topic: str, kind: str, emission_id: str, event: CloudEvent[Data], key: str, data: Mapping[str, Any]) -> Emission:
    return Emission(topic, key, write_event(kind, SOURCE, emission_id, event.time, data))
