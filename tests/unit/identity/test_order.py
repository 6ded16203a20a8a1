"""Events of one instant: a renewal written by one job goes on whatever its ids, and a death comes last. By hand, with 无锡's month of grace."""

from itertools import permutations
from typing import Any

import orjson
import pytest

from schemas.catalogue import CLAIMS, IDENTITY_EVENTS, RESULTS, TIMELINES, dead_letters_of
from services.identity.app import IdentityService
from services.policy.library import load_policies
from services.runtime.embedded import Embedded
from services.settlement.app import SettlementService
from tests.unit.events import claim
from tests.unit.identity.test_persons import Event, event, granted, told

NEW_YEAR = "2026-01-01"
HELD = {"category": "subsistence_allowance"}
FIRST = ("subsistence_allowance", "2025-01-01", "2026-01-31", "ordinary")
"""The year that ends on New Year, with the month of grace."""


def revoked(number: str, day: str = NEW_YEAR, reason: str = "ordinary", category: str = "subsistence_allowance") -> Event:
    """The status ends."""
    return event("identity.status.revoked.v1", number, {"category": category, "effective_date": day, "reason": reason})


def changed(number: str, before: str, after: str) -> Event:
    """One status for another, on New Year."""
    data = {"from_category": before, "to_category": after, "effective_date": NEW_YEAR}
    return event("identity.status.changed.v1", number, data)


def shown(timeline: dict[str, Any]) -> list[tuple[str, str, str | None, str | None]]:
    """Category, first and last day, and what ended it."""
    return [(one["category"], one["from"], one["to"], one["lost_by"]) for one in timeline["intervals"]]


@pytest.mark.parametrize(("loss", "grant"), [("1", "2"), ("2", "1")])
async def test_a_renewal_of_one_instant_goes_on_whatever_its_ids_and_order(loss: str, grant: str) -> None:
    events = [granted("g0", "2025-01-01"), revoked(loss), granted(grant, NEW_YEAR)]
    for order in permutations(events):
        newest = (await told(order, TIMELINES))[-1]
        assert shown(newest) == [FIRST, ("subsistence_allowance", NEW_YEAR, None, None)]


@pytest.mark.parametrize(("first", "second"), [("1", "2"), ("2", "1")])
async def test_of_changes_of_one_instant_both_losses_come_before_both_grants(first: str, second: str) -> None:
    """低保 to 特困 and 特困 to 低保 at once: both begin on New Year, and what was held before has ended."""
    there, back = ("subsistence_allowance", "extreme_poverty"), ("extreme_poverty", "subsistence_allowance")
    newest = (await told([granted("g0", "2025-01-01"), changed(first, *there), changed(second, *back)], TIMELINES))[-1]
    assert shown(newest) == [
        ("extreme_poverty", NEW_YEAR, None, None),
        ("subsistence_allowance", "2025-01-01", "2026-01-31", "changed"),
        ("subsistence_allowance", NEW_YEAR, None, None),
    ]


@pytest.mark.parametrize(("death", "grant"), [("1", "2"), ("2", "1")])
async def test_a_death_of_one_instant_comes_last(death: str, grant: str) -> None:
    """What was granted at the very instant ends with the day, as does what the death names: another category, never held."""
    events = [granted("g0", "2025-06-01"), revoked(death, reason="death", category="orphan"), granted(grant, NEW_YEAR)]
    ended = [("subsistence_allowance", "2025-06-01", NEW_YEAR, "death")]
    assert shown((await told(events, TIMELINES))[-1]) == ended
    events.insert(1, revoked("r0"))
    first = ("subsistence_allowance", "2025-06-01", NEW_YEAR, "ordinary")
    assert shown((await told(events, TIMELINES))[-1]) == [first, ("subsistence_allowance", NEW_YEAR, NEW_YEAR, "death")]


async def test_at_another_instant_of_the_day_time_decides() -> None:
    """Granted in the morning and lost in the evening: never entitled; the other way round it goes on."""
    morning, evening = "2026-01-01T08:00:00+08:00", "2026-01-01T12:00:00Z"
    for lost_at, shown_then in ((evening, []), (morning, [("subsistence_allowance", NEW_YEAR, None, None)])):
        granted_at = morning if lost_at == evening else evening
        events = [at(granted("1", NEW_YEAR), granted_at), at(revoked("2"), lost_at)]
        assert shown((await told(events, TIMELINES))[-1]) == shown_then


def at(sent: Event, time: str) -> Event:
    """The same at another instant."""
    return sent[0], sent[1].replace(b"2025-06-30T12:00:00+08:00", time.encode())


@pytest.mark.parametrize(("loss", "grant"), [("revoke-2025-P1", "grant-2026-P1"), ("2", "3")])
async def test_a_renewed_status_pays_in_any_order_of_arrival(loss: str, grant: str) -> None:
    """苏州 二（三）: outpatient care of 低保, 10,000.00 in scope less 6,000.00 paid, at 85%: 3,400.00."""
    bill = claim("S1", "2026-03-10", "10000.00", region="wuxi", visit_type="outpatient", basic_paid="6000.00")
    bill = bill.replace(b"2025-12-31T", b"2026-03-11T").strip()
    events = [(IDENTITY_EVENTS, value) for _, value in (granted("g0", "2025-01-01"), revoked(loss), granted(grant, NEW_YEAR))]
    policies = load_policies()
    for order in permutations([*events, (CLAIMS, bill)]):
        embedded = Embedded([IdentityService(policies), SettlementService(policies)], 1)
        await embedded.start()
        for topic, value in order:
            embedded.publish(topic, "P1", value.replace(b"wuxi", b"suzhou"))
            await embedded.settle()
        results = [orjson.loads(record.value)["data"] for record in embedded.drain() if record.topic == RESULTS and record.value]
        assert results[-1]["assistance_amount"] == "3400.00"


async def test_the_birth_date_is_that_of_the_last_grant_of_any_region_by_day_time_source_and_id() -> None:
    """A grant without one, a later arrival and the order of regions count for nothing; a change of an instant and a loss carry none."""
    late, early = "2025-07-01T00:00:00+08:00", "2025-06-30T12:00:00Z"
    suzhou = event(
        "identity.status.granted.v1", "g9", {**HELD, "region": "suzhou", "effective_date": "2025-03-01", "birth_date": "2011-01-01"}
    )
    suzhou = suzhou[0], suzhou[1].replace(b"agencies/wuxi", b"agencies/suzhou")
    rows = [
        (granted("g1", "2025-02-01", birth_date="2015-01-01"), "2015-01-01"),
        (at(granted("g2", "2025-03-01", birth_date="2013-01-01"), early), "2013-01-01"),
        (at(suzhou, late), "2011-01-01"),
        (at(granted("g3", "2025-03-01", birth_date="2012-01-01"), late), "2012-01-01"),
        (at(granted("g4", "2025-03-01", birth_date="2010-01-01"), late), "2010-01-01"),
        (granted("g5", "2025-04-01"), "2010-01-01"),
    ]
    told_of = await told([sent for sent, _ in rows], TIMELINES)
    assert [timeline["birth_date"] for timeline in told_of] == [born for _, born in rows]
    assert [timeline["birth_date"] for timeline in await told([sent for sent, _ in rows][::-1], TIMELINES)][-1] == "2010-01-01"


async def test_a_grant_of_a_person_not_born_yet_is_refused() -> None:
    """On its own day somebody may be born; a day later not."""
    events = [granted("g1", "2025-03-01", birth_date="2025-03-01"), granted("g2", "2025-03-01", birth_date="2025-03-02")]
    assert [one["birth_date"] for one in await told(events, TIMELINES)] == ["2025-03-01"]
    (letter,) = await told(events, dead_letters_of(IDENTITY_EVENTS))
    assert (letter["reason"], letter["detail"].partition(":")[0]) == ("invalid_dates", "data.birth_date")
