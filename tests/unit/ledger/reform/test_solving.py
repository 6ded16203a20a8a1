"""The value within a budget: a hundredth more breaks it; a cost that falls, or goes both ways, and a budget that nothing keeps are told for what they are."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from services.ledger.errors import Misnamed
from services.ledger.reform.cases import Case
from services.ledger.reform.given import today
from services.ledger.reform.solving import Grid, Solved, budget_fen, grid_of, solve
from tests.unit.ledger.reform.laboratory import POLICIES, outcome, reformed, town_ledger, written

PERCENT = "benefits.direct.rate.class_percent.C"


def solved(cost: Callable[[Decimal], int], budget: int, path: str = PERCENT) -> tuple[Solved, list[str]]:
    """Solve a cost that is a function of the value; and every value that was asked for."""
    asked: list[str] = []

    def costs(values: Sequence[str]) -> Sequence[int]:
        asked.extend(values)
        return [cost(Decimal(value)) for value in values]

    return solve(path, grid_of(path), budget, costs), asked


def test_the_largest_value_to_a_hundredth() -> None:
    found, asked = solved(lambda value: int(value * 100), 7_345)
    assert (found.value, found.cost_fen, found.next_value, found.next_cost_fen, found.direction) == (
        "73.45",
        7_345,
        "73.46",
        7_346,
        "rising",
    )
    assert len(asked) == len(set(asked)) < 25, "no value is tried twice, and few are"
    assert found.tried == sorted(found.tried, key=lambda one: Decimal(one[0]))


@pytest.mark.parametrize(
    ("budget", "value", "after"),
    [(10**9, "100", None), (10_000, "100", None), (9_999, "99.99", "100"), (0, "0", "1"), (150, "1.5", "1.51")],
)
def test_at_the_ends_of_the_range(budget: int, value: str, after: str | None) -> None:
    """Percentages are 0, or 1 to 100."""
    found, _ = solved(lambda value: int(value * 100), budget)
    assert (found.value, found.next_value) == (value, after)


def test_no_value_keeps_the_budget() -> None:
    found, _ = solved(lambda value: 5 + int(value), 4)
    assert (found.value, found.cost_fen, found.next_value) == (None, None, None)


def test_where_a_higher_value_costs_less_the_smallest_is_sought() -> None:
    """As of a deductible, in yuan."""
    found, _ = solved(lambda value: 10**9 - int(value), 10**9 - 1_234, "pools.deductible.limit_yuan.C")
    assert (found.value, found.next_value, found.direction) == ("1234", "1233", "falling")


def test_a_cost_that_goes_both_ways_is_told() -> None:
    found, _ = solved(lambda value: abs(int(value * 100) - 5_000), 1_000)
    assert found.direction == "both"
    assert found.cost_fen is not None
    assert found.next_cost_fen is not None
    assert found.cost_fen <= 1_000 < found.next_cost_fen


def test_a_figure_that_costs_nothing() -> None:
    found, _ = solved(lambda _: 7, 7)
    assert (found.value, found.direction) == ("100", "none")


@pytest.mark.parametrize(
    ("text", "fen"),
    [("+5%", 105_000), ("-2.5%", 97_500), ("+500", 150_000), ("-0.01", 99_999), ("1234.5", 123_450), ("+0%", 100_000)],
)
def test_a_budget_is_a_share_more_an_amount_more_or_an_amount_in_all(text: str, fen: int) -> None:
    assert budget_fen(text, 100_000) == fen


@pytest.mark.parametrize("text", ["5%", "much", "", "+", "1,000", "+5.123%", "５"])
def test_another_budget_is_told_with_the_form(text: str) -> None:
    with pytest.raises(Misnamed, match=r"expected \+5% or -5% of today's cost"):
        budget_fen(text, 1)


def test_what_a_figure_may_be_follows_from_its_path() -> None:
    assert grid_of(PERCENT) == grid_of("benefits.x.rate.bands.30000") == Grid((0, *range(100, 10_001)), Decimal("0.01"))
    assert grid_of("benefits.direct.modifiers.0.percent").value(0) == "-100"
    assert grid_of("pools.year.limit_yuan.default").value(30) == "30"
    with pytest.raises(Misnamed, match="expected the path of a percentage or of an amount in yuan"):
        grid_of("entitlement.grant_takes_effect")


def test_on_a_ledger_it_keeps_the_budget_and_the_next_hundredth_breaks_it(tmp_path: Path) -> None:
    """Held against runs of the laboratory under just these values."""
    region, path = "suzhou", "benefits.inpatient.rate.class_percent.standard"
    ledger = written(tmp_path / "ledger.jsonl", town_ledger(region))

    def total(case: Case) -> tuple[int, int]:
        told = outcome(ledger, [case]).summary["reforms"][0]["total"]
        return int(told["now"].replace(".", "")), int(told["then"].replace(".", ""))

    def cost(value: str) -> int:
        return total(reformed(region, {path: value}))[1]

    budget = (total(today(POLICIES, region))[0] + cost("100")) // 2
    found = outcome(ledger, [today(POLICIES, region)], sought=(path, f"{budget // 100}.{budget % 100:02d}")).summary["reforms"][0]
    sought = found["solved"]
    assert Decimal(sought["next_value"]) - Decimal(sought["value"]) == Decimal("0.01")
    assert cost(sought["value"]) <= budget < cost(sought["next_value"])
    assert found["total"]["then"] == sought["cost"]
    assert (found["name"], [change["path"] for change in found["changes"]]) == (f"{path} = {sought['value']}", [path])
