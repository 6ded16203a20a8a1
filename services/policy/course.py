"""What has been paid and used up while the benefits of one claim are gone through; amounts in fen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from services.policy.facts import Facts, Predicate

WHOLE_BP = 10_000
"""100% in basis points."""

ONCE = 100
"""What one time adds to a counter of times, so that it reads as 1.00."""

Counters = Mapping[str, int]
"""The person-year's counters: name to fen used so far; absent is 0."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A counter as one class meets it. `limit_fen` None: it only counts. `holds`: for which claims; None: for every one that meets it."""

    name: str
    counts: str
    limit_fen: int | None
    holds: Predicate | None = None


@dataclass(frozen=True, slots=True)
class RateChange:
    """A modifier of the rate: what it asks of the claim and, None for nothing, of the counters."""

    when: Predicate
    turn: "Turn | None"
    points_bp: int
    relative: bool
    clause: str


class Draw(NamedTuple):
    """What a benefit added to a counter of the person-year, in fen; `limit_fen` None: it only counts."""

    counter: str
    limit_fen: int | None
    before_fen: int
    used_fen: int


class Payment(NamedTuple):
    """One component. Amounts in fen, rate in basis points; `limited_by` is the counter that bound tightest.

    Attributes:
        rate_bp: Of several bands the share that they come to, rounded.
        offered_fen: The base before deductible and self-pay pools.
        changes: The modifiers that made the rate.
        draws: What it added to each counter, in order.
        bands: Of a base in bands each part with its rate.
        deducted_fen: What a deductible took off the base offered.
    """

    kind: str
    clause: str
    base_fen: int
    rate_bp: int
    amount_fen: int
    limited_by: str | None
    benefit: str
    offered_fen: int
    changes: tuple[RateChange, ...]
    draws: tuple[Draw, ...]
    bands: tuple[tuple[int, int], ...]
    deducted_fen: int


@dataclass(slots=True)
class Course:
    """What has been paid and used while the benefits of one claim are gone through.

    Attributes:
        is_short: Whether a threshold kept a direct benefit from the claim.
        burden_fen: What each sum of the year counted of this claim.
    """

    facts: Facts
    counters: Counters
    round_down: bool
    above_fen: int = 0
    paid_fen: int = 0
    direct_fen: int = 0
    uncut_fen: int = 0
    deductible_fen: int = 0
    base_left_fen: int = 0
    is_short: bool = False
    payments: list[Payment] = field(default_factory=list)
    used_fen: dict[str, int] = field(default_factory=dict)
    burden_fen: dict[str, int] = field(default_factory=dict)
    draws: list[Draw] = field(default_factory=list)
    """Of the benefit in hand."""

    def left_fen(self) -> int:
        """What is left of S; 0 where more has been paid, beyond the scope."""
        return max(0, self.facts.self_pay_fen - self.paid_fen)

    def sum_fen(self, name: str) -> int:
        """A counter as it stands, this claim's part included as far as it has come."""
        return self.counters.get(name, 0) + self.used_fen.get(name, 0)

    def room_fen(self, limit: Limit) -> int | None:
        """What is left of a limit, never below 0; None: it has none."""
        if limit.limit_fen is None:
            return None
        return max(0, limit.limit_fen - self.counters.get(limit.name, 0) - self.used_fen.get(limit.name, 0))

    def use(self, name: str, fen: int, limit_fen: int | None = None) -> None:
        """Add to a counter."""
        used_fen = self.used_fen.get(name, 0)
        self.draws.append(Draw(name, limit_fen, self.counters.get(name, 0) + used_fen, fen))
        if fen:
            self.used_fen[name] = used_fen + fen

    def count(self, name: str, fen: int) -> None:
        """Add this claim's burden to a sum of the year, once."""
        self.burden_fen[name] = fen
        if fen:
            self.used_fen[name] = self.used_fen.get(name, 0) + fen


Turn = Callable[[Course], bool]
"""What a condition asks of the counters when its turn comes."""


def round_share(base_fen: int, rate_bp: int, down: bool) -> int:
    """`rate_bp` of `base_fen`, rounded half up to the fen, or down (R6)."""
    return (base_fen * rate_bp + (0 if down else WHOLE_BP // 2)) // WHOLE_BP
