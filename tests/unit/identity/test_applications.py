"""Approved applications (依申请救助): who may tell them, voids, and where timelines carry them."""

from typing import Any

from schemas.catalogue import IDENTITY_EVENTS, TIMELINES, dead_letters_of
from schemas.identity import TimelineUpdated
from tests.unit.identity.test_persons import Event, event, told, voided

SECURITY = "/agencies/wuxi/healthcare-security"


def approved(number: str, applied_on: str = "2025-05-10", source: str = SECURITY, **more: str) -> Event:
    """An application for the first half of 2025, as a person of 低保边缘."""
    data = {"category": "low_income_margin", "applied_on": applied_on, "from": "2025-01-01", "to": "2025-06-30"}
    return event("identity.application.approved.v1", number, data | more, source)


def shown(applied_on: str, first: str = "2025-01-01") -> dict[str, Any]:
    """The same as a timeline carries it."""
    return {"region": "wuxi", "category": "low_income_margin", "applied_on": applied_on, "from": first, "to": "2025-06-30"}


async def test_a_timeline_carries_the_applications_that_stand_whatever_their_order() -> None:
    events = [approved("a1"), approved("a2", "2025-05-01"), approved("a3", "2025-05-01"), approved("a4", **{"from": "2024-12-01"})]
    events.append(event("identity.status.voided.v1", "v1", {"voids": "a4"}, SECURITY))
    for order in (events, events[::-1]):
        newest = (await told(order, TIMELINES))[-1]
        assert newest["applications"] == [shown("2025-05-01"), shown("2025-05-10")]
        assert (newest["intervals"], len(newest["events"])) == ([], 5)


async def test_a_void_of_another_agency_takes_no_application_away() -> None:
    newest = (await told([approved("a1"), voided("v1", "a1")], TIMELINES))[-1]
    assert newest["applications"] == [shown("2025-05-10")]


async def test_an_application_is_refused_for_its_agency_before_its_days() -> None:
    """However competent for the category; `to` before `from`; an application of a day that is still to come, in +08:00."""
    faulty = [
        approved("a1", source="/agencies/wuxi/civil-affairs", to="2024-12-31"),
        approved("a2", to="2024-12-31"),
        approved("a3", "2025-07-01"),
        approved("a4", "2025-06-30"),
    ]
    letters = await told(faulty, dead_letters_of(IDENTITY_EVENTS))
    assert [letter["reason"] for letter in letters] == ["agency_not_competent", "invalid_dates", "invalid_dates"]
    assert [letter["detail"].partition(":")[0] for letter in letters] == ["source", "data.to", "data.applied_on"]


def test_a_timeline_from_before_there_were_applications_still_reads() -> None:
    grant = {"person_id": "P1", "region": "wuxi", "category": "orphan", "effective_date": "2025-01-01"}
    accepted = {"source": "s", "id": "1", "type": "identity.status.granted.v1", "time": "2025-01-01T00:00:00Z", "data": grant}
    old = {"person_id": "P1", "revision": 1, "birth_date": None, "intervals": [], "events": [accepted]}
    assert TimelineUpdated.model_validate(old).applications == []
