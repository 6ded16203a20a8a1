"""Nothing of a decree goes unshown: a clause, limit, reading, category or reason without a worked example fails."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, get_args

import pytest

from schemas.codes import NotAssisted
from services.embedded.worked_table import Row, Table
from services.policy.library import load_policies
from services.policy.loader import Policy
from services.policy.tree import reading_text
from tests.policy.table import settle, tables

TABLES = tables()
POLICIES = load_policies()
CITIES = [pytest.param(POLICIES.current[city][-1], TABLES[city], id=city) for city in POLICIES.regions() if city in TABLES]
OF_WARNINGS = {"hospital_ratio_basis", "burden_basis"}
"""Readings that change warnings only; their tables are in tests/monitoring."""

CLAUSES_OF_WARNINGS = ("hospital_ratio", "early_warning", "disease_lists")


def clauses_in(value: Any) -> Iterator[str]:
    """Every clause that stands in a part of a policy file."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "clause":
                yield from [item] if isinstance(item, str) else item.values()
            else:
                yield from clauses_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from clauses_in(item)


def rows(table: Table) -> Iterator[Row]:
    """Every claim row of a table."""
    for case in table.cases:
        yield from case.get("claims") or []


def test_every_shipped_city_has_a_table() -> None:
    """A site's own are tested by `medaid policy test`."""
    assert set(POLICIES.regions()) - set(TABLES) == set()


@pytest.mark.parametrize(("policy", "table"), CITIES)
def test_every_city_has_its_examples(policy: Policy, table: Table) -> None:
    """At least 25 cases, and every one shows a clause."""
    assert len(table.cases) >= 25
    assert [case["case"] for case in table.cases if not case.get("clauses")] == []


@pytest.mark.parametrize(("policy", "table"), CITIES)
def test_every_clause_is_shown(policy: Policy, table: Table) -> None:
    """A clause with a figure or a rule for claims, subsidies or admissions stands in some case."""
    parts = {name: part for name, part in policy.raw.items() if name not in CLAUSES_OF_WARNINGS}
    shown = {clause for case in table.cases for clause in case["clauses"]}
    assert {part for clause in clauses_in(parts) for part in several(clause)} - shown == set()


def several(clause: str) -> list[str]:
    """A clause text that names two points, such as （五）3、4, as both."""
    first, *others = clause.split("、")
    return [first, *(first[: -len(other)] + other for other in others)]


@pytest.mark.parametrize(("policy", "table"), CITIES)
def test_every_category_is_settled_by(policy: Policy, table: Table) -> None:
    """Each category of the city settles a claim in some case."""
    told = {result["category"] for case in table.cases for result in settle(policy.file.id, case).results.values()}
    assert set(policy.file.categories) - told == set()


@pytest.mark.parametrize(("policy", "table"), CITIES)
def test_every_reading_is_shown_both_ways(policy: Policy, table: Table) -> None:
    """Each open reading stands in one case as its default and in another as its other."""
    shown = {(name, reading_text(value)) for case in table.cases for name, value in (case.get("readings") or {}).items()}
    wanted = {(name, reading_text(value)) for name, reading in policy.file.readings.items() for value in (reading.default, reading.other)}
    assert {(name, value) for name, value in wanted if name not in OF_WARNINGS} - shown == set()


@pytest.mark.parametrize(("policy", "table"), CITIES)
def test_every_reason_is_given(policy: Policy, table: Table) -> None:
    """Each reason of the contract is given in some row, or the table says why it cannot be."""
    given = {row["reason"] for row in rows(table) if row.get("reason")}
    cannot = set(table.cannot_happen)
    assert set(get_args(NotAssisted)) - given - cannot == set()
    assert given & cannot == set()


@pytest.mark.parametrize(("policy", "table"), CITIES)
@pytest.mark.parametrize("how", ["exact", "passed", "shared"])
def test_every_limit_is_reached_passed_and_shared(policy: Policy, table: Table, how: str) -> None:
    """Each pool with a limit on payments or self-pay is shown in each way, and the case that says so really shows it."""
    limited = {name for name, pool in policy.file.pools.items() if pool.limit_yuan and pool.counts in ("payment", "self_pay")}
    shown = {name for case in table.cases for name, ways in (case.get("limits") or {}).items() if how in ways}
    assert limited - shown == set()
    for case in table.cases:
        for name, ways in (case.get("limits") or {}).items():
            if how in ways:
                assert shows(policy, case, name, how), f"{case['case']}: {name} {how}"


def shows(policy: Policy, case: Row, name: str, how: str) -> bool:
    """Whether a case shows what its `limits` say."""
    settled = settle(policy.file.id, case)
    results = list(settled.results.values())
    if how == "passed":
        return any(part["limited_by"] == name for result in results for part in result["components"]) or any(
            result["reason"] == "limit_exhausted" for result in results
        )
    if how == "shared":
        return len({result["category"] for result in results if result["category"]}) > 1
    figures = {max(dated.items())[1] for dated in (policy.file.pools[name].limit_yuan or {}).values()}
    return any(int(Decimal(counters[name]) * 100) in figures for counters in settled.counters.values())
