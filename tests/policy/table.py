"""The tables of worked examples of the shipped cities, settled as `medaid policy test` does it."""

from functools import cache
from pathlib import Path

from services.embedded.worked import Settled
from services.embedded.worked import settle as settled_by
from services.embedded.worked_table import Row, Table, read_table
from services.policy.library import Policies, load_policies
from services.policy.tree import Reading

CASES = Path(__file__).parent / "cases"


@cache
def tables() -> dict[str, Table]:
    """Every city's table."""
    return {table.city: table for table in map(read_table, sorted(CASES.glob("*.yaml")))}


@cache
def policies_with(city: str, readings: frozenset[tuple[str, Reading]]) -> Policies:
    """The shipped policies with readings of one city switched."""
    return load_policies(switched={city: dict(readings)})


def settle(city: str, case: Row) -> Settled:
    """Settle one case of a shipped city."""
    return settled_by(policies_with(city, frozenset((case.get("readings") or {}).items())), city, case)
