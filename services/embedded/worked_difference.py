"""What came out of a worked example otherwise than it was calculated.

In: a case as the table has it, and what the services made of it. Out: a `Difference` for each figure. Amounts count by value, words as they are; what a row
does not name may be anything.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from services.embedded.worked import Settled
from services.embedded.worked_table import Row


class Difference(NamedTuple):
    """One figure: where it stands in the case, what was expected, what came out, and the row's sum as it was written on paper."""

    place: str
    expected: str
    found: str
    because: str = ""


def differences(settled: Settled, case: Row) -> Iterator[Difference]:
    """Everything in which `settled` is not what `case` expects."""
    for letter in settled.refused:
        yield Difference("events", "all accepted", f"refused: {letter.reason}, {letter.detail}")
    for number, row in enumerate(case.get("claims") or [], 1):
        found = settled.results.get(number)
        if found is None:
            yield Difference(f"claim {number}", "a result", "none", row["because"])
        else:
            yield from _apart(f"claim {number}", wanted(row), told(found, row), row["because"])
    for year, counters in counters_by_year(case).items():
        yield from _apart(f"counters {year}", amounts(counters, counters), amounts(settled.counters.get(year, {}), counters))
    for row in case.get("subsidies") or []:
        yield from _apart(f"subsidy {row['year']}", _without_year(row), settled.subsidies.get(int(row["year"]), {}))
    for number, row in enumerate(case.get("admissions") or [], 1):
        yield from _apart(f"admission {number}", row, settled.admissions.get(number, {}))


def _apart(place: str, expected: Mapping[str, Any], found: Mapping[str, Any], because: str = "") -> Iterator[Difference]:
    for name, value in expected.items():
        if found.get(name) != value:
            yield Difference(f"{place}: {name}", text(value), text(found.get(name)), because)


def wanted(row: Row) -> Row:
    """What a claim row expects, comparable."""
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
        found["components"] = [
            {name: comparable(part[name]) for name in (named[place] if place < len(named) else part)}
            for place, part in enumerate(result["components"])
        ]
    return found


def counters_by_year(case: Row) -> Mapping[int, Row]:
    """The counters that a case expects; without a year they are those of the claims' only year."""
    counters = case.get("counters") or {}
    if not counters or all(name.isdigit() for name in counters):
        return {int(year): row for year, row in counters.items()}
    years = {_day(row).year for row in case["claims"]}
    return {year: counters for year in years}


def _day(row: Row) -> date:
    return date.fromisoformat(row.get("discharge_date") or row["service_date"])


def amounts(counters: Row, names: Row) -> dict[str, Decimal]:
    """Counters by value; one that nothing was told of is 0."""
    return {name: Decimal(counters.get(name, "0")) for name in names}


def comparable(value: Any) -> Any:
    """Amounts and shares by value, words as they are."""
    plain = str(value)
    return Decimal(plain) if plain.replace(".", "", 1).isdecimal() else value


def text(value: Any) -> str:
    """A value as it is told."""
    if isinstance(value, list):
        return "; ".join(", ".join(f"{name} {text(item)}" for name, item in part.items()) for part in value) or "nothing"
    return {None: "none", True: "true", False: "false"}.get(value, str(value)) if value is None or isinstance(value, bool) else str(value)


def _without_year(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "year"}
