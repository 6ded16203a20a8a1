"""A region whose policy file has a fault: its own events are set aside until it is mended, nothing of them is lost, and no other city hears of it."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.catalogue import TIMELINES
from services.policy.library import Policies, load_policies
from tests.unit.settlement.site import CITY, Site, asked, event, granted, site, stay

FAULTY = CITY.replace("status: in_force", "status: in_farce")
WUXI = {"region": "wuxi", "hospital_id": "H1", "claim_id": "w1", "admission_date": "2024-06-01", "discharge_date": "2024-06-03"}
BILL = {
    "total_amount": "100.00",
    "policy_scope_amount": "100.00",
    "basic_paid": "0",
    "critical_illness_paid": "0",
    "insurance_type": "resident",
}
CLAIM_ELSEWHERE = event(
    "hospital.claims.v1", "hospital.claim.submitted.v1", "/hospitals/H1", "w1", {**WUXI, **BILL, "visit_type": "inpatient"}
)
HELD_ELSEWHERE = event(
    "identity.events.v1",
    "identity.status.granted.v1",
    "/agencies/wuxi/civil-affairs",
    "g9",
    {"region": "wuxi", "category": "subsistence_allowance", "effective_date": "2024-01-01"},
)


def at(folder: Path, text: str) -> Policies:
    """The policies of a site with its own file of 苏州, as services load them."""
    folder.mkdir(exist_ok=True)
    (folder / "suzhou.yaml").write_text(text, "utf-8")
    return load_policies(site=folder, spares=True)


async def test_events_of_the_region_are_set_aside_and_settled_once_it_is_mended(tmp_path: Path) -> None:
    """Claims, statuses, operators' requests: `processing_failed`, with file, line and key; the same events again are taken then."""
    work = await site(load_policies())
    await work.settle([granted("g1", "2024-01-01"), stay("k1", "2024-05-01", "200.00")])
    await work.restart(at(tmp_path, FAULTY))
    for number, one in enumerate((stay("k2", "2024-06-01", "400.00"), granted("g2", "2024-01-02"), asked(2024))):
        assert await work.settle([one]) == []
        ((reason, detail),) = work.letters()
        assert (number, reason) == (number, "processing_failed")
        assert f"{tmp_path}/suzhou.yaml:" in detail
        assert ": status: " in detail
    await work.restart(load_policies())
    assert await work.settle([stay("k2", "2024-06-01", "400.00")]) == [("k2", 0, "340.00", None)]
    assert await work.settle([granted("g2", "2024-01-02"), asked(2024)]) == []
    assert work.letters() == []


async def test_no_shipped_file_takes_its_place(tmp_path: Path) -> None:
    work = await site(at(tmp_path, FAULTY))
    await work.settle([granted("g1", "2024-01-01"), stay("k1", "2024-05-01")])
    assert work.results() == []
    assert {reason for reason, _ in work.letters()} == {"processing_failed"}


@pytest.mark.parametrize("loses", [False, True])
async def test_the_persons_other_city_goes_on_and_his_year_is_put_right_by_itself(tmp_path: Path, loses: bool) -> None:
    """News of 无锡 makes the next timeline, in which 苏州 stands as it was told; his year there is left behind, and tried again at the next start."""
    work = await site(load_policies())
    await work.settle([stay("k1", "2024-05-01", "200.00")])
    await work.settle([granted("g1", "2024-01-01")])
    assert work.results() == [("k1", 1, "170.00", None)]
    await work.restart(at(tmp_path, FAULTY))
    assert await work.settle([HELD_ELSEWHERE]) == []
    ((reason, detail),) = work.letters()
    assert (reason, "the year 2024 of suzhou" in detail, "is settled anew by itself" in detail) == ("processing_failed", True, True)
    (told,) = timelines(work)
    assert [(one["region"], one["from"]) for one in told["intervals"]] == [("suzhou", "2024-01-01"), ("wuxi", "2024-01-01")]
    ((claim, revision, amount, _),) = await work.settle([CLAIM_ELSEWHERE])
    assert (claim, revision, amount != "0.00") == ("w1", 0, True)
    if loses:
        work.embedded.views["settlement"].lose()
        work.embedded.views["identity"].lose()
    assert await work.restart(at(tmp_path, CITY)) == []
    assert await work.settle([stay("k2", "2024-06-01", "400.00")]) == [("k2", 0, "340.00", None)], "the year is behind no longer"
    assert work.letters() == []


async def test_a_right_file_that_settles_otherwise_leaves_what_was_settled(tmp_path: Path) -> None:
    """Of the shipped edition: a year that began under it goes on under it, though the site has a file of its own by now."""
    work = await site(load_policies())
    await work.settle([granted("g1", "2024-01-01"), stay("k1", "2024-05-01", "200.00")])
    await work.restart(
        at(tmp_path, CITY.replace("limit_yuan: {default: {2023-01-01: 300000}}", "limit_yuan: {default: {2023-01-01: 500}}"))
    )
    assert await work.settle([stay("k2", "2024-06-01", "400.00")]) == [("k2", 0, "340.00", None)]
    assert await work.settle([asked(2024)]) == [("k1", 1, "170.00", None), ("k2", 1, "330.00", None)]


def timelines(work: Site) -> list[dict[str, Any]]:
    """Those told last."""
    return [orjson.loads(record.value or b"")["data"] for record in work.told if record.topic == TIMELINES]
