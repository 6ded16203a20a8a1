"""Each city's worked examples, calculated on paper from its decree, to the fen."""

import pytest

from services.embedded.worked_difference import differences
from services.embedded.worked_table import Row
from tests.policy.table import settle, tables

CASES = [pytest.param(city, case, id=f"{city}-{number}") for city, table in tables().items() for number, case in enumerate(table.cases, 1)]


@pytest.mark.parametrize(("city", "case"), CASES)
def test_a_worked_example_is_settled_to_the_fen(city: str, case: Row) -> None:
    """Every claim, counter, subsidy and admission of the case is as it was calculated by hand."""
    assert list(differences(settle(city, case), case)) == [], case["case"]
