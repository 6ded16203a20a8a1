"""Money: integer fen inside, yuan at the edge. No float is ever born here.

In: JSON numbers (as int or Decimal) or text. Out: fen, and text with two decimals. Rounding of shares is `services/policy`'s.
"""

import re
from decimal import Decimal
from typing import NewType

Fen = NewType("Fen", int)
"""An amount in fen, 0.01 yuan."""

YUAN_MAX = 10**10
"""Amounts are below this, in yuan."""

_CENT = Decimal("0.01")
_SUM = re.compile(r"[0-9]{1,15}\.[0-9]{2}", re.ASCII)
_TEXT = re.compile(r"[0-9]{1,10}(\.[0-9]{1,2})?", re.ASCII)
EXPECTED = "an amount in yuan from 0 to below 10000000000 with at most 2 decimals, as a number or as text of ASCII digits"
REFUND = "; a refund is no bill below 0: take the bill back by hospital.claim.reversed.v1 with its claim_id"
"""What is added where an amount is below 0: how to mend it."""

_BELOW_ZERO = re.compile(r"-[0-9]*[1-9.]")


def fen_from_yuan(value: object) -> Fen:
    """The fen of an amount in yuan, given as int, Decimal or text.

    Raises:
        ValueError: Not money: another type, a sign, more than two decimals, or out of range.
    """
    if isinstance(value, str) and _TEXT.fullmatch(value):
        if value[-3:-2] == ".":  # as nearly all are written
            return Fen(int(value[:-3] + value[-2:]))
        yuan, _, decimals = value.partition(".")
        return Fen(int(yuan) * 100 + int(decimals.ljust(2, "0")))
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < YUAN_MAX:
        return Fen(value * 100)
    if isinstance(value, Decimal) and 0 <= value < YUAN_MAX:
        cents = value.quantize(_CENT)
        if cents == value:  # compared exactly, however many digits the sender wrote
            return Fen(int(cents * 100))
    raise ValueError(EXPECTED + REFUND if _is_below_zero(value) else EXPECTED)


def _is_below_zero(value: object) -> bool:
    """Whether what is no amount looks like one with a minus sign."""
    if isinstance(value, str):
        return _BELOW_ZERO.match(value) is not None
    return isinstance(value, int | Decimal) and value < 0


def yuan_text(fen: int) -> str:
    """`fen` as yuan with two decimals: 123450 is "1234.50", -1200 is "-12.00"."""
    if fen < 0:
        return "-" + yuan_text(-fen)
    digits = str(fen)
    return f"{digits[:-2]}.{digits[-2:]}" if fen >= 100 else f"0.{digits:>02}"


def fen_of_sum(value: object) -> Fen:
    """The fen of a sum of amounts as our own records carry it, which may be more than any single amount: text with two decimals.

    Raises:
        ValueError: Another form.
    """
    if isinstance(value, str) and _SUM.fullmatch(value):
        return Fen(int(value[:-3] + value[-2:]))
    raise ValueError("a sum in yuan as text with 2 decimals")


def signed_fen(value: object) -> Fen:
    """The fen of a signed amount as our own results carry it, always text with two decimals.

    Raises:
        ValueError: Another form.
    """
    if isinstance(value, str):
        negative = value.startswith("-")
        fen = fen_from_yuan(value[1:] if negative else value)
        return Fen(-fen) if negative else fen
    raise ValueError("a signed amount in yuan as text with 2 decimals")
