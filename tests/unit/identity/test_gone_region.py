"""A region whose policy file is gone: what was told of it stays, and news of the person's other regions is neither held up nor lost."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from schemas.catalogue import ASSESSMENTS, SUBSIDIES, TIMELINES
from services.identity.app import IdentityService
from services.policy.library import Policies, load_policies
from services.runtime.embedded import Embedded
from tests.unit.identity.test_persons import Event, event, granted, opened

DIED = {"category": "subsistence_allowance", "effective_date": "2025-04-10", "reason": "death"}


def elsewhere(kind: str, number: str, data: dict[str, str]) -> Event:
    """An event of 苏州 about the same person."""
    return event(kind, number, {**data, "region": "suzhou"}, "/agencies/suzhou/civil-affairs")


HELD_ELSEWHERE = elsewhere("identity.status.granted.v1", "g2", {"category": "subsistence_allowance", "effective_date": "2025-02-01"})
DEATH_ELSEWHERE = elsewhere("identity.status.revoked.v1", "r2", DIED)


class Site:
    """Identity at work, whose policies may be exchanged while its view and topics stay."""

    def __init__(self, policies: Policies) -> None:
        self.embedded = Embedded([IdentityService(policies)], 1, keeps_records=True)

    async def tell(self, *events: Event) -> dict[str, list[dict[str, Any]]]:
        """What is told of these events, by topic."""
        for topic, value in events:
            self.embedded.publish(topic, "P1", value)
            await self.embedded.settle()
        told: dict[str, list[dict[str, Any]]] = {}
        for record in self.embedded.drain():
            if record.value:
                told.setdefault(record.topic, []).append(orjson.loads(record.value)["data"])
        return told

    async def restart(self, policies: Policies, loses: bool) -> None:
        """Under other policies, as a new process would."""
        for seat in self.embedded._seats:
            vars(seat.lane.service)["_policies"] = policies
        if loses:
            self.embedded.views["identity"].lose()
        await self.embedded.start()


@pytest.mark.parametrize("loses", [False, True])
async def test_a_death_is_kept_though_another_region_of_the_person_has_no_file_any_more(loses: bool) -> None:
    """无锡's interval, subsidy and assessment stay as they were told; once its file is back they are worked out anew, the same."""
    whole = load_policies()
    site = Site(whole)
    await site.embedded.start()
    before = await site.tell(granted("g1", "2025-01-01"), opened(), HELD_ELSEWHERE)
    await site.restart(replace(whole, current={"suzhou": whole.current["suzhou"]}), loses)
    told = await site.tell(DEATH_ELSEWHERE)
    assert set(told) == {TIMELINES}, "no subsidy, assessment or letter"
    (timeline,) = told[TIMELINES]
    wuxi = [interval for interval in before[TIMELINES][-1]["intervals"] if interval["region"] == "wuxi"]
    assert [(one["region"], one["to"], one["lost_by"]) for one in timeline["intervals"]] == [
        ("suzhou", "2025-04-10", "death"),
        ("wuxi", None, None),
    ]
    assert timeline["intervals"][1:] == wuxi
    await site.restart(whole, loses)
    (again,) = (await site.tell(elsewhere("identity.status.granted.v1", "g3", {"category": "orphan", "effective_date": "2025-01-01"})))[
        TIMELINES
    ]
    assert again["intervals"][-1:] == wuxi
    assert len(before[SUBSIDIES]) == 2
    assert len(before[ASSESSMENTS]) == 1
