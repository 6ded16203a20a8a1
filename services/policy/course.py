"""What has been paid and used up while the benefits of one claim are gone through; amounts in fen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from services.policy.facts import Facts
from services.policy.terms import WHOLE_BP, Limit, RateChange, Terms

Counters = Mapping[str, int]
"""The person-year's counters: name to fen used so far; absent is 0."""


class Draw(NamedTuple):
    """What a benefit added to a counter of the person-year, in fen; `limit_fen` None: it only counts."""

    counter: str
    limit_fen: int | None
    before_fen: int
    used_fen: int


class Payment(NamedTuple):
    """One component. Amounts in fen, rate in basis points; `limited_by` is the counter that bound tightest.

    Attributes:
        offered_fen: The base before deductible and self-pay pools.
        changes: The modifiers that made the rate.
        draws: What it added to each counter, in order.
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


@dataclass(slots=True)
class Course:
    """What has been paid and used while the benefits of one claim are gone through."""

    terms: Terms
    facts: Facts
    counters: Counters
    above_fen: int
    paid_fen: int = 0
    direct_fen: int = 0
    uncut_fen: int = 0
    deductible_fen: int = 0
    base_left_fen: int = 0
    payments: list[Payment] = field(default_factory=list)
    used_fen: dict[str, int] = field(default_factory=dict)
    draws: list[Draw] = field(default_factory=list)
    """Of the benefit in hand."""

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


def round_share(base_fen: int, rate_bp: int, down: bool) -> int:
    """`rate_bp` of `base_fen`, rounded half up to the fen, or down (R6)."""
    return (base_fen * rate_bp + (0 if down else WHOLE_BP // 2)) // WHOLE_BP
