"""Instants and local days. Every date of the domain is a day in +08:00; nothing here asks a clock."""

import re
from datetime import date
from functools import lru_cache

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt](?P<h>[01][0-9]|2[0-3]):(?P<m>[0-5][0-9]):(?P<s>[0-5][0-9])(\.(?P<fraction>[0-9]{1,9})[0-9]*)?"
    r"(?P<zone>[Zz]|(?P<sign>[+-])(?P<zh>[01][0-9]|2[0-3]):(?P<zm>[0-5][0-9]))"
)
YEAR_MIN, YEAR_MAX = 1900, 2100
_LOCAL_OFFSET_S = 8 * 3600
_SECOND_NS = 1_000_000_000
_DAY_NS = 86_400 * _SECOND_NS

EXPECTED_DAY = f"a day of the calendar as YYYY-MM-DD from {YEAR_MIN} to {YEAR_MAX}"
EXPECTED_INSTANT = "an RFC 3339 date and time with offset, such as 2025-03-02T10:00:00+08:00"


@lru_cache(maxsize=1 << 14)
def day_from_text(text: str) -> date:
    """The day that `text` names.

    Raises:
        ValueError: Another form, no day of the calendar, or outside 1900 to 2100.
    """
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not YEAR_MIN <= day.year <= YEAR_MAX:
        raise ValueError(EXPECTED_DAY)
    return day


@lru_cache(maxsize=1 << 12)
def instant_ns(text: str) -> int:
    """Nanoseconds since 0001-01-01T00:00:00Z of an RFC 3339 instant; what orders events of one day.

    Raises:
        ValueError: Another form, without offset, or an instant whose day in +08:00 no calendar has.
    """
    parts = _INSTANT.fullmatch(text)
    if parts is None:
        raise ValueError(EXPECTED_INSTANT)
    try:
        days = date.fromisoformat(parts["day"]).toordinal()
    except ValueError:
        raise ValueError(EXPECTED_INSTANT) from None
    seconds = int(parts["h"]) * 3600 + int(parts["m"]) * 60 + int(parts["s"])
    if parts["sign"]:
        offset_s = int(parts["zh"]) * 3600 + int(parts["zm"]) * 60
        seconds -= offset_s if parts["sign"] == "+" else -offset_s
    fraction = int((parts["fraction"] or "0").ljust(9, "0"))
    instant = days * _DAY_NS + seconds * _SECOND_NS + fraction
    if not date.min.toordinal() <= _local_ordinal(instant) <= date.max.toordinal():
        raise ValueError(EXPECTED_INSTANT)
    return instant


def local_day(instant: int) -> date:
    """The day in +08:00 of an instant as `instant_ns` gives it."""
    return date.fromordinal(_local_ordinal(instant))


def _local_ordinal(instant: int) -> int:
    return (instant + _LOCAL_OFFSET_S * _SECOND_NS) // _DAY_NS
