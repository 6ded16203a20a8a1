"""A person's timeline is filled, on purpose or by a job gone mad: a death is heard all the same, and nothing is paid after it.

By hand, 苏州 二（三）: outpatient care of 低保 at 85%; 4,000.00 on 1 June gives 3,400.00. Of the death on 10 June the claim of 20 June gets nothing.
"""

from collections.abc import Callable

import orjson
import pytest

from schemas.catalogue import IDENTITY_EVENTS, RESULTS, TIMELINES, WARNINGS, dead_letters_of
from services.embedded.replay import place_of
from services.ledger.services import all_services
from services.policy.library import load_policies
from services.runtime.embedded import Embedded
from tests.unit.events import claim, granted, line

WHO = {"person_id": "P1", "region": "suzhou"}
CIVIL_AFFAIRS = "/agencies/suzhou/civil-affairs"
LONG = "\U00020bb7" * 1000
"""Four bytes each."""

NAMES = [*(f"{LONG}{number}" for number in range(1_000)), *(f"{number}" for number in range(100))]
"""Long ids to fill a timeline, short ones for the rest that is left."""


def void(source: str, name: str) -> bytes:
    """Of an event that nobody has sent."""
    return line("identity.status.voided.v1", source, f"v{name}", {**WHO, "region": source.split("/")[2], "voids": f"x{name}"})


def revocation(source: str, name: str) -> bytes:
    """Of a status that the person does not have."""
    data = {**WHO, "category": "orphan", "effective_date": "2025-01-01", "reason": "ordinary"}
    return line("identity.status.revoked.v1", source, f"r{name}", data)


DEATH = line(
    "identity.status.revoked.v1", CIVIL_AFFAIRS, "d1", {**WHO, "category": "orphan", "effective_date": "2025-06-10", "reason": "death"}
)


@pytest.mark.parametrize(
    ("source", "event"),
    [
        pytest.param("/agencies/wuxi/trade-union", void, id="another city's agency"),
        pytest.param("/agencies/suzhou/trade-union", void, id="the city's other agency"),
        pytest.param(CIVIL_AFFAIRS, void, id="its own voids"),
        pytest.param(CIVIL_AFFAIRS, revocation, id="its own losses"),
    ],
)
async def test_a_death_is_heard_however_full_a_timeline_is(source: str, event: Callable[[str, str], bytes]) -> None:
    lines = [granted("subsistence_allowance", "2025-01-01", region="suzhou"), visit("S1", "2025-06-01")]
    lines += [event(source, name) for name in NAMES]
    lines += [DEATH, visit("S2", "2025-06-20")]
    embedded = Embedded(all_services(load_policies()), 1)
    await embedded.start()
    for value in lines:
        topic, key = place_of(value) or ("", None)
        embedded.publish(topic, key, value)
    await embedded.settle()
    told = [(record.topic, orjson.loads(record.value or b"null")) for record in embedded.drain()]
    letters = [letter["data"] for topic, letter in told if topic == dead_letters_of(IDENTITY_EVENTS)]
    assert {letter["reason"] for letter in letters} == {"too_large"}
    assert not any("d1" in letter["payload"] for letter in letters if letter["payload"])
    timeline = [one["data"] for topic, one in told if topic == TIMELINES][-1]
    assert [(one["category"], one["to"], one["lost_by"]) for one in timeline["intervals"]] == [
        ("subsistence_allowance", "2025-06-10", "death")
    ]
    last = {one["data"]["claim_id"]: one["data"] for topic, one in told if topic == RESULTS}
    assert {name: (one["assistance_amount"], one["reason"]) for name, one in last.items()} == {
        "S1": ("3400.00", None),
        "S2": ("0.00", "no_entitlement"),
    }
    assert "claim_after_death" in {one["data"]["kind"] for topic, one in told if topic == WARNINGS}


def visit(claim_id: str, day: str) -> bytes:
    """普通门诊, 4,000.00 to pay oneself."""
    return claim(claim_id, day, "4000.00", region="suzhou", visit_type="outpatient")
