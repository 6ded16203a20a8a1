"""A year of a person's statuses as a picture: in numbers for the template, which draws it and says the same in words.

The picture is `WIDTH` wide, a day as wide as its part of the year. A month of grace after a loss is drawn apart from the time before it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from schemas.identity import Interval

WIDTH = 730.0
"""Two units a day, near enough."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A span of days: where it lies in the picture, and what it is (`held`, `grace`, `stay`, `visit`)."""

    x: float
    width: float
    kind: str
    first: date
    last: date | None


@dataclass(frozen=True, slots=True)
class Lost:
    """Where a status was lost, and by what."""

    x: float
    on: date
    by: str


@dataclass(frozen=True, slots=True)
class Line:
    """One category's bars and losses; `label` may be the word for stays."""

    label: str
    bars: Sequence[Bar]
    losses: Sequence[Lost] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A year: where its months begin, and a line for each category and for stays."""

    year: int
    months: Sequence[float]
    lines: Sequence[Line]


def picture_of(
    year: int, intervals: Iterable[Interval], stays: Iterable[tuple[date, date]], label: Callable[[str], str], stays_label: str
) -> Picture:
    """The picture of `year`.

    Args:
        year: Which one.
        intervals: Statuses of one region.
        stays: First and last days of visits that count in the year.
        label: A category's name.
        stays_label: What the line of visits is called.
    """
    lines: dict[str, tuple[list[Bar], list[Lost]]] = {}
    for interval in intervals:
        bars, losses = lines.setdefault(interval.category, ([], []))
        bars += _held(year, interval)
        if interval.lost_on is not None and interval.lost_on.year == year:
            losses.append(Lost(_x(year, interval.lost_on), interval.lost_on, interval.lost_by or "ordinary"))
    drawn = [Line(label(category), bars, losses) for category, (bars, losses) in lines.items() if bars or losses]
    visits = [bar for first, last in stays if (bar := _bar(year, first, last, "stay" if last > first else "visit")) is not None]
    return Picture(year, [_x(year, date(year, month, 1)) for month in range(1, 13)], [*drawn, Line(stays_label, visits)])


def _held(year: int, interval: Interval) -> Sequence[Bar]:
    """The time until the loss, and what came after it as grace."""
    lost = interval.lost_on
    last_held = interval.to if lost is None else min(lost - timedelta(1), interval.to or lost)
    found = [_bar(year, interval.from_, last_held, "held")]
    if lost is not None and interval.to is not None and interval.to >= lost:
        found.append(_bar(year, max(lost, interval.from_), interval.to, "grace"))
    return [bar for bar in found if bar is not None]


def _bar(year: int, first: date, last: date | None, kind: str) -> Bar | None:
    """The part of a span that lies in the year; None where none does."""
    begins, ends = max(first, date(year, 1, 1)), min(last or date.max, date(year, 12, 31))
    if begins > ends:
        return None
    x = _x(year, begins)
    return Bar(x, max(2.0, round(_x(year, ends) + WIDTH / _days(year) - x, 1)), kind, first, last)


def _x(year: int, day: date) -> float:
    return round((day - date(year, 1, 1)).days * WIDTH / _days(year), 1)


def _days(year: int) -> int:
    return (date(year, 12, 31) - date(year, 1, 1)).days + 1
