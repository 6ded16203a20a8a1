"""The file of thresholds: every fault is told with file, line and key; figures are dated."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from services.monitoring.adapters.threshold_files import SHIPPED, load_thresholds
from services.monitoring.domain.thresholds import figure
from services.policy.library import Policies
from services.policy.tree import PolicyError
from tests.unit.monitoring.world import Watching, action, claim_of, letter, policies, result, run, timeline

TEXT = SHIPPED.read_text("utf-8")


def write(path: Path, old: str, new: str) -> Path:
    """The shipped file with one thing changed."""
    assert TEXT.count(old) >= 1
    (path / "thresholds.yaml").write_text(TEXT.replace(old, new, 1), "utf-8")
    return path


def with_folder(folder: Path) -> Policies:
    """The shipped policies at a site with such a folder."""
    return replace(policies(), folder=folder)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("near_percent: {2023-01-01: 80}", "near_percent: {2023-01-01: 0}", "near_percent"),
        ("near_percent: {2023-01-01: 80}", "near_percent: {2023-01-01: 101}", "near_percent"),
        ("near_percent: {2023-01-01: 80}", "near: {2023-01-01: 80}", "no such key"),
        ("near_percent: {2023-01-01: 80}", "near_percent: {2023-13-01: 80}", "near_percent"),
        ("    default:\n      near", "    wuxi:\n      near", "figures of a region called default"),
        (
            "    default:\n      near_percent: {2023-01-01: 80}",
            "    default: &it\n      near_percent: {2023-01-01: 80}\n    atlantis: *it",
            "atlantis",
        ),
        ("warning_percent: {2023-01-01: 100}", "warning_percent: {2023-01-01: 100, 2025-01-01: 70}", "that rise, on 2025-01-01"),
        ("        - {yuan: {2023-01-01: 26000}}\n", "", "a standard without categories"),
        ("yuan: {2023-01-01: 26000}", "yuan: {2023-01-01: 26000.001}", "yuan"),
        ("critical_percent: {2023-01-01: 20}", "critical_percent: {2023-01-01: 120}", "critical_percent"),
        ("deliveries_min: {1900-01-01: 1}", "deliveries_min: {1900-01-01: 0}", "deliveries_min"),
        ("taken_back_min_yuan: {1900-01-01: 0.01}", "taken_back_min_yuan: {1900-01-01: 0.00}", "taken_back_min_yuan"),
        ("- {yuan: {2023-01-01: 26000}}", "- {yuan: {2023-01-01: 26000}, critical_percent: {2024-01-01: 90}}", "that rise, on 2024-01-01"),
        ("    left_open: 限额由", "    left: 限额由", "left_open"),
        ("checked_on: 2026-11-22", "", "checked_on"),
    ],
)
def test_a_fault_is_told_with_its_line_and_key(tmp_path: Path, old: str, new: str, fault: str) -> None:
    with pytest.raises(PolicyError, match=fault) as found:
        load_thresholds(with_folder(write(tmp_path, old, new)))
    assert str(found.value).startswith(f"{tmp_path}/thresholds.yaml:")


def test_a_category_that_its_region_does_not_know_is_a_fault(tmp_path: Path) -> None:
    block = "\n    wuxi: {standards: [{categories: [at_risk_rural], yuan: {2023-01-01: 1}}, {yuan: {2023-01-01: 2}}], notice_percent: {2023-01-01: 80},"
    block += (
        " warning_percent: {2023-01-01: 100}, critical_percent: {2023-01-01: 200}, just_out_days: {2023-01-01: 0}}\n\n# annual_limit_near"
    )
    with pytest.raises(PolicyError, match="categories of wuxi"):
        load_thresholds(with_folder(write(tmp_path, "\n\n# annual_limit_near", block)))


def test_a_group_whose_category_its_region_does_not_know_is_a_fault(tmp_path: Path) -> None:
    own = "wuxi: {near_percent: {2023-01-01: 80}, groups: [{categories: [at_risk_rural], near_percent: {2023-01-01: 70}}]}"
    block = f"      near_percent: {{2023-01-01: 80}}\n    {own}"
    with pytest.raises(PolicyError, match="categories of wuxi"):
        load_thresholds(with_folder(write(tmp_path, "      near_percent: {2023-01-01: 80}", block)))


def test_a_group_may_have_percentages_of_its_own(tmp_path: Path) -> None:
    """Of 10,000 then 60% instead of 80%; whoever is not of the group is warned of as before."""
    text = TEXT.replace(
        "at_risk_rural], yuan: {2023-01-01: 10000}}", "at_risk_rural], yuan: {2023-01-01: 10000}, notice_percent: {2023-01-01: 60}}"
    )
    own = write(tmp_path, TEXT, text)
    watching = Watching(folder=own)
    watching.see(timeline(1, run("low_income_margin", "2025-01-01")), result("C1", "5999.99"))
    assert watching.standing == {}
    watching.see(result("C2", "0.01", sequence=2, visit_type="outpatient"))
    assert watching.standing == {"return_to_poverty_risk/suzhou/P1/2025": ("notice", "6000.00")}
    assert watching.said[-1]["threshold"]["value"] == "6000.00"
    watching.see(timeline(2, run("orphan", "2025-01-01")))
    assert watching.standing == {}


@pytest.mark.parametrize(("category", "near"), [("orphan", True), ("needy_worker", False)])
def test_a_limit_may_be_near_earlier_for_some(tmp_path: Path, category: str, near: bool) -> None:
    """210,000 of 300,000 are 70%."""
    own = write(
        tmp_path,
        "      near_percent: {2023-01-01: 80}",
        "      near_percent: {2023-01-01: 80}\n      groups: [{categories: [orphan], near_percent: {2023-01-01: 70}}]",
    )
    watching = Watching(folder=own)
    watching.see(result("C1", "1.00", "1.00", category=category, counters={"year": "209999.99"}))
    assert watching.standing == {}
    watching.see(result("C2", "1.00", "1.00", sequence=2, visit_type="outpatient", category=category, counters={"year": "210000.00"}))
    assert list(watching.standing) == (["annual_limit_near/suzhou/P1/2025/year"] if near else [])


def test_a_site_may_tell_of_conflicts_and_recoveries_later(tmp_path: Path) -> None:
    """From the second refused delivery, from 100.00 on; and again from where an operator closed."""
    text = TEXT.replace("deliveries_min: {1900-01-01: 1}", "deliveries_min: {1900-01-01: 2}").replace(
        "{1900-01-01: 0.01}", "{1900-01-01: 100}"
    )
    watching = Watching(folder=write(tmp_path, TEXT, text))
    recovery, conflict = "recovery_due/suzhou/P1/2025/H1/C1", "conflicting_duplicate/suzhou/P1/2025/H1/C1"
    watching.see(result("C1", "900.00", "900.00", category="orphan"), letter(1, claim_of("C1", "2.00")))
    watching.see(result("C1", "900.00", "800.01", revision=1, verb="adjusted", delta="-99.99", category="orphan"))
    assert watching.standing == {}
    watching.see(
        result("C1", "900.00", "800.00", revision=2, verb="adjusted", delta="-0.01", category="orphan"), letter(2, claim_of("C1", "2.00"))
    )
    assert watching.standing == {recovery: ("warning", "100.00"), conflict: ("warning", "2")}
    watching.see(action("closed", recovery), action("closed", conflict), letter(3, claim_of("C1", "2.00")))
    assert watching.standing == {}


def test_a_figure_holds_from_its_date_on() -> None:
    figures = {date(2023, 1, 1): 1, date(2025, 7, 1): 2}
    days = [date(2022, 12, 31), date(2023, 1, 1), date(2025, 6, 30), date(2025, 7, 1)]
    assert [figure(figures, day) for day in days] == [None, 1, 1, 2]


def test_a_year_is_held_against_the_figures_of_its_last_day(tmp_path: Path) -> None:
    own = write(tmp_path, "- {yuan: {2023-01-01: 26000}}", "- {yuan: {2023-01-01: 26000, 2025-12-31: 500, 2026-01-01: 9000}}")
    watching = Watching(folder=own)
    earlier = result("C1", "600.00", visit_type="outpatient", year=2024, service_date="2024-12-31")
    watching.see(earlier, result("C2", "500.00", visit_type="outpatient", service_date="2025-01-01"))
    assert watching.standing == {"impoverishment_risk/suzhou/P1/2025": ("warning", "500.00")}


def test_every_figure_shipped_says_who_asks_and_that_it_is_ours() -> None:
    thresholds = load_thresholds(policies()).thresholds
    for rule in (thresholds.year_burden, thresholds.annual_limit, thresholds.hospital_ratio, thresholds.fund_supervision):
        assert set(rule.provenance.asked_by) <= set(policies().regions())
        assert "default" in rule.provenance.shipped
    assert set(thresholds.fund_supervision.provenance.asked_by) == set(policies().regions())
    for rule in (thresholds.year_burden, thresholds.annual_limit, thresholds.hospital_ratio):
        for region, clause in rule.provenance.asked_by.items():
            file = policies().current[region][-1].file
            assert clause in {file.early_warning.clause, file.hospital_ratio.clause if file.hospital_ratio else None}


OWN = """checked_on: 2026-11-01
clause: （九）
year_burden:
  standards: [{yuan: {2023-01-01: 500}}]
  notice_percent: {2023-01-01: 80}
  warning_percent: {2023-01-01: 100}
  critical_percent: {2023-01-01: 200}
  just_out_days: {2023-01-01: 0}
"""
RISK = "impoverishment_risk/suzhou/P1/2025"


def own(folder: Path, text: str = OWN, region: str = "suzhou") -> Path:
    """A site's folder with a region's own thresholds."""
    (folder / f"{region}.thresholds.yaml").write_text(text, "utf-8")
    return folder


def test_a_region_may_have_a_file_of_its_own(tmp_path: Path) -> None:
    """Each rule in it counts there alone, and what it leaves out is as everywhere."""
    watching = Watching(folder=own(tmp_path))
    watching.see(result("C1", "500.00"), result("C2", "500.00", region="wuxi", visit_type="outpatient"))
    assert watching.standing == {RISK: ("warning", "500.00")}
    loaded = load_thresholds(with_folder(tmp_path)).thresholds
    assert loaded.annual_limit.of("suzhou") == loaded.annual_limit.of("wuxi")
    assert loaded.year_burden.provenance.asked_by["suzhou"] == "（九）"


@pytest.mark.parametrize(
    ("region", "text", "fault"),
    [
        ("suzhou", OWN.replace("standards: [{", "standards: [{categories: [orphans], "), "categories"),
        (
            "suzhou",
            OWN.replace("{yuan", "{categories: [orphans], yuan").replace("}]", "}, {yuan: {2023-01-01: 1}}]"),
            "categories of suzhou",
        ),
        ("suzhou", OWN + "annual: {}\n", "annual: no such key"),
        ("suzhou", "checked_on: yesterday\n", "checked_on"),
        ("atlantis", OWN, "a name that begins with a region"),
    ],
)
def test_a_fault_in_a_regions_file_is_told_and_costs_it_its_warnings_alone(tmp_path: Path, region: str, text: str, fault: str) -> None:
    own(tmp_path, text, region)
    with pytest.raises(PolicyError, match=fault) as found:
        load_thresholds(with_folder(tmp_path))
    assert str(found.value).startswith(f"{tmp_path}/{region}.thresholds.yaml:")
    assert list(load_thresholds(with_folder(tmp_path), spares=True).faulty) == [region]


@pytest.mark.parametrize("what", ["thresholds", "policies"])
def test_what_stands_in_a_region_with_faults_is_left_standing(tmp_path: Path, what: str) -> None:
    """Neither resolved nor told anew, though its figures cannot be known; another city is warned of as ever. Once mended, it goes on."""
    watching, whole = Watching(), policies()
    watching.see(result("C1", "30000.00"))
    before = watching.standing
    assert set(before) == {RISK}
    own(tmp_path, "checked_on: yesterday\n")
    current = {region: files for region, files in whole.current.items() if region != "suzhou"}
    faulty = replace(whole, folder=tmp_path) if what == "thresholds" else replace(whole, current=current, faulty={"suzhou": ["x"]})
    watching.restart(faulty)
    assert watching.see(timeline(1, run("orphan", "2025-01-01"))) == []
    watching.see(result("C2", "30000.00", sequence=2, region="wuxi", visit_type="outpatient"))
    assert watching.standing == {**before, "impoverishment_risk/wuxi/P1/2025": ("warning", "30000.00")}
    watching.restart(whole)
    watching.see(timeline(2, run("orphan", "2025-01-01")))
    assert "return_to_poverty_risk/suzhou/P1/2025" in watching.standing
    assert RISK not in watching.standing


def test_categories_of_the_default_that_a_region_of_the_sites_own_lacks_are_noted(tmp_path: Path) -> None:
    """Not of shipped cities, which were looked at, nor of one with thresholds of its own."""
    assert load_thresholds(policies()).notes(policies()) == []
    site = replace(policies(), own=frozenset({"wuxi"}), folder=tmp_path)
    (note,) = load_thresholds(site).notes(site)
    assert "name at_risk_rural, which wuxi does not have" in note
    own(tmp_path, region="wuxi")
    assert load_thresholds(site).notes(site) == []
