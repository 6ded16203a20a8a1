"""Plots as inline SVG: two bars a row, a bar to either side, a line. Everything that they show stands in a table beside them, too."""

from collections.abc import Sequence
from typing import Final

from services.ledger.reform.report.html import text

WIDTH: Final = 720
LABEL: Final = 190
ROW: Final = 30
HIGH: Final = 240


def paired(title: str, names: tuple[str, str], rows: Sequence[tuple[str, int, int]]) -> str:
    """For each row a bar for now above one for then, which are called `names`."""
    most = max((max(now, then) for _, now, then in rows), default=0) or 1
    scale = (WIDTH - LABEL - 10) / most
    parts = _legend(("now", "then"), names)
    for place, (name, now, then) in enumerate(rows):
        y = (place + 1) * ROW
        parts.append(f'<text x="{LABEL - 8}" y="{y + 18}" text-anchor="end">{text(_short(name))}</text>')
        parts.append(f'<rect class="now" x="{LABEL}" y="{y + 4}" width="{max(0, now) * scale:.1f}" height="10"/>')
        parts.append(f'<rect class="then" x="{LABEL}" y="{y + 15}" width="{max(0, then) * scale:.1f}" height="10"/>')
    return _svg(title, (len(rows) + 1) * ROW, parts)


def diverging(title: str, names: tuple[str, str], rows: Sequence[tuple[str, int, int]]) -> str:
    """For each row what is lost to the left, what is gained to the right, both at least 0 and called `names`."""
    most = max((max(lost, gained) for _, lost, gained in rows), default=0) or 1
    middle = LABEL + (WIDTH - LABEL) / 2
    scale = ((WIDTH - LABEL) / 2 - 10) / most
    parts = [
        *_legend(("lost", "gained"), names),
        f'<line class="axis" x1="{middle}" x2="{middle}" y1="{ROW}" y2="{(len(rows) + 1) * ROW}"/>',
    ]
    for place, (name, lost, gained) in enumerate(rows):
        y = (place + 1) * ROW
        parts.append(f'<text x="{LABEL - 8}" y="{y + 18}" text-anchor="end">{text(_short(name))}</text>')
        parts.append(f'<rect class="lost" x="{middle - lost * scale:.1f}" y="{y + 6}" width="{lost * scale:.1f}" height="18"/>')
        parts.append(f'<rect class="gained" x="{middle}" y="{y + 6}" width="{gained * scale:.1f}" height="18"/>')
    return _svg(title, (len(rows) + 1) * ROW, parts)


def curve(title: str, points: Sequence[tuple[float, int]], budget: int) -> str:
    """Costs by value, the smallest value first, and the budget as a line across."""
    left, right = points[0][0], points[-1][0]
    low, high = min(budget, *(cost for _, cost in points)), max(budget, *(cost for _, cost in points))

    def x(value: float) -> float:
        return 20 + (WIDTH - 40) * (value - left) / ((right - left) or 1)

    def y(cost: int) -> float:
        return HIGH - 30 - (HIGH - 60) * (cost - low) / ((high - low) or 1)

    line = " ".join(f"{x(value):.1f},{y(cost):.1f}" for value, cost in points)
    parts = [
        f'<line class="budget" x1="20" x2="{WIDTH - 20}" y1="{y(budget):.1f}" y2="{y(budget):.1f}"/>',
        f'<polyline class="cost" points="{line}"/>',
        *(f'<circle class="then" cx="{x(value):.1f}" cy="{y(cost):.1f}" r="3"/>' for value, cost in points),
        f'<text x="20" y="{HIGH - 6}">{left:g}</text>',
        f'<text x="{WIDTH - 20}" y="{HIGH - 6}" text-anchor="end">{right:g}</text>',
    ]
    return _svg(title, HIGH, parts)


def _legend(kinds: tuple[str, str], names: tuple[str, str]) -> list[str]:
    parts = []
    for place, (kind, name) in enumerate(zip(kinds, names, strict=True)):
        x = LABEL + place * 160
        parts += [f'<rect class="{kind}" x="{x}" y="7" width="12" height="12"/>', f'<text x="{x + 18}" y="18">{text(name)}</text>']
    return parts


def _svg(title: str, height: int, parts: Sequence[str]) -> str:
    name = text(title)
    return f'<svg class="plot" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{name}">{"".join(parts)}</svg>'


def _short(name: str) -> str:
    """So much of a name as stands beside a bar; the table has it whole."""
    width = 0
    for place, letter in enumerate(name):
        width += 2 if ord(letter) > 0x2E80 else 1
        if width > 28:
            return name[:place] + "…"
    return name
