"""What a report says, as data: the sums of a case in tables, amounts as yuan with two decimals. One form for the file, the report and the console.

Promise: each table of claims adds up to the total, now and then; no person is in it.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from schemas.money import yuan_text
from services.ledger.reform.levels import LEVELS
from services.ledger.reform.sums import Cell, Sums, Use

Row = Mapping[str, Any]

TABLES: Final = ("month", "visit_type", "category", "component", "district", "hospital", "reason")

_KEYS: Final[Mapping[str, Callable[[Cell], tuple[str | None, str | None]]]] = {
    "month": lambda cell: (_month(cell[0]),) * 2,
    "visit_type": lambda cell: (cell[1],) * 2,
    "category": lambda cell: (cell[3], cell[4]),
    "district": lambda cell: (cell[2],) * 2,
    "reason": lambda cell: (cell[5], cell[6]),
}
"""Of each table what a claim is of now, and then."""


def tables_of(sums: Sums) -> dict[str, Any]:
    """Everything that was added up."""
    now_fen, then_fen = sums.paid
    claims = [sum(row[place] for row in sums.cells.values()) for place in (0, 1)]
    own = sums.self_pay
    total = {
        "person_years": sums.years,
        "claims": claims[0],
        "claims_then": claims[1],
        "self_pay": yuan_text(own[0]),
        "self_pay_then": yuan_text(own[1]),
        **_money(now_fen, then_fen),
        "burden": yuan_text(own[0] - now_fen),
        "burden_then": yuan_text(own[1] - then_fen),
    }
    return {
        "total": total,
        **{table: _rows(table, _table(table, sums)) for table in TABLES},
        "persons": persons_of(sums.gains),
        "decile": deciles_of(sums.burdens, sums.gains),
        "warning": [
            {"now": LEVELS[now], "then": LEVELS[then], "person_years": count} for (now, then), count in sorted(sums.crossed.items())
        ],
        "crossed": {
            "up": sum(count for (now, then), count in sums.crossed.items() if then > now),
            "down": sum(count for (now, then), count in sums.crossed.items() if then < now),
        },
        "counter": [_use(name, use) for name, use in sorted(sums.counters.items())],
        "elsewhere": sums.elsewhere,
    }


def persons_of(gains: Iterable[int]) -> Row:
    """How many person-years gain and lose, and how much."""
    gained = lost = gainers = losers = same = 0
    for fen in gains:
        if fen > 0:
            gainers, gained = gainers + 1, gained + fen
        elif fen < 0:
            losers, lost = losers + 1, lost + fen
        else:
            same += 1
    return {"gainers": gainers, "gained": yuan_text(gained), "losers": losers, "lost": yuan_text(lost), "same": same}


def bounds_of(burdens: Iterable[int]) -> Sequence[int]:
    """The highest burden of each tenth but the last, fen."""
    ordered = sorted(burdens)
    return [ordered[-(-len(ordered) * tenth // 10) - 1] for tenth in range(1, 10)] if ordered else []


def decile_of(bounds: Sequence[int], burden_fen: int) -> int:
    """The tenth of a burden, 1 to 10; equal burdens are in one."""
    return bisect_left(bounds, burden_fen) + 1


def deciles_of(burdens: Sequence[int], gains: Sequence[int]) -> list[Row]:
    """Person-years by tenths of their burden now, the tenth with the highest last; a tenth without any is left out."""
    bounds = bounds_of(burdens)
    found: dict[int, list[int]] = {}
    for burden_fen, gain_fen in zip(burdens, gains, strict=True):
        row = found.setdefault(decile_of(bounds, burden_fen), [0, burden_fen, burden_fen, 0, 0, 0, 0, 0])
        row[0] += 1
        row[1] = min(row[1], burden_fen)
        row[2] = max(row[2], burden_fen)
        row[3] += burden_fen
        if gain_fen:
            row[4 if gain_fen > 0 else 6] += 1
            row[5 if gain_fen > 0 else 7] += gain_fen
    return [
        {
            "decile": decile,
            "person_years": row[0],
            "burden_from": yuan_text(row[1]),
            "burden_to": yuan_text(row[2]),
            "burden": yuan_text(row[3]),
            "gainers": row[4],
            "gained": yuan_text(row[5]),
            "losers": row[6],
            "lost": yuan_text(row[7]),
            "difference": yuan_text(row[5] + row[7]),
        }
        for decile, row in sorted(found.items())
    ]


def share_text(part: int, whole: int) -> str | None:
    """A part as a percentage with two decimals, rounded half away from 0; None of nothing."""
    if whole == 0:
        return None
    points = (abs(part) * 10_000 + abs(whole) // 2) // abs(whole)
    return yuan_text(-points if part < 0 else points)


def _table(table: str, sums: Sums) -> Mapping[str | None, Sequence[int]]:
    """Claims now, claims then, paid now, paid then, by what they are of."""
    if table == "hospital":
        return sums.hospitals
    if table == "component":
        return sums.parts
    found: dict[str | None, list[int]] = {}
    of = _KEYS[table]
    for cell, row in sums.cells.items():
        for place, key in enumerate(of(cell)):
            sum_of = found.setdefault(key, [0, 0, 0, 0])
            sum_of[place] += row[place]
            sum_of[place + 2] += row[place + 2]
    return found


def _rows(table: str, found: Mapping[str | None, Sequence[int]]) -> list[Row]:
    """Rows by their keys, what has none last; those of hospitals with the largest difference first."""
    ordered = sorted(found.items(), key=lambda item: (item[0] is None, item[0] or ""))
    if table == "hospital":
        ordered.sort(key=lambda item: -abs(item[1][3] - item[1][2]))
    return [{table: key, "claims": row[0], "claims_then": row[1], **_money(row[2], row[3])} for key, row in ordered if any(row)]


def _money(now_fen: int, then_fen: int) -> Row:
    delta_fen = then_fen - now_fen
    return {
        "now": yuan_text(now_fen),
        "then": yuan_text(then_fen),
        "difference": yuan_text(delta_fen),
        "percent": share_text(delta_fen, now_fen),
    }


def _use(name: str, use: Use) -> Row:
    pairs = {"used": use.used, "met": use.met, "bound": use.bound}
    counts = {f"{what}{then}": pair[place] for what, pair in pairs.items() for place, then in enumerate(("", "_then"))}
    return {"counter": name, **counts, "sum": yuan_text(use.fen[0]), "sum_then": yuan_text(use.fen[1])}


def _month(month: int) -> str:
    return f"{month // 100:04d}-{month % 100:02d}"
