"""Each city's worked examples, calculated on paper from its decree, to the fen."""

from decimal import Decimal
from typing import Any

import pytest

from tests.policy.table import Row, counters_by_year, settle, tables

TABLES = tables()
CASES = [pytest.param(city, case, id=f"{city}-{number}") for city, table in TABLES.items() for number, case in enumerate(table["cases"], 1)]


@pytest.mark.parametrize(("city", "case"), CASES)
def test_a_worked_example_is_settled_to_the_fen(city: str, case: Row) -> None:
    """Every claim, counter, subsidy and admission of the case is as it was calculated by hand."""
    settled = settle(city, case)
    assert settled.refused == [], case["case"]
    for number, row in enumerate(case.get("claims") or [], 1):
        result = settled.results[number]
        assert told(result, row) == wanted(row), f"{case['case']}: claim {number}: {row['because']}"
    for year, counters in counters_by_year(case).items():
        assert amounts(settled.counters.get(year, {}), counters) == amounts(counters, counters), case["case"]
    for row in case.get("subsidies") or []:
        issued = settled.subsidies[int(row["year"])]
        assert {name: issued[name] for name in row if name != "year"} == {name: row[name] for name in row if name != "year"}, case["case"]
    for number, row in enumerate(case.get("admissions") or [], 1):
        assessed = settled.admissions[number]
        assert {name: assessed.get(name) for name in row} == row, f"{case['case']}: admission {number}"


def wanted(row: Row) -> Row:
    """What a row expects, comparable."""
    paid = Decimal(row["assistance_amount"])
    expected: Row = {name: Decimal(row.get(name, "0")) for name in ("self_pay", "deductible", "assistance_amount")}
    expected["reason"] = row.get("reason") if not paid else None
    for name in ("category", "consultation_fee_waived"):
        if name in row:
            expected[name] = comparable(row[name])
    if "components" in row:
        expected["components"] = [{name: comparable(value) for name, value in part.items()} for part in row["components"]]
    if "reversed" in row:
        expected["reason"] = row["reversed"]
    return expected


def told(result: Row, row: Row) -> Row:
    """The same fields of a result."""
    found: Row = {name: Decimal(result[name]) for name in ("self_pay", "deductible", "assistance_amount")}
    found["reason"] = result["reason"]
    for name in ("category", "consultation_fee_waived"):
        if name in row:
            found[name] = comparable(result[name])
    if "components" in row:
        named = row["components"]
        parts = [
            {name: comparable(part[name]) for name in (named[place] if place < len(named) else part)}
            for place, part in enumerate(result["components"])
        ]
        found["components"] = parts
    return found


def comparable(value: Any) -> Any:
    """Amounts and shares by value, words as they are."""
    text = str(value)
    return Decimal(text) if text.replace(".", "", 1).isdigit() else value


def amounts(counters: Row, names: Row) -> dict[str, Decimal]:
    """Counters by value; one that nothing was told of is 0."""
    return {name: Decimal(counters.get(name, "0")) for name in names}
