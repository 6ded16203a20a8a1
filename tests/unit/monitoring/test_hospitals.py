"""医疗机构个人自付占比: from 20 stays on, over 10 percent a warning, over 20 percent critical."""

from typing import Any

import pytest

from schemas.catalogue import HOSPITAL_SHARES
from tests.unit.monitoring.world import Event, Watching, policies, result, told

RATIO = "hospital_self_pay_ratio/suzhou/H1/2025"


def stay(number: int, burden: int = 100, **facts: Any) -> Event:
    """A stay of another person each, 1000.00 within policy scope, `burden` of it left to the person."""
    words = {"category": "orphan", "person_id": f"P{number}", "policy_scope_amount": "1000.00", "total_amount": "1000.00", **facts}
    return result(f"C{number}", "1000.00", f"{1000 - burden}.00", **words)


def ratio(watching: Watching) -> dict[str, tuple[str, str]]:
    return {name: found for name, found in watching.standing.items() if "ratio" in name}


@pytest.mark.parametrize(
    ("burdens", "expected"),
    [
        ([100] * 20, {}),  # 2000 of 20000: not over 10%
        ([100] * 19 + [101], {RATIO: ("warning", "0.1001")}),  # 2001 of 20000 = 0.10005, half up
        ([101] * 19, {}),  # 19 stays
        ([200] * 20, {RATIO: ("warning", "0.2000")}),  # not over 20%
        ([200] * 19 + [202], {RATIO: ("critical", "0.2001")}),
    ],
)
def test_a_hospital_is_watched_from_20_stays_on(burdens: list[int], expected: dict[str, tuple[str, str]]) -> None:
    watching = Watching(partitions=2)
    watching.see(*(stay(number, burden) for number, burden in enumerate(burdens)))
    assert ratio(watching) == expected


@pytest.mark.parametrize(
    "facts",
    [
        {"category": None},  # no assisted person
        {"in_county": False},
        {"visit_type": "outpatient"},
        {"region": "wuxi"},  # another region's year
        {"year": 2024, "admission_date": "2024-03-01", "discharge_date": "2024-03-02"},
        {"hospital_id": "H2"},
    ],
)
def test_other_stays_do_not_count(facts: dict[str, Any]) -> None:
    watching = Watching()
    watching.see(*(stay(number, 300) for number in range(19)), stay(19, 300, **facts))
    assert ratio(watching) == {}
    watching.see(stay(20, 300))
    assert ratio(watching) == {RATIO: ("critical", "0.3000")}


def test_a_city_without_hospital_control_tells_no_shares() -> None:
    watching = Watching()
    watching.see(*(stay(number, 300, region="changchun") for number in range(20)))
    assert not any(record.topic == HOSPITAL_SHARES for record in watching.records)


def test_a_reversal_takes_its_stay_out_and_news_of_a_category_puts_one_in() -> None:
    watching = Watching(partitions=3)
    watching.see(*(stay(number, 300) for number in range(20)))
    assert ratio(watching) == {RATIO: ("critical", "0.3000")}
    gone = watching.see(stay(0, 300, revision=1, verb="reversed"))
    assert told(gone) == [("resolved", "hospital_self_pay_ratio", "critical", 1)]
    watching.see(stay(30, 0, category=None))
    back = watching.see(stay(30, 100, category="orphan", revision=1, verb="adjusted", delta="0.00"))
    assert told(back) == [("raised", "hospital_self_pay_ratio", "critical", 2)]
    assert ratio(watching) == {RATIO: ("critical", "0.2900")}  # (19 x 300 + 100) / 20000
    fallen = watching.see(stay(31, 0, policy_scope_amount="9001.00", total_amount="9001.00"))
    assert told(fallen) == [("resolved", "hospital_self_pay_ratio", "critical", 2), ("raised", "hospital_self_pay_ratio", "warning", 3)]
    assert ratio(watching) == {RATIO: ("warning", "0.2000")}  # 5800 of 29001


def test_several_stays_of_a_hospital_in_one_batch_are_each_counted_once() -> None:
    watching = Watching()
    watching.see_together(*(stay(number, 300) for number in range(22)))
    assert ratio(watching) == {RATIO: ("critical", "0.3000")}
    watching.see_together(
        stay(0, 300, revision=1, verb="reversed"), stay(1, 300, revision=1, verb="reversed"), stay(2, 700, revision=1, verb="adjusted")
    )
    assert ratio(watching) == {RATIO: ("critical", "0.3200")}  # (19 x 300 + 700) / 20000


def test_a_share_that_is_not_newer_changes_nothing() -> None:
    watching = Watching()
    watching.see(*(stay(number, 300) for number in range(20)), stay(0, 300, revision=1, verb="reversed"))
    first = next(record for record in watching.records if record.topic == HOSPITAL_SHARES)
    assert watching.see(Event(HOSPITAL_SHARES, "H1", first.value or b"")) == []  # else there were 20 stays again
    assert ratio(watching) == {}


def test_by_the_other_reading_what_lies_outside_the_scope_counts() -> None:
    stays = [stay(number, 100, total_amount="1001.00") for number in range(20)]
    by_default, by_other = Watching(), Watching(policies(hospital_ratio_basis="with_out_of_scope"))
    by_default.see(*stays)
    by_other.see(*stays)
    assert (ratio(by_default), ratio(by_other)) == ({}, {RATIO: ("warning", "0.1010")})


def test_the_hospital_is_the_subject_and_the_newest_stays_are_the_evidence() -> None:
    watching = Watching()
    said = watching.see(*(stay(number, 300 + number) for number in range(60)))[-1]
    assert (said["subject"], said["clause"], said["threshold"]) == ("H1", "二（七）", {"name": "self_pay_ratio", "value": "0.2000"})
    assert said["evidence"] == [f"H1/C{number}/0" for number in range(10, 60)]


def test_a_person_and_a_hospital_may_have_one_id() -> None:
    watching = Watching()
    watching.see(*(stay(number, 300, hospital_id="X", person_id="X" if number == 0 else f"P{number}") for number in range(20)))
    watching.see(result("big", "25700.00", person_id="X", sequence=2, visit_type="outpatient"))
    assert watching.standing == {
        "hospital_self_pay_ratio/suzhou/X/2025": ("critical", "0.3000"),
        "impoverishment_risk/suzhou/X/2025": ("warning", "26000.00"),
    }
