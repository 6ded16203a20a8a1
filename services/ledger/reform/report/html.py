"""Pieces of a page: text escaped and made visible, tables that a keyboard can scroll."""

from collections.abc import Iterable, Sequence
from html import escape

from schemas.foreign import visible


def text(value: object) -> str:
    """Text as a page shows it."""
    return escape(visible(str(value)))


def items(lines: Iterable[str]) -> str:
    """A list of texts."""
    return f'<ul class="plain">{"".join(f"<li>{text(line)}</li>" for line in lines)}</ul>'


def figures(pairs: Iterable[tuple[str, str]]) -> str:
    """Names with their figures."""
    return f'<dl class="figures">{"".join(f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in pairs)}</dl>'


def table(anchor: str, columns: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """A table, labelled by the heading `anchor`; its first `words` columns are texts, the first of them names the row, the others are numbers."""
    head = "".join(f'<th scope="col"{_kind(place, words)}>{text(name)}</th>' for place, name in enumerate(columns))
    body = "".join(f"<tr>{''.join(_cell(place, value, words) for place, value in enumerate(row))}</tr>" for row in rows)
    frame = f'<div class="scroll" tabindex="0" role="region" aria-labelledby="{anchor}">'
    return f"{frame}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def section(anchor: str, heading: str, *parts: str) -> str:
    """A section with its heading."""
    return f'<section class="card"><h2 id="{anchor}">{text(heading)}</h2>{"".join(parts)}</section>'


def _cell(place: int, value: str, words: int) -> str:
    return f'<th scope="row">{text(value)}</th>' if place == 0 else f"<td{_kind(place, words)}>{text(value)}</td>"


def _kind(place: int, words: int) -> str:
    return "" if place < words else ' class="number"'
