"""A year's picture and its gauges, by hand: a day is two units of 730 in a year of 365."""

from datetime import date

import pytest

from schemas.identity import Interval
from services.console.web.persons import Gauge
from services.console.web.picture import Bar, Lost, picture_of
from services.policy.dossier import limit_of
from tests.unit.monitoring.world import policies

YEAR = 2025


def interval(first: str, to: str | None = None, lost_on: str | None = None, category: str = "orphan", by: str = "ordinary") -> Interval:
    """One interval of a timeline."""
    told = {"region": "suzhou", "category": category, "from": first, "to": to, "lost_on": lost_on, "lost_by": by if lost_on else None}
    return Interval.model_validate(told | {"changed_to": None})


def bars(*intervals: Interval) -> list[tuple[str, float, float]]:
    """Kind, place and width of each bar of the only category."""
    line = picture_of(YEAR, intervals, [], str, "visits").lines[0]
    return [(bar.kind, bar.x, bar.width) for bar in line.bars]


def test_an_open_status_fills_the_year_from_its_beginning() -> None:
    assert bars(interval("2024-05-01")) == [("held", 0.0, 730.0)]
    assert bars(interval("2025-12-31")) == [("held", 728.0, 2.0)]


def test_a_month_of_grace_is_drawn_apart() -> None:
    """Lost on 11 March (69 days into the year), grace until the 31st: 21 days."""
    found = picture_of(YEAR, [interval("2025-01-01", "2025-03-31", "2025-03-11")], [], str, "visits").lines[0]
    assert [(bar.kind, bar.x, bar.width) for bar in found.bars] == [("held", 0.0, 138.0), ("grace", 138.0, 42.0)]
    assert found.losses == [Lost(138.0, date(2025, 3, 11), "ordinary")]


def test_a_loss_without_grace_ends_the_day_before() -> None:
    assert bars(interval("2025-01-01", "2025-01-10", "2025-01-11")) == [("held", 0.0, 20.0)]


def test_another_years_status_is_not_in_it() -> None:
    assert picture_of(YEAR, [interval("2023-01-01", "2023-12-31", "2023-12-05")], [], str, "visits").lines[0].label == "visits"


def test_visits_and_stays_are_a_line_of_their_own() -> None:
    line = picture_of(YEAR, [], [(date(2024, 12, 30), date(2025, 1, 2)), (date(2025, 2, 1), date(2025, 2, 1))], str, "visits").lines[0]
    assert line.bars == [
        Bar(0.0, 4.0, "stay", date(2024, 12, 30), date(2025, 1, 2)),
        Bar(62.0, 2.0, "visit", date(2025, 2, 1), date(2025, 2, 1)),
    ]


def test_months_begin_where_they_begin() -> None:
    assert picture_of(YEAR, [], [], str, "visits").months[:3] == [0.0, 62.0, 118.0]
    assert picture_of(2024, [], [], str, "visits").months[2] == pytest.approx(60 * 730 / 366, abs=0.05)


@pytest.mark.parametrize(
    ("used", "limit", "is_deductible", "share", "state"),
    [
        (0, 10_000, False, 0, "low"), (7_999, 10_000, False, 79, "low"), (8_000, 10_000, False, 80, "near"), (9_999, 10_000, False, 99, "near"),
        (10_000, 10_000, False, 100, "reached"), (12_000, 10_000, False, 100, "reached"), (5, None, False, 0, "none"), (5, 0, False, 0, "none"),
        (1_999, 2_000, True, 99, "unmet"), (2_000, 2_000, True, 100, "met"),
    ],
)  # fmt: skip
def test_a_gauge_says_what_a_warning_would(used: int, limit: int | None, is_deductible: bool, share: int, state: str) -> None:
    gauge = Gauge("year", "year", used, limit, is_deductible)
    assert (gauge.share, gauge.state) == (share, state)


@pytest.mark.parametrize(
    ("region", "pool", "category", "yuan"),
    [
        ("lianyungang", "year", "extreme_poverty", 200_000),  # （五）3: class A
        ("lianyungang", "year", "registered_low_income", 100_000),  # （五）4: class D
        ("lianyungang", "year", None, 200_000),
        ("lianyungang", "deductible", "low_income_margin", 2_000),  # class C
        ("lianyungang", "deductible", "extreme_poverty", None),  # class A has none
        ("changchun", "year", "extreme_poverty", 30_000),  # class I
        ("changchun", "year", "at_risk_rural", 10_000),  # class III
        ("suzhou", "outpatient", "orphan", 10_000),
        ("wuxi", "tilt_burden", "orphan", None),  # it only counts
    ],
)
def test_a_limit_is_that_of_the_category(region: str, pool: str, category: str | None, yuan: int | None) -> None:
    day = date(2025, 12, 31)
    assert limit_of(policies().nearest(region, day).file, pool, category, day) == (None if yuan is None else yuan * 100)
