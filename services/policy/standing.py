"""What of a person's accepted identity events counts, and in which order: a function of the set, whatever the order of arrival.

In: accepted events. Out: those that stand, the steps that statuses take by them, birth date, deaths, applications. Not here: what the steps lead to
by a city's rules (`timeline.py`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from schemas.catalogue import STATUS_TYPES
from schemas.identity import Application, ApplicationApproved, EventVoided, StatusChanged, StatusGranted, StatusRevoked
from schemas.times import instant_ns

StatusData = StatusGranted | StatusRevoked | StatusChanged | EventVoided | ApplicationApproved


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """An accepted identity event; `time_ns` orders events of one effective date."""

    source: str
    id: str
    type: str
    time: str
    time_ns: int
    data: StatusData


class Loss(NamedTuple):
    """A status ends, by a revocation or a change to another."""

    region: str
    category: str
    day: date
    lost_by: str
    changed_to: str | None = None


class Grant(NamedTuple):
    """A status begins."""

    region: str
    category: str
    day: date


class Death(NamedTuple):
    """All statuses of the region end."""

    region: str
    day: date


Step = Loss | Grant | Death
_RANK = {Loss: 0, Grant: 1, Death: 2}
"""Of one instant losses come before grants, so that a renewal written by one job goes on, and a death comes last."""


def status_event(source: str, id: str, type: str, time: str, data: Mapping[str, Any]) -> StatusEvent:
    """An event as timelines carry it.

    Raises:
        LookupError: An unknown type.
        ValidationError: Its data are not of that type.
    """
    told: Any = STATUS_TYPES[type].model_validate(data)
    return StatusEvent(source, id, type, time, instant_ns(time), told)


def standing(events: Iterable[StatusEvent]) -> list[StatusEvent]:
    """The events that count: no voids, and not voided by another of their source and region."""
    events = list(events)
    voided = {(event.source, event.data.region, event.data.voids) for event in events if isinstance(event.data, EventVoided)}
    return [
        event for event in events if not isinstance(event.data, EventVoided) and (event.source, event.data.region, event.id) not in voided
    ]


def steps(events: Iterable[StatusEvent]) -> list[Step]:
    """What happens to the person's statuses, in the order in which it applies: by effective date and time, then by rank, source and id."""
    found = [
        (step.day, event.time_ns, _RANK[type(step)], event.source, event.id, step) for event in standing(events) for step in _steps(event)
    ]
    return [step for *_, step in sorted(found, key=lambda item: item[:5])]


def _steps(event: StatusEvent) -> Iterator[Step]:
    match event.data:
        case StatusGranted() as grant:
            yield Grant(grant.region, grant.category, grant.effective_date)
        case StatusRevoked(reason="death") as loss:
            yield Death(loss.region, loss.effective_date)
        case StatusRevoked() as loss:
            yield Loss(loss.region, loss.category, loss.effective_date, loss.reason)
        case StatusChanged() as change:
            yield Loss(change.region, change.from_category, change.effective_date, "changed", change.to_category)
            yield Grant(change.region, change.to_category, change.effective_date)
        case EventVoided() | ApplicationApproved():
            pass


def birth_date(events: Iterable[StatusEvent]) -> date | None:
    """Of the standing grants, in any region, the last by effective date, time, source and id that carries one."""
    known = [
        (event.data.effective_date, event.time_ns, event.source, event.id, event.data.birth_date)
        for event in standing(events)
        if isinstance(event.data, StatusGranted) and event.data.birth_date
    ]
    return max(known)[-1] if known else None


def deaths(events: Iterable[StatusEvent]) -> list[date]:
    """The days on which the person died, as the standing events of all regions say, the earliest first."""
    return sorted(step.day for event in standing(events) for step in _steps(event) if isinstance(step, Death))


def applications(events: Iterable[StatusEvent]) -> list[Application]:
    """The standing approved applications, each once, by region, category and days."""
    found = {
        (told.region, told.category, told.applied_on, told.from_, told.to)
        for event in standing(events)
        if isinstance(told := event.data, ApplicationApproved)
    }
    return [
        Application.model_validate({"region": region, "category": category, "applied_on": applied_on, "from": first, "to": last})
        for region, category, applied_on, first, last in sorted(found)
    ]
