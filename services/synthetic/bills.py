"""Amounts: what a bill comes to, and what insurance pays of it. All in fen, made of integers.

In: chance, or a self-pay that a bill must leave. Out: `Bill`. Not here: whose bill it is (`visits.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import orjson

from schemas.money import yuan_text

YUAN = 100
LARGE = 50_000 * YUAN
"""From here on critical-illness insurance pays a part."""

CAP = 180_000 * YUAN
"""What basic insurance pays in a year at most, as our made-up bills have it."""


@dataclass(frozen=True, slots=True)
class Bill:
    """One bill, in fen. What `above_cap` says is part of the self-pay."""

    total: int
    scope: int
    basic: int
    critical: int = 0
    other: int = 0
    above_cap: int = 0
    fee: int = 0

    def wire(self, *, as_numbers: bool = False) -> dict[str, Any]:
        """The claim's fields, yuan as text or as JSON numbers; those of 0 that have a default are left out."""
        amounts: Mapping[str, int] = {
            "total_amount": self.total, "policy_scope_amount": self.scope, "basic_paid": self.basic, "critical_illness_paid": self.critical,
        }  # fmt: skip
        optional = {"other_paid": self.other, "above_basic_cap_amount": self.above_cap, "consultation_fee": self.fee}
        told = {**amounts, **{name: fen for name, fen in optional.items() if fen}}
        return {name: orjson.Fragment(yuan_text(fen)) if as_numbers else yuan_text(fen) for name, fen in told.items()}


def spread(rng: Random, typical: int) -> int:
    """An amount around `typical` with a long tail upwards: the product of several small factors."""
    amount = typical
    for _ in range(4):
        amount = amount * rng.randint(45, 185) // 100
    return max(1, amount)


def ordinary_bill(rng: Random, typical: int, insurance: str, *, visit: bool) -> Bill:
    """A bill of about `typical` fen as insurance settles it.

    Args:
        rng: Chance.
        typical: A usual total, fen.
        insurance: `none` pays nothing.
        visit: Whether there may be a consultation fee.
    """
    fee = rng.choice((0, 0, 10, 15, 18, 25)) * YUAN if visit else 0
    total = spread(rng, typical) + fee
    scope = total * rng.randint(78, 100) // 100
    if insurance == "none":
        return Bill(total, scope, 0, fee=fee)
    basic = min(scope * rng.randint(50, 80) // 100, CAP)
    critical = (scope - basic) * rng.randint(20, 55) // 100 if scope > LARGE else 0
    left = scope - basic - critical
    other = left * rng.randint(1, 30) // 100 if rng.random() < 0.04 else 0
    above = (left - other) * rng.randint(10, 60) // 100 if basic == CAP else 0
    return Bill(total, scope, basic, critical, other, above, fee)


def bill_leaving(self_pay: int, *, above_cap: int = 0, basic_percent: int = 60) -> Bill:
    """A bill of which exactly `self_pay` is left after insurance, basic insurance paying `basic_percent` of what it covers."""
    basic = self_pay * basic_percent // (100 - basic_percent) if self_pay else 185_20
    return Bill(self_pay + basic + self_pay // 20, self_pay + basic, basic, above_cap=above_cap)
