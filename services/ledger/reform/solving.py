"""The largest value of one figure that keeps the cost within a budget, to a hundredth of a percentage point, or to a yuan.

In: what a value costs, a path, a budget. Out: the value, what it and the next one cost, and every value that was tried. First the whole range is looked at in
steps, which tells whether a higher value costs more, less, or now this and now that; then one step is halved until two neighbours are left. Where a higher
value costs less, as a deductible does, the smallest value within the budget is sought. Where the cost does not go one way, what is found keeps the budget and
its neighbour does not, but beyond it there may be more: the report says so.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Final, Literal

from schemas.money import fen_from_yuan
from services.ledger.errors import Misnamed
from services.ledger.reform.figures import unit_of

STEPS: Final = 8
_BUDGET: Final = re.compile(r"(?P<sign>[+-]?)(?P<number>[0-9]{1,10}(\.[0-9]{1,2})?)(?P<percent>%?)")
Direction = Literal["rising", "falling", "both", "none"]
Costs = Callable[[Sequence[str]], Sequence[int]]
"""What each value would cost, fen."""


@dataclass(frozen=True)
class Grid:
    """The values that a figure may have, the smallest first, as whole numbers of `unit`."""

    numbers: Sequence[int]
    unit: Decimal

    def value(self, place: int) -> str:
        """As the file has it."""
        return f"{(self.numbers[place] * self.unit).normalize():f}"


@dataclass
class Solved:
    """What was found.

    Attributes:
        value: None where no value keeps the budget.
        next_value: Its neighbour that breaks the budget; None at the end of the range.
        direction: Which way the cost goes as the value rises.
        tried: Every value with its cost, by rising value.
    """

    path: str
    budget_fen: int
    value: str | None
    cost_fen: int | None
    next_value: str | None
    next_cost_fen: int | None
    direction: Direction
    tried: list[tuple[str, int]] = field(default_factory=list)


def budget_fen(text: str, now_fen: int) -> int:
    """What may be spent: `+5%` of what is spent now more, `+50000` yuan more, `1200000.00` yuan in all.

    Raises:
        Misnamed: Another form.
    """
    found = _BUDGET.fullmatch(text)
    if found is None or (found["percent"] and not found["sign"]):
        raise Misnamed(
            f"--budget {text}: expected +5% or -5% of today's cost, +50000 or -50000 yuan more or less, or an amount in yuan for all"
        )
    number = fen_from_yuan(found["number"])
    more_fen = now_fen * number // 10_000 if found["percent"] else number
    return now_fen + more_fen if found["sign"] == "+" else now_fen - more_fen if found["sign"] == "-" else more_fen


def grid_of(path: str) -> Grid:
    """The values that the figure at `path` may have: percentages from 1 to 100, and 0; of a modifier from -100; else yuan.

    Raises:
        Misnamed: It is neither a percentage nor an amount.
    """
    match unit_of(path.split(".")):
        case "points":
            return Grid(range(-10_000, 10_001), Decimal("0.01"))
        case "percent":
            return Grid((0, *range(100, 10_001)), Decimal("0.01"))
        case "yuan":
            return Grid(range(10_000_001), Decimal(1))
        case None:
            raise Misnamed(f"--solve {path}: expected the path of a percentage or of an amount in yuan")


def solve(path: str, grid: Grid, budget: int, costs: Costs) -> Solved:
    """The value. `costs` is asked as often as needed, for several values at once where they are known beforehand."""
    known: dict[int, int] = {}

    def ask(places: Sequence[int]) -> None:
        wanted = [place for place in places if place not in known]
        known.update(zip(wanted, costs([grid.value(place) for place in wanted]), strict=True) if wanted else ())

    last = len(grid.numbers) - 1
    coarse = sorted({last * step // STEPS for step in range(STEPS + 1)})
    ask(coarse)
    direction = _direction([known[place] for place in coarse])
    ordered = coarse if direction != "falling" else coarse[::-1]
    kept = [number for number, place in enumerate(ordered) if known[place] <= budget]
    if not kept:
        return Solved(path, budget, None, None, None, None, direction, _tried(grid, known))
    at = ordered[kept[-1]]
    beyond = ordered[kept[-1] + 1] if kept[-1] + 1 < len(ordered) else None
    while beyond is not None and abs(beyond - at) > 1:
        middle = (at + beyond) // 2
        ask([middle])
        at, beyond = (middle, beyond) if known[middle] <= budget else (at, middle)
    direction = _direction([known[place] for place in sorted(known)])
    after = None if beyond is None else (grid.value(beyond), known[beyond])
    return Solved(path, budget, grid.value(at), known[at], after and after[0], after and after[1], direction, _tried(grid, known))


def _direction(costs: Sequence[int]) -> Direction:
    rises = any(one < other for one, other in pairwise(costs))
    falls = any(one > other for one, other in pairwise(costs))
    return "both" if rises and falls else "rising" if rises else "falling" if falls else "none"


def _tried(grid: Grid, known: dict[int, int]) -> list[tuple[str, int]]:
    return [(grid.value(place), known[place]) for place in sorted(known)]
