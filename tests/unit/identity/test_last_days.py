"""The last days that an event may name: what follows from them stays readable, or no later news of the person would ever reach settlement."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from schemas.catalogue import CLAIMS, IDENTITY_EVENTS, RESULTS, TIMELINES, dead_letters_of
from services.identity.app import IdentityService
from services.policy.library import Policies, load_policies
from services.runtime.embedded import Embedded
from services.settlement.app import SettlementService
from tests.unit.events import WHO, claim, granted, line

AGENCY = "/agencies/lianyungang/civil-affairs"
DEATH = line(
    "identity.status.revoked.v1", AGENCY, "d1", {**WHO, "category": "low_income_margin", "effective_date": "2025-03-01", "reason": "death"}
)
BILL = claim("c1", "2025-03-10", "4000.00")
"""(4,000 − 2,000) × 70% = 1,400 yuan to whoever lives."""


async def told(policies: Policies, events: Sequence[bytes]) -> dict[str, list[dict[str, Any]]]:
    """Data of what is told after these events and a bill, by topic."""
    embedded = Embedded([IdentityService(policies), SettlementService(policies)], 1)
    await embedded.start()
    for value in events:
        embedded.publish(IDENTITY_EVENTS, "P1", value)
        await embedded.settle()
    embedded.publish(CLAIMS, "P1", BILL)
    await embedded.settle()
    found: dict[str, list[dict[str, Any]]] = {}
    for record in embedded.drain():
        found.setdefault(record.topic, []).append(orjson.loads(record.value or b"")["data"])
    return found


async def test_a_status_that_expires_with_the_calendar_hides_no_death() -> None:
    """（三）: it ends with 31 December of its year; of 2100 that is the last day there is, so that it never ends. The death of 1 March is known on the 10th."""
    relief = granted("temporary_relief_patient", "2100-06-01", "g2")
    found = await told(load_policies(), [granted(), relief, DEATH])
    assert dead_letters_of(TIMELINES) not in found
    assert [(result["assistance_amount"], result["reason"]) for result in found[RESULTS]] == [("0.00", "no_entitlement")]
    assert [(one["category"], one["to"], one["lost_by"]) for one in found[TIMELINES][-1]["intervals"]] == [
        ("low_income_margin", "2025-03-01", "death"), ("temporary_relief_patient", None, None),
    ]  # fmt: skip


async def test_a_status_runs_through_the_last_day_of_its_year() -> None:
    """（三）: granted again on 31 December it still runs, so that nothing begins."""
    relief = [granted("temporary_relief_patient", day, number) for day, number in (("2024-03-01", "g1"), ("2024-12-31", "g2"))]
    found = await told(load_policies(), relief)
    assert [(one["from"], one["to"], one["lost_by"]) for one in found[TIMELINES][-1]["intervals"]] == [
        ("2024-03-01", "2024-12-31", "expiry")
    ]


@pytest.mark.parametrize("day", ["2100-12-01", "2100-12-31"])
async def test_a_grant_that_would_take_effect_behind_the_calendar_never_does(day: str) -> None:
    """R23 next_month: in January 2101, of which no claim can be. The other status, and the death, count."""
    policies = load_policies(switched={"lianyungang": {"grant_takes_effect": "next_month"}})
    found = await told(policies, [granted(), granted("extreme_poverty", day, "g2"), DEATH])
    assert dead_letters_of(TIMELINES) not in found
    assert [(one["category"], one["from"], one["to"]) for one in found[TIMELINES][-1]["intervals"]] == [
        ("low_income_margin", "2025-02-01", "2025-03-01")
    ]
    assert [result["assistance_amount"] for result in found[RESULTS]] == ["0.00"]
