"""The places in `examples/cities`: each is right, and settles what was calculated by hand from its text to the fen."""

from functools import cache
from pathlib import Path

import pytest

from services.embedded.worked import Settled, settle
from services.embedded.worked_difference import differences
from services.embedded.worked_table import Row, read_table
from services.policy.library import Policies, load_policies
from services.policy.tree import Reading, reading_text
from tests.policy.test_coverage import clauses_in, several

FOLDER = Path(__file__).parents[2] / "examples/cities"
TABLES = {path.name.partition(".")[0]: read_table(path) for path in sorted(FOLDER.glob("*.cases.yaml"))}
CITIES = sorted(path.stem for path in FOLDER.glob("*.yaml") if "." not in path.stem)
CASES = [pytest.param(city, case, id=f"{city}-{number}") for city, table in TABLES.items() for number, case in enumerate(table.cases, 1)]


@cache
def policies_with(city: str, readings: frozenset[tuple[str, Reading]]) -> Policies:
    """The examples with readings of one city switched."""
    return load_policies(FOLDER, {city: dict(readings)})


@cache
def settled(city: str, number: int) -> Settled:
    """What comes of a case."""
    case = TABLES[city].cases[number]
    return settle(policies_with(city, frozenset((case.get("readings") or {}).items())), city, case)


@pytest.mark.parametrize(("city", "case"), CASES)
def test_an_example_is_settled_to_the_fen(city: str, case: Row) -> None:
    assert list(differences(settled(city, list(TABLES[city].cases).index(case)), case)) == []


def test_every_place_has_its_table() -> None:
    assert sorted(TABLES) == CITIES
    assert len(CITIES) >= 3


@pytest.mark.parametrize("city", CITIES)
def test_a_place_shows_all_of_its_text(city: str) -> None:
    """At least 15 claims with their sums; each clause of a rule for claims, each category, each reading both ways."""
    table, policy = TABLES[city], policies_with(city, frozenset()).current[city][0]
    assert sum(len(case.get("claims") or ()) for case in table.cases) >= 15
    rules = {name: part for name, part in policy.raw.items() if name in ("categories", "bars", "pools", "benefits", "reclass")}
    shown = {clause for case in table.cases for clause in case["clauses"]}
    assert {part for clause in clauses_in(rules) for part in several(clause)} - shown == set()
    told = {result["category"] for number, _ in enumerate(table.cases) for result in settled(city, number).results.values()}
    assert set(policy.file.categories) - told == set()
    other = {(name, reading_text(reading.other)) for name, reading in policy.file.readings.items()}
    assert other - {(name, reading_text(value)) for case in table.cases for name, value in (case.get("readings") or {}).items()} == set()
