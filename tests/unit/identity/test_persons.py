"""Identity by events: the set counts, not the order; what follows from late news is issued again."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from schemas.catalogue import ADMISSIONS, ASSESSMENTS, IDENTITY_EVENTS, IDENTITY_WAITING, SUBSIDIES, TIMELINES, dead_letters_of
from services.identity.app import IdentityService
from services.policy.library import load_policies
from services.runtime.embedded import Embedded

Event = tuple[str, bytes]


def event(kind: str, number: str, data: Mapping[str, Any], source: str = "/agencies/wuxi/civil-affairs") -> Event:
    """An event about P1 in 无锡."""
    envelope = {"specversion": "1.0", "id": number, "source": source, "type": kind, "time": "2025-06-30T12:00:00+08:00"}
    topic = ADMISSIONS if kind.startswith("hospital") else IDENTITY_EVENTS
    return topic, orjson.dumps({**envelope, "data": {"person_id": "P1", "region": "wuxi", **data}})


def granted(number: str, day: str, **more: str) -> Event:
    """低保 from `day`."""
    return event("identity.status.granted.v1", number, {"category": "subsistence_allowance", "effective_date": day, **more})


def voided(number: str, of: str) -> Event:
    """Another event counts as never sent."""
    return event("identity.status.voided.v1", number, {"voids": of})


def opened(**more: Any) -> Event:
    """An admission on 10 March, referred by primary care, in the city."""
    data = {"hospital_id": "H1", "admission_id": "A1", "admission_date": "2025-03-10", "referred_by_primary_care": True, "in_city": True}
    return event("hospital.admission.opened.v1", "a1", {**data, **more}, "/hospitals/H1")


def closed(day: str = "2025-03-20", **more: Any) -> Event:
    """Its discharge."""
    data = {"hospital_id": "H1", "admission_id": "A1", "discharge_date": day, **more}
    return event("hospital.admission.closed.v1", "a2", data, "/hospitals/H1")


async def told(events: Sequence[Event], topic: str, lose_after: int | None = None) -> list[dict[str, Any]]:
    """What a topic says after these events, its view lost after so many of them."""
    embedded = Embedded([IdentityService(load_policies())], 1, keeps_records=True)
    await embedded.start()
    for number, (where, value) in enumerate(events):
        embedded.publish(where, "P1", value)
        await embedded.settle()
        if number + 1 == lose_after:
            embedded.views["identity"].lose()
    return [orjson.loads(record.value)["data"] for record in embedded.drain() if record.topic == topic and record.value]


async def test_a_void_counts_before_and_after_what_it_voids() -> None:
    """The same intervals: none."""
    for order in ([granted("g1", "2025-01-01"), voided("v1", "g1")], [voided("v1", "g1"), granted("g1", "2025-01-01")]):
        newest = (await told(order, TIMELINES))[-1]
        assert (newest["revision"], newest["intervals"], len(newest["events"])) == (2, [], 2)


async def test_an_id_used_again_is_a_redelivery_or_a_conflict() -> None:
    """Equal data: nothing; other data: refused, also after the void of the first."""
    assert len(await told([granted("g1", "2025-01-01"), granted("g1", "2025-01-01")], TIMELINES)) == 1
    other = [granted("g1", "2025-01-01"), voided("v1", "g1"), granted("g1", "2025-02-01")]
    assert [letter["reason"] for letter in await told(other, dead_letters_of(IDENTITY_EVENTS))] == ["conflicting_duplicate"]


async def test_a_discharge_waits_for_its_admission_also_through_a_loss() -> None:
    """Nothing is told before; then the whole stay, once."""
    for lose_after in (None, 1, 2):
        (assessed,) = await told([closed(), granted("g1", "2025-03-15"), opened()], ASSESSMENTS, lose_after)
        assert (assessed["revision"], assessed["discharge_date"], assessed["deposit_waived"]) == (0, "2025-03-20", True)
        assert assessed["clause"] == "（十五）"


async def test_what_waits_is_taken_from_its_topic_once_it_came() -> None:
    """So that the compacted topic does not grow for ever; an admission that nothing waited for writes nothing there."""
    for events, waiting in (([closed(), opened()], [True, False]), ([opened(), closed()], [])):
        embedded = Embedded([IdentityService(load_policies())], 1, keeps_records=True)
        await embedded.start()
        for where, value in events:
            embedded.publish(where, "P1", value)
            await embedded.settle()
        records = [record for record in embedded.drain() if record.topic == IDENTITY_WAITING]
        assert [(record.key, record.value is not None) for record in records] == [(b"H1/A1/P1", waits) for waits in waiting]


async def test_late_news_issues_an_assessment_again() -> None:
    """What was known then, and after each change of it; nothing where nothing changed."""
    events = [opened(), granted("g1", "2025-03-15"), granted("g2", "2025-03-16"), closed("2025-03-12")]
    assessments = await told(events, ASSESSMENTS)
    assert [(one["revision"], one["category"], one["reason"]) for one in assessments] == [
        (0, None, "no_entitlement"),
        (1, "subsistence_allowance", None),
        (2, None, "no_entitlement"),
    ]


async def test_two_ends_that_do_not_fit_are_refused() -> None:
    """Whichever comes second: a discharge before the admission, another region, other content under the same id."""
    refused = dead_letters_of(ADMISSIONS)
    assert [letter["reason"] for letter in await told([opened(), closed("2025-03-09")], refused)] == ["invalid_dates"]
    assert [letter["reason"] for letter in await told([opened(), closed(region="suzhou")], refused)] == ["conflicting_duplicate"]
    assert [letter["reason"] for letter in await told([opened(), opened(in_city=False)], refused)] == ["conflicting_duplicate"]


async def test_a_subsidy_is_issued_again_when_its_grant_is_voided() -> None:
    """Full for the year; after the void none, of no category."""
    issued = await told([granted("g1", "2025-01-01"), voided("v1", "g1")], SUBSIDIES)
    assert [(one["revision"], one["subsidy"], one["category"]) for one in issued] == [
        (0, "full", "subsistence_allowance"),
        (1, "none", None),
    ]


async def test_a_grant_before_the_policy_s_first_day_is_paid_no_premium() -> None:
    """无锡's decree is in force from 2023-01-01: of two runs of one status only the second is in it."""
    lost = event(
        "identity.status.revoked.v1", "r1", {"category": "subsistence_allowance", "effective_date": "2022-11-30", "reason": "ordinary"}
    )
    issued = await told([granted("g1", "2022-06-01"), lost, granted("g2", "2023-02-01")], SUBSIDIES)
    assert [(one["year"], one["subsidy"]) for one in issued] == [(2023, "full")]


async def test_the_birth_date_is_the_latest_standing_grants() -> None:
    """By effective date, whatever came last; a void takes it away."""
    events = [
        granted("g1", "2025-02-01", birth_date="2015-02-01"),
        granted("g2", "2025-01-01", birth_date="2014-01-01"),
        voided("v1", "g1"),
    ]
    assert [timeline["birth_date"] for timeline in await told(events, TIMELINES)] == ["2015-02-01", "2015-02-01", "2014-01-01"]
