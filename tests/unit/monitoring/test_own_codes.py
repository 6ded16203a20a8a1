"""Codes that a region declares, as monitoring meets them: stays by what a kind of visit is like, agencies that are told, ends that move."""

import pytest

from tests.unit.monitoring.world import Watching, letter, result, run, timeline
from tests.unit.policy.river import REGION, claim, with_river

STAY = {"region": REGION, "visit_type": "day_surgery", "admission_date": "2025-03-01", "discharge_date": "2025-03-10", "service_date": None}
VISIT = {"region": REGION, "visit_type": "emergency", "service_date": "2025-03-05", "admission_date": None, "discharge_date": None}


@pytest.fixture(scope="module")
def watching() -> Watching:
    return Watching(with_river())


def test_a_kind_that_is_like_a_stay_is_one_and_another_is_none(watching: Watching) -> None:
    """Two day surgeries overlap; an emergency between them does not."""
    watching.see(result("C1", "10.00", **STAY), result("C2", "10.00", sequence=2, **VISIT))
    assert watching.standing == {}
    watching.see(result("C3", "10.00", sequence=3, **{**STAY, "admission_date": "2025-03-09", "discharge_date": "2025-03-12"}))
    assert list(watching.standing) == [f"overlapping_stays/{REGION}/P1/2025/H1/C1+H1/C3"]


def test_an_end_moves_with_a_renewal_and_tells_the_region_s_agencies() -> None:
    """The warning is of the new end, in its year; the region's own agency is in the audience."""
    watching = Watching(with_river())
    first = run("flood_victim", "2025-03-10", "2025-09-09", "2025-09-10", "expiry", REGION)
    (said,) = watching.see(timeline(1, first))
    assert (said["warning_id"], said["audience"]) == (f"status_ending/{REGION}/P1/2025/flood_victim", ["civil-affairs", "flood-relief"])
    assert said["measure"]["value"] == "2025-09-09"
    renewed = run("flood_victim", "2025-03-10", "2026-03-08", "2026-03-09", "expiry", REGION)
    watching.see(timeline(2, renewed))
    assert watching.standing == {f"status_ending/{REGION}/P1/2026/flood_victim": ("notice", "2026-03-08")}


def test_a_refused_duplicate_with_such_codes_is_warned_of_while_they_are_known() -> None:
    """In the region that declares them alone."""
    watching = Watching(with_river())
    known = claim("C1", "emergency", "10.00", "2025-03-02", conditions=["burn"])
    watching.see(letter(1, known))
    assert list(watching.standing) == [f"conflicting_duplicate/{REGION}/P1/2025/H1/C1"]
    assert watching.see(letter(2, known | {"region": "suzhou", "claim_id": "C2"})) == []
    assert watching.see(letter(3, known | {"visit_type": "day_surgery", "claim_id": "C3"})) == []  # without a stay's dates


def test_stays_like_others_count_for_the_hospital() -> None:
    """Twenty day surgeries that leave a fifth to assisted persons; an emergency counts for nothing."""
    watching = Watching(with_river())
    days = {"admission_date": "2025-03-01", "discharge_date": "2025-03-01"}
    stays = [
        result(f"C{number}", "100.00", "75.00", sequence=1, category="ferryman", **{**STAY, **days, "person_id": f"P{number}"})
        for number in range(20)
    ]
    watching.see(*stays, result("E1", "1000.00", "0.00", category="ferryman", **{**VISIT, "person_id": "P99"}))
    assert watching.standing == {f"hospital_self_pay_ratio/{REGION}/H1/2025": ("critical", "0.2500")}
