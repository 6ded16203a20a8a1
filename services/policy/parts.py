"""What the parts of a city's file are made of: the strict base, clauses, labels, numbers, and figures over time.

Amounts are yuan in the file and fen here; percentages become basis points (1/10000). A figure that may change is dated: `{2023-01-01: 300000}`.
Whatever could be read as another number than its writer meant is refused: a share of 0.7, `70%`, `七十`, a day with an hour.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from schemas.money import Fen, fen_from_yuan

T = TypeVar("T")
DATED = "a figure is dated: {2023-01-01: 70}"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_PERCENT = re.compile(r"-?\d{1,4}(\.\d{1,2})?", re.ASCII)


class Part(BaseModel):
    """Base of every part of a policy file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Clause = Annotated[str, Field(min_length=1)]
Some = Annotated[tuple[T, ...], Field(min_length=1)]
"""A list that names something: an empty one would never hold, and nobody means that."""


def is_day(value: object) -> bool:
    """Whether `value` is a day, or its text as YYYY-MM-DD."""
    if isinstance(value, date):
        return True
    try:
        return isinstance(value, str) and bool(_DAY.fullmatch(value)) and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _day(value: object) -> date:
    """The day.

    Raises:
        ValueError: Another form, or none of the calendar.
    """
    if not is_day(value):
        raise ValueError("a day of the calendar as YYYY-MM-DD")
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _points(value: object) -> int:
    """A percentage of at most two decimals, in basis points.

    Raises:
        ValueError: Something else, or what lies between 0 and 1, which is a share that somebody took for a percentage.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("a percentage in digits, without a % sign and with at most 2 decimals: 70")
    whole, _, decimals = found[0].removeprefix("-").partition(".")
    points = int(whole) * 100 + int(decimals.ljust(2, "0"))
    if 0 < points < 100:
        raise ValueError(f"a percentage of at least 1, or 0; {found[0]} would be less than one hundredth: write 70 for 70%")
    return -points if found[0].startswith("-") else points


def _between(low: int, high: int) -> Any:
    def checked(value: object) -> int:
        points = _points(value)
        if not low * 100 <= points <= high * 100:
            raise ValueError(f"a percentage from {low} to {high}")
        return points

    return BeforeValidator(checked)


def _amount(value: object) -> Fen:
    """An amount in fen already, or yuan in digits."""
    return Fen(value) if isinstance(value, int) and not isinstance(value, bool) else fen_from_yuan(value)


def _dated(value: object) -> object:
    """A figure over time.

    Raises:
        ValueError: No mapping, or an empty one.
    """
    if not isinstance(value, Mapping) or not value:
        raise ValueError(DATED)
    return value


def _kind(value: object) -> str:
    return "[share]" if isinstance(value, Mapping | PercentOf) else "[number]"


Day = Annotated[date, BeforeValidator(_day)]
Share = Annotated[int, _between(0, 100)]
Points = Annotated[int, _between(-100, 100)]
Yuan = Annotated[Fen, BeforeValidator(_amount)]


class PercentOf(Part):
    """An amount as a percentage of one of the file's `figures`, rounded half up to the fen."""

    percent_of: str
    percent: Annotated[int, _between(0, 1000)]


Amount = Annotated[Annotated[Yuan, Tag("[number]")] | Annotated[PercentOf, Tag("[share]")], Discriminator(_kind)]
DatedYuan = Annotated[Mapping[Day, Amount], BeforeValidator(_dated)]
DatedPlainYuan = Annotated[Mapping[Day, Yuan], BeforeValidator(_dated)]
DatedShare = Annotated[Mapping[Day, Share], BeforeValidator(_dated)]
DatedPoints = Annotated[Mapping[Day, Points], BeforeValidator(_dated)]


def _by_class(value: object) -> object:
    """A figure that is not told by class is everybody's.

    Raises:
        ValueError: No mapping, or an empty one.
    """
    if not isinstance(value, Mapping) or not value:
        raise ValueError(
            "a dated figure: {2023-01-01: 5000}; or one for each class, `default` for the others: {default: {2023-01-01: 5000}}"
        )
    return {"default": value} if all(is_day(key) for key in value) else value


ByClassFigures = Mapping[str, Mapping[date, Fen | PercentOf] | None]
ByClass = Annotated[Mapping[str, DatedYuan | None], BeforeValidator(_by_class)]
"""Of each class, `default` for the others, a figure; null: none, said aloud. A dated figure alone is everybody's."""


class Label(Part):
    """A name in both languages."""

    zh: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]


class Figure(Part):
    """A named amount over time that others refer to, such as last year's income per head."""

    label: Label
    clause: Clause
    yuan: DatedPlainYuan


def at(figures: Mapping[date, T], day: date) -> T:
    """The figure of `day`: that of the latest date not after it.

    Raises:
        ValueError: None has begun by then.
    """
    return figures[max(begins for begins in figures if begins <= day)]


def fen_at(figures: Mapping[date, int | PercentOf], day: date, named: Mapping[str, Figure]) -> int:
    """The amount of `day` in fen; a percentage is taken of the figure of that day.

    Raises:
        ValueError: No figure has begun by then.
    """
    amount = at(figures, day)
    if isinstance(amount, PercentOf):
        return (at(named[amount.percent_of].yuan, day) * amount.percent + 5_000) // 10_000
    return amount
