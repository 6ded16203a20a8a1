"""Nothing of early warning goes unshown, and no row says of itself what it does not show."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import get_args

import pytest

from schemas.codes import WarningKind, WarningLevel
from schemas.money import yuan_text
from services.monitoring.adapters.threshold_files import load_thresholds
from services.monitoring.domain.thresholds import figure, share_of
from services.policy.library import load_policies
from services.policy.tree import reading_text
from tests.monitoring.marks import DATED, LEVELS, is_shown
from tests.monitoring.table import Row, cases, tables

KINDS = get_args(WarningKind)
ALWAYS = ["resolution", "next episode", "late news", "reversal"]
YEAR_END = date(2025, 12, 31)
POLICIES = load_policies()
THRESHOLDS = load_thresholds(POLICIES).thresholds
READINGS = {"burden_basis": {"impoverishment_risk", "return_to_poverty_risk"}, "hospital_ratio_basis": {"hospital_self_pay_ratio"}}
"""The readings that change warnings alone, and which."""


def of_kind(kind: str) -> list[Row]:
    return [case for case in cases() if case["kind"] == kind]


def marks_of(kind: str) -> set[str]:
    return {mark for case in of_kind(kind) for row in case["rows"] for mark in row.get("shows", [])}


def lacking(kind: str, marks: set[str]) -> set[str]:
    """What the table of `kind` would have to show besides `marks`."""
    levels = LEVELS[kind]
    wanted = {f"{where} {level}" for where in ("below", "at", "above") for level in levels} | set(ALWAYS)
    return (wanted | {"escalation"} if len(levels) > 1 else wanted) - marks


def test_every_kind_has_a_table_and_every_table_a_kind() -> None:
    assert set(tables()) == set(KINDS) == set(LEVELS)
    assert all(set(levels) <= set(get_args(WarningLevel)) for levels in LEVELS.values())


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_shows_thresholds_escalation_resolution_return_late_news_and_reversal(kind: str) -> None:
    cannot = set(tables()[kind].get("cannot_happen") or {})
    assert lacking(kind, marks_of(kind)) == cannot


def test_a_table_without_a_mark_would_be_noticed() -> None:
    for mark in marks_of("impoverishment_risk"):
        assert lacking("impoverishment_risk", marks_of("impoverishment_risk") - {mark}) == {mark}


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in cases()])
def test_every_row_shows_what_it_says(case: Row) -> None:
    opened: Row = {}
    for place, row in enumerate(case["rows"]):
        for mark in row.get("shows", []):
            assert is_shown(mark, case, place, opened), f"{case['case']}: row {place + 1}: {mark}"
        opened = row.get("open", opened)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("region", POLICIES.regions())
def test_every_region_has_its_example(kind: str, region: str) -> None:
    """Clauses and audiences differ by region; a region whose decree does not ask for it has an example without a warning."""
    asked = kind != "hospital_self_pay_ratio" or POLICIES.current[region][-1].file.hospital_ratio is not None
    found = [case for case in of_kind(kind) if case["region"] == region]
    assert found
    assert any(row.get("told") for case in found for row in case["rows"]) == asked


def groups() -> Iterator[tuple[str, str]]:
    """Every region and category that has a standard of its own."""
    for region in POLICIES.regions():
        known = POLICIES.current[region][-1].file.categories
        for standard in THRESHOLDS.year_burden.of(region).standards:
            yield from ((region, category) for category in standard.categories or () if category in known)


@pytest.mark.parametrize(("region", "category"), list(groups()))
def test_every_population_group_is_shown_in_every_region(region: str, category: str) -> None:
    """The case holds the category and tells a warning at the group's own figures."""
    standards = THRESHOLDS.year_burden.of(region).thresholds_fen([category], YEAR_END)
    lowest = {yuan_text(fen) for fen in standards.values()}
    found = [case for case in of_kind("return_to_poverty_risk") if (case["region"], case.get("group")) == (region, category)]
    assert any(row.get("granted") == category for case in found for row in case["rows"])
    assert any(
        opened.endswith(f"of {fen}") for case in found for row in case["rows"] for opened in row.get("open", {}).values() for fen in lowest
    )


def limits() -> Iterator[tuple[str, str, int]]:
    """Every yearly limit: region, pool and figure in fen."""
    for region in POLICIES.regions():
        for name, pool in POLICIES.current[region][-1].file.pools.items():
            found = {figure(dated, YEAR_END) for dated in (pool.limit_yuan or {}).values() if dated} - {None}
            yield from ((region, name, fen or 0) for fen in sorted(filter(None, found)) if pool.counts != "deductible")


@pytest.mark.parametrize(("region", "pool", "limit_fen"), list(limits()))
@pytest.mark.parametrize("kind", ["annual_limit_near", "annual_limit_reached"])
def test_every_yearly_limit_is_shown_near_and_reached(kind: str, region: str, pool: str, limit_fen: int) -> None:
    """In a case that names the limit, and the warning's threshold is that of the limit."""
    percent = THRESHOLDS.annual_limit.of(region).near("", YEAR_END) or 0
    threshold = yuan_text(share_of(limit_fen, percent) if kind == "annual_limit_near" else limit_fen)
    found = [case for case in of_kind(kind) if case["region"] == region and limit_fen in limits_named(case, pool)]
    shown = {
        (name.rpartition("/")[2], value.rpartition(" ")[2])
        for case in found
        for row in case["rows"]
        for name, value in row.get("open", {}).items()
    }
    assert (pool, threshold) in shown


def limits_named(case: Row, pool: str) -> list[int]:
    named = (case.get("limits") or {}).get(pool, [])
    return [int(Decimal(value) * 100) for value in (named if isinstance(named, list) else [named])]


@pytest.mark.parametrize("reading", READINGS)
def test_every_reading_of_warnings_is_shown_both_ways(reading: str) -> None:
    """Cases that name no reading show the default."""
    for kind in READINGS[reading]:
        shown = {reading_text((case.get("readings") or {}).get(reading, "default")) for case in of_kind(kind)}
        known = POLICIES.current["suzhou"][-1].file.readings[reading]
        assert shown >= {"default", reading_text(known.other)}


def test_every_kind_without_levels_is_held_against_dates_or_counts() -> None:
    assert {kind for kind, levels in LEVELS.items() if len(levels) > 1}.isdisjoint(DATED)
