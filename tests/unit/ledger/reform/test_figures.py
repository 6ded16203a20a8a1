"""The figures that a form offers: those that settle, by their paths, in their units, with what they are on a day."""

from datetime import date

import pytest

from services.ledger.reform.cases import Case
from services.ledger.reform.figures import choices_in, figures_in, unit_of
from services.ledger.reform.given import today
from services.policy.library import Source
from tests.unit.ledger.reform.laboratory import POLICIES, reformed

REGION = "lianyungang"
DAY = date(2025, 12, 31)


def figures_of(text: str, day: date = DAY) -> list[tuple[str, str, str, str, str | None, int]]:
    """The figures of a file: path, label, rest, unit, value, and how many others there are."""
    policy = POLICIES.current[REGION][0]
    case = Case("x", REGION, POLICIES, {policy.whole: Source("x", text)})
    return [(one.path, one.label["en"], one.rest, one.unit, one.value, len(one.others)) for one in figures_in(case, day)]


@pytest.mark.parametrize("region", POLICIES.regions())
def test_every_figure_of_a_form_can_be_set_and_comes_back(region: str) -> None:
    """Each by a patch of its own path to its own value: which changes nothing, or makes the other dates the same."""
    offered = figures_in(today(POLICIES, region), DAY)
    assert {figure.path.partition(".")[0] for figure in offered} >= {"pools", "benefits"}
    case = reformed(region, {figure.path: figure.value for figure in offered if not figure.others})
    assert [policy.edition for policy in case.policies.current[region]] == [policy.edition for policy in POLICIES.current[region]]


def test_a_figure_is_that_of_the_day_and_the_others_stand_beside() -> None:
    text = "pools: {year: {label: {zh: 年, en: year}, limit_yuan: {default: {2023-01-01: 100, 2026-01-01: 200}, D: {2023-01-01: null}}}}"
    assert figures_of(text) == [
        ("pools.year.limit_yuan.default", "year", "limit_yuan default", "yuan", "100", 1),
        ("pools.year.limit_yuan.D", "year", "limit_yuan D", "yuan", None, 0),
    ]
    assert figures_of(text, date(2026, 1, 1))[0][4] == "200"
    assert figures_of(text, date(2020, 1, 1))[0][4] == "100", "before the first one"


def test_plain_figures_and_those_of_bands_and_modifiers_are_there_and_nothing_else() -> None:
    text = (
        "benefits: [{id: stay, label: {zh: 住院, en: stay}, rate: {bands: {0: 30, 30000: 40.5}, of: claim}, times_a_year: 2,"
        " modifiers: [{when: {age_at_most: 14}, percent: {2023-01-01: -20}}]}]\n"
        "hospital_ratio: {limit_percent: {2023-01-01: 10}}"
    )
    assert figures_of(text) == [
        ("benefits.stay.rate.bands.0", "stay", "rate bands 0", "percent", "30", 0),
        ("benefits.stay.rate.bands.30000", "stay", "rate bands 30000", "percent", "40.5", 0),
        ("benefits.stay.modifiers.0.percent", "stay", "modifiers 0 percent", "points", "-20", 0),
    ]


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("benefits.a.rate.class_percent.II", "percent"),
        ("benefits.a.rate.bands.30000", "percent"),
        ("figures.income.percent", "percent"),
        ("benefits.a.modifiers.0.percent", "points"),
        ("pools.year.limit_yuan.default", "yuan"),
        ("benefits.a.base.over_yuan", "yuan"),
        ("benefits.a.deductible.yuan.II", "yuan"),
        ("benefits.a.when.sum_over.year", "yuan"),
        ("benefits.a.times_a_year", None),
        ("benefits.a.when.age_at_most", None),
    ],
)
def test_the_unit_follows_from_the_path(path: str, unit: str | None) -> None:
    assert unit_of(path.split(".")) == unit


def test_readings_are_told_with_both_values_but_for_days() -> None:
    policy = POLICIES.current[REGION][0]
    offered = {choice.name: (choice.value, list(choice.values)) for choice in choices_in(policy)}
    assert offered["rounding"] == ("half_up", ["half_up", "down"])
    assert not [name for name, choice in policy.file.readings.items() if choice.kind == "date" and name in offered]
