"""How much is measured: enough to see that it works, an afternoon's look, or all that was asked for."""

from collections.abc import Sequence
from typing import NamedTuple


class Size(NamedTuple):
    """Events, persons and rounds of each measurement."""

    rounds: int
    ruled: int
    years: Sequence[int]
    replayed: int
    claims: int
    timed_s: float
    persons: Sequence[int]
    year_claims: Sequence[int]
    partitions: Sequence[int]
    lane: int
    grants: int
    results: int


SMALL = Size(1, 400, (10, 100), 500, 800, 0.5, (100, 200), (1, 3), (1, 4), 400, 400, 400)
USUAL = Size(3, 8_000, (10, 100, 1_000), 100_000, 60_000, 10, (10_000, 100_000), (1, 10, 100, 1_000), (1, 4, 12), 40_000, 40_000, 40_000)
FULL = Size(
    3,
    40_000,
    (10, 100, 1_000),
    1_000_000,
    100_000,
    30,
    (10_000, 100_000, 1_000_000),
    (1, 10, 100, 1_000),
    (1, 4, 12),
    1_000_000,
    100_000,
    100_000,
)
CHECKED_MAX = 100_000
"""Claims up to which a workload is replayed besides, to see that the results are right."""

SIZES = {"small": SMALL, "usual": USUAL, "full": FULL}
