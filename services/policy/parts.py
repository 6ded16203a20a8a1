"""What the parts of a city's file are made of: the strict base, clauses, labels, and figures over time.

Amounts are yuan in the file and fen here; percentages become basis points (1/10000). A figure that may change is dated: `{2023-01-01: 300000}`.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from schemas.money import Fen, fen_from_yuan


class Part(BaseModel):
    """Base of every part of a policy file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Clause = Annotated[str, Field(min_length=1)]


def _points(value: object) -> int:
    points = Decimal(str(value)) * 100
    if points != points.to_integral_value() or abs(points) > 10_000:
        raise ValueError("a percentage from -100 to 100 with at most 2 decimals")
    return int(points)


def _share(value: object) -> int:
    points = _points(value)
    if points < 0:
        raise ValueError("a percentage from 0 to 100 with at most 2 decimals")
    return points


DatedYuan = Mapping[date, Annotated[Fen, BeforeValidator(fen_from_yuan)]]
DatedShare = Mapping[date, Annotated[int, BeforeValidator(_share)]]
DatedPoints = Mapping[date, Annotated[int, BeforeValidator(_points)]]


class Label(Part):
    """A name in both languages."""

    zh: str
    en: str
