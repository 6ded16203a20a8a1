"""The file of thresholds: every fault is told with file, line and key; figures are dated."""

from datetime import date
from pathlib import Path

import pytest

from services.monitoring.app import SHIPPED, load_thresholds
from services.monitoring.domain.thresholds import figure
from services.policy.tree import PolicyError
from tests.unit.monitoring.world import Watching, policies, result

TEXT = SHIPPED.read_text("utf-8")


def write(path: Path, old: str, new: str) -> Path:
    """The shipped file with one thing changed."""
    assert TEXT.count(old) >= 1
    own = path / "own.yaml"
    own.write_text(TEXT.replace(old, new, 1), "utf-8")
    return own


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
        ("    left_open: 限额由", "    left: 限额由", "left_open"),
        ("checked_on: 2026-11-22", "", "checked_on"),
    ],
)
def test_a_fault_is_told_with_its_line_and_key(tmp_path: Path, old: str, new: str, fault: str) -> None:
    with pytest.raises(PolicyError, match=fault) as found:
        load_thresholds(policies(), write(tmp_path, old, new))
    assert str(found.value).startswith("own.yaml:")


def test_a_category_that_its_region_does_not_know_is_a_fault(tmp_path: Path) -> None:
    block = "\n    wuxi: {standards: [{categories: [at_risk_rural], yuan: {2023-01-01: 1}}, {yuan: {2023-01-01: 2}}], notice_percent: {2023-01-01: 80},"
    block += (
        " warning_percent: {2023-01-01: 100}, critical_percent: {2023-01-01: 200}, just_out_days: {2023-01-01: 0}}\n\n# annual_limit_near"
    )
    with pytest.raises(PolicyError, match="categories of wuxi"):
        load_thresholds(policies(), write(tmp_path, "\n\n# annual_limit_near", block))


def test_a_figure_holds_from_its_date_on() -> None:
    figures = {date(2023, 1, 1): 1, date(2025, 7, 1): 2}
    days = [date(2022, 12, 31), date(2023, 1, 1), date(2025, 6, 30), date(2025, 7, 1)]
    assert [figure(figures, day) for day in days] == [None, 1, 1, 2]


def test_a_year_is_held_against_the_figures_of_its_last_day(tmp_path: Path) -> None:
    own = write(tmp_path, "- {yuan: {2023-01-01: 26000}}", "- {yuan: {2023-01-01: 26000, 2025-12-31: 500, 2026-01-01: 9000}}")
    watching = Watching(thresholds=own)
    earlier = result("C1", "600.00", visit_type="outpatient", year=2024, service_date="2024-12-31")
    watching.see(earlier, result("C2", "500.00", visit_type="outpatient", service_date="2025-01-01"))
    assert watching.standing == {"impoverishment_risk/suzhou/P1/2025": ("warning", "500.00")}


def test_every_figure_shipped_says_who_asks_and_that_it_is_ours() -> None:
    thresholds = load_thresholds(policies())
    for rule in (thresholds.year_burden, thresholds.annual_limit, thresholds.hospital_ratio):
        assert set(rule.provenance.asked_by) <= set(policies().regions())
        assert "default" in rule.provenance.shipped
        for region, clause in rule.provenance.asked_by.items():
            file = policies().current[region][-1].file
            assert clause in {file.early_warning.clause, file.hospital_ratio.clause if file.hospital_ratio else None}
