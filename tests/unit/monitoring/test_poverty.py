"""因病致贫, 因病返贫: the year's burden against 26,000 (10,000 for the named groups) at 80, 100 and 200 percent."""

from pathlib import Path

import pytest

from tests.unit.monitoring.world import Event, Watching, policies, result, run, timeline, told

RISK = "impoverishment_risk/suzhou/P1/2025"
RETURN = "return_to_poverty_risk/suzhou/P1/2025"


@pytest.mark.parametrize(
    ("burden", "expected"),
    [
        ("20799.99", {}),
        ("20800.00", {RISK: ("notice", "20800.00")}),  # 26000 x 80%
        ("25999.99", {RISK: ("notice", "25999.99")}),
        ("26000.00", {RISK: ("warning", "26000.00")}),  # x 100%
        ("51999.99", {RISK: ("warning", "51999.99")}),
        ("52000.00", {RISK: ("critical", "52000.00")}),  # x 200%
    ],
)
def test_outside_assistance_levels_begin_exactly_at_their_share(burden: str, expected: dict[str, tuple[str, str]]) -> None:
    watching = Watching()
    watching.see(result("C1", burden))
    assert watching.standing == expected


@pytest.mark.parametrize("category", ["low_income_margin", "expenditure_poverty_patient"])
@pytest.mark.parametrize(
    ("burden", "expected"),
    [
        ("7999.99", {}),
        ("8000.00", {RETURN: ("notice", "8000.00")}),  # 10000 x 80%
        ("10000.00", {RETURN: ("warning", "10000.00")}),
        ("19999.99", {RETURN: ("warning", "19999.99")}),
        ("20000.00", {RETURN: ("critical", "20000.00")}),
    ],
)
def test_the_named_groups_have_a_standard_of_10000(category: str, burden: str, expected: dict[str, tuple[str, str]]) -> None:
    watching = Watching()
    watching.see(timeline(1, run(category, "2025-01-01")), result("C1", burden))
    assert watching.standing == expected


def test_a_group_of_one_city_counts_there_and_rural_revitalization_is_told() -> None:
    watching = Watching()
    held = run("at_risk_rural", "2025-01-01", region="changchun")
    (said,) = watching.see(timeline(1, held), result("C1", "8000.00", region="changchun"))
    assert (said["kind"], said["threshold"]["value"]) == ("return_to_poverty_risk", "8000.00")
    assert (said["audience"], said["clause"]) == (["civil-affairs", "healthcare-security", "rural-revitalization"], "第十七条")


@pytest.mark.parametrize(
    ("last_covered", "kind"),
    [
        ("2024-03-10", "return_to_poverty_risk"),  # 365 days before 2025-03-10
        ("2024-03-09", "impoverishment_risk"),  # 366
        ("2025-03-10", "return_to_poverty_risk"),  # its last day
    ],
)
def test_just_out_of_assistance_means_365_days_before_the_latest_service_date(last_covered: str, kind: str) -> None:
    watching = Watching()
    watching.see(timeline(1, run("orphan", "2020-01-01", last_covered)), result("C1", "30000.00"))
    assert [name for name in watching.standing if "risk" in name] == [f"{kind}/suzhou/P1/2025"]


def test_the_group_is_that_of_the_categories_held_and_only_without_any_of_those_just_lost() -> None:
    lost = run("low_income_margin", "2024-01-01", "2024-12-31")
    watching = Watching()
    watching.see(timeline(1, lost, run("orphan", "2025-01-01")), result("C1", "10000.00"))
    assert RETURN not in watching.standing  # held now: orphan, so 26000
    watching.see(timeline(2, lost))
    assert watching.standing[RETURN] == ("warning", "10000.00")


def test_statuses_of_another_region_do_not_count() -> None:
    watching = Watching()
    watching.see(timeline(1, run("low_income_margin", "2024-01-01", region="wuxi")), result("C1", "21000.00"))
    assert watching.standing == {RISK: ("notice", "21000.00")}


def test_what_counts_is_what_the_three_tiers_leave() -> None:
    watching = Watching()
    watching.see(result("C1", "30000.00", "9200.01", category="orphan"))
    assert watching.standing == {}
    watching.see(result("C2", "0.01", sequence=2, visit_type="outpatient"))
    assert watching.standing == {RISK: ("notice", "20800.00")}


def test_by_the_other_reading_the_burden_before_assistance_counts() -> None:
    watching = Watching(policies(burden_basis="before_assistance"))
    watching.see(result("C1", "30000.00", "9200.01", category="orphan"))
    assert watching.standing == {RISK: ("warning", "30000.00")}


def test_a_year_of_claims_without_a_policy_in_force_is_not_watched() -> None:
    watching = Watching()
    watching.see(result("C1", "60000.00", policy=False, year=2022, admission_date="2022-03-01", discharge_date="2022-03-10"))
    assert watching.standing == {}


def test_years_and_regions_are_watched_apart() -> None:
    watching = Watching()
    wuxi = result("C3", "20000.00", region="wuxi", visit_type="outpatient")
    watching.see(result("C1", "20000.00"), result("C2", "20000.00", year=2024, visit_type="outpatient", service_date="2024-05-05"), wuxi)
    assert watching.standing == {}


def climbing() -> list[Event]:
    return [result(f"C{n}", "10400.00", sequence=n, visit_type="outpatient") for n in range(1, 6)]


def test_a_growing_burden_is_raised_escalated_once_a_level_and_its_measure_follows() -> None:
    watching = Watching()
    said = watching.see(*climbing())
    assert [(*told([data])[0], data["measure"]["value"], data["threshold"]["value"]) for data in said] == [
        ("raised", "impoverishment_risk", "notice", 1, "20800.00", "20800.00"),
        ("escalated", "impoverishment_risk", "warning", 1, "31200.00", "26000.00"),
        ("raised", "impoverishment_risk", "warning", 1, "41600.00", "26000.00"),
        ("escalated", "impoverishment_risk", "critical", 1, "52000.00", "52000.00"),
    ]
    assert said[-1]["evidence"] == [f"H1/C{n}/0" for n in range(1, 6)]


def test_a_falling_burden_is_resolved_and_a_cause_that_returns_opens_the_next_episode() -> None:
    watching = Watching()
    watching.see(*climbing())
    gone = [result(f"C{n}", "10400.00", sequence=n, revision=1, verb="reversed", visit_type="outpatient") for n in (5, 4, 3, 2)]
    assert told(watching.see(*gone)) == [
        ("resolved", "impoverishment_risk", "critical", 1),
        ("raised", "impoverishment_risk", "warning", 2),
        ("raised", "impoverishment_risk", "warning", 2),  # 31200.00, still a warning
        ("resolved", "impoverishment_risk", "warning", 2),
        ("raised", "impoverishment_risk", "notice", 3),
        ("resolved", "impoverishment_risk", "notice", 3),
    ]
    assert told(watching.see(result("C6", "60000.00", sequence=6, visit_type="outpatient"))) == [
        ("raised", "impoverishment_risk", "critical", 4)
    ]
    assert len({data["id"] for data in watching.said}) == len(watching.said)


def test_late_news_of_a_status_turns_one_risk_into_the_other() -> None:
    watching = Watching()
    watching.see(result("C1", "30000.00"))
    said = watching.see(timeline(1, run("subsistence_allowance", "2025-01-01")))
    assert told(said) == [("resolved", "impoverishment_risk", "warning", 1), ("raised", "return_to_poverty_risk", "warning", 1)]
    assert said[1]["caused_by"] == {"source": "/agencies/suzhou/civil-affairs", "id": "grant"}
    watching.see(result("C1", "30000.00", "25500.00", revision=1, verb="adjusted", delta="25500.00", category="subsistence_allowance"))
    assert watching.standing == {}


def test_a_revision_that_is_not_newer_changes_nothing() -> None:
    watching = Watching()
    watching.see(result("C1", "30000.00"), result("C1", "30000.00", revision=1, verb="reversed"))
    assert watching.see(result("C1", "30000.00"), result("C1", "30000.00", revision=1, verb="reversed")) == []
    assert watching.standing == {}


def test_a_site_sets_its_own_standard_by_region(tmp_path: Path) -> None:
    shipped = Path("services/monitoring/thresholds.yaml").read_text("utf-8")
    own = "    suzhou: {standards: [{yuan: {2023-01-01: 500}}], notice_percent: {2023-01-01: 80}, warning_percent: {2023-01-01: 100},"
    own += " critical_percent: {2023-01-01: 200}, just_out_days: {2023-01-01: 0}}\n\n# annual_limit_near"
    path = tmp_path / "thresholds.yaml"
    path.write_text(shipped.replace("\n# annual_limit_near", own, 1), "utf-8")
    watching = Watching(folder=tmp_path)
    watching.see(result("C1", "500.00"), result("C2", "500.00", region="wuxi", visit_type="outpatient"))
    assert watching.standing == {RISK: ("warning", "500.00")}


def test_evidence_is_at_most_fifty_the_heaviest_first() -> None:
    watching = Watching()
    watching.see(*(result(f"C{n}", f"{1000 + n}.00", sequence=n, visit_type="outpatient") for n in range(1, 61)))
    assert watching.said[-1]["evidence"] == [f"H1/C{n}/0" for n in range(60, 10, -1)]
