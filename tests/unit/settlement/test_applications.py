"""Applications approved after their claims (长十六（五）, 十九): the year is settled anew, whatever the order; class IV of Changchun, by hand.

A stay of 8,000 in March: (8000 - 6000) x 30% = 600.00. One of 1,000 in April: 1000 x 30% = 300.00, once the 6,000 are used up; (1000 - 1000) before.
"""

from itertools import permutations
from pathlib import Path

import orjson
import pytest

from schemas.catalogue import CLAIMS, IDENTITY_EVENTS, RESULTS
from services.ledger.dossiers.known import explained, from_embedded
from services.policy.explain_text import explanation_text
from services.policy.library import load_policies
from tests.unit.settlement.site import Event, Site, event, site

CITY = "changchun"
POLICIES = load_policies()
FUND, CIVIL = (f"/agencies/{CITY}/{agency}" for agency in ("healthcare-security", "civil-affairs"))


def stay(number: str, day: str, yuan: str, **facts: str) -> Event:
    """A stay that ends on `day`, all self-pay."""
    dates = {"admission_date": day, "discharge_date": day, "visit_type": "inpatient", "insurance_type": "resident"}
    bill = {"total_amount": yuan, "policy_scope_amount": yuan, "basic_paid": "0", "critical_illness_paid": "0"}
    data = {"region": CITY, "hospital_id": "H1", "claim_id": number, **dates, **bill, **facts}
    return event(CLAIMS, "hospital.claim.submitted.v1", "/hospitals/H1", number, data)


def approved(number: str, applied_on: str, first: str, last: str) -> Event:
    """An application under class IV."""
    data = {"region": CITY, "category": "illness_impoverished", "applied_on": applied_on, "from": first, "to": last}
    return event(IDENTITY_EVENTS, "identity.application.approved.v1", FUND, number, data)


def voided(number: str) -> Event:
    """The fund's event `number` counts as never sent."""
    return event(IDENTITY_EVENTS, "identity.status.voided.v1", FUND, f"v-{number}", {"region": CITY, "voids": number})


GRANTED = event(
    IDENTITY_EVENTS, "identity.status.granted.v1", CIVIL, "g1",
    {"region": CITY, "category": "illness_impoverished", "effective_date": "2025-01-01"},
)  # fmt: skip
MARCH, APRIL = stay("march", "2025-03-05", "8000.00"), stay("april", "2025-04-05", "1000.00")


@pytest.fixture
async def work() -> Site:
    return await site(POLICIES)


async def test_a_late_approval_settles_the_year_anew_and_a_void_takes_it_back(work: Site) -> None:
    """With the deductible that the earlier claim uses up; told by the approval, and by its void."""
    await work.settle([GRANTED])
    assert await work.settle([MARCH, APRIL]) == [("march", 0, "0.00", "application_required"), ("april", 0, "0.00", "application_required")]
    assert await work.settle([approved("a1", "2025-04-20", "2025-04-01", "2025-04-30")]) == [("april", 1, "0.00", "below_deductible")]
    assert await work.settle([approved("a2", "2025-05-02", "2025-03-01", "2025-03-31")]) == [
        ("march", 1, "600.00", None),
        ("april", 2, "300.00", None),
    ]
    told = [orjson.loads(record.value or b"")["data"] for record in work.told if record.topic == RESULTS]
    assert [(data["delta"], data["caused_by"]["id"]) for data in told] == [("600.00", "a2"), ("300.00", "a2")]
    assert await work.settle([voided("a2")]) == [("march", 2, "0.00", "application_required"), ("april", 3, "0.00", "below_deductible")]


async def test_any_order_ends_alike() -> None:
    """Approval and grant before, between and after the claims."""
    told = [GRANTED, approved("a1", "2025-04-20", "2025-03-01", "2025-04-30"), MARCH, APRIL]
    for order in permutations(told):
        if order.index(MARCH) < order.index(APRIL):
            work = await site(POLICIES)
            newest = {claim: (amount, reason) for claim, _, amount, reason in await work.settle(order)}
            assert newest == {"march": ("600.00", None), "april": ("300.00", None)}


async def test_an_approval_survives_a_lost_view(work: Site) -> None:
    """It lies in the timeline."""
    await work.settle([GRANTED, approved("a1", "2025-04-20", "2025-03-01", "2025-04-30"), MARCH])
    view = work.embedded.views["settlement"]
    before = view.snapshot().documents
    view.lose()
    assert await work.settle([APRIL]) == [("april", 0, "300.00", None)]
    known = view.snapshot().documents
    assert known["p/P1"]["timeline"] == before["p/P1"]["timeline"]


async def test_a_claim_with_a_day_of_its_own_is_not_changed_by_an_approval(work: Site) -> None:
    """Nothing is told anew."""
    assert await work.settle([GRANTED, stay("own", "2025-03-05", "8000.00", applied_on="2025-03-06")]) == [("own", 0, "600.00", None)]
    assert await work.settle([approved("a1", "2025-04-20", "2025-03-01", "2025-04-30")]) == []


async def test_the_explanation_says_by_which_application(work: Site, tmp_path: Path) -> None:
    """By its days and its event; of a claim with its own day by that."""
    await work.settle(
        [GRANTED, MARCH, approved("a1", "2025-04-20", "2025-03-01", "2025-04-30"), approved("a2", "2025-04-10", "2025-03-01", "2025-03-31")]
    )
    await work.settle([stay("own", "2025-03-07", "100.00", applied_on="2025-03-08")])

    async def text(claim: str, lang: str) -> str:
        known = await from_embedded(work.embedded, f"H1/{claim}")
        assert known is not None
        found, agrees = explained(POLICIES, known, f"H1/{claim}")
        assert agrees
        return explanation_text(found, lang)  # type: ignore[arg-type]

    assert f"applied for on 2025-04-10, for services or discharges of 2025-03-01 - 2025-03-31 (“{FUND}” “a2”)" in await text("march", "en")
    assert f"2025-04-10 申请，适用 2025-03-01 - 2025-03-31 的就医或出院 (“{FUND}” “a2”)" in await text("march", "zh")
    assert "Applied for on 2025-03-08, as the claim says" in await text("own", "en")
