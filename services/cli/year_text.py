"""What has changed in a closed year, for an operator's terminal and as JSON. What others wrote in it is escaped."""

from collections.abc import Iterator
from dataclasses import asdict

from schemas.foreign import visible
from schemas.money import yuan_text
from services.ledger.statements.changes import Change, Sums


def change_row(change: Change) -> dict[str, object]:
    """A change for JSON: amounts in yuan."""
    told = asdict(change)
    cause = {"source": told.pop("source"), "id": told.pop("event_id")}
    told["delta"] = yuan_text(told.pop("delta_fen"))
    return {**told, "caused_by": cause}


def change_line(change: Change) -> str:
    """A change in a line."""
    why = f" ({change.reason})" if change.reason else ""
    category = change.category or "-"
    cause = f"caused by {change.source} {change.event_id}"
    return visible(
        f"{change.claim}/{change.revision}  {change.outcome}{why}  {_signed(change.delta_fen)}  {change.month}  {category}  {cause}  "
        f"[{change.partition}]@{change.offset}"
    )


def sum_lines(sums: Sums) -> Iterator[str]:
    """What all changes come to."""
    if not sums.results:
        yield "nothing"
        return
    for name, rows in sums.tables().items():
        for key, fen in rows:
            yield visible(f"{name} {key or '-'}  {_signed(fen)}")
    yield f"total  {_signed(sums.delta_fen)}  ({sums.results} results of {len(sums.claims)} claims)"


def _signed(fen: int) -> str:
    """A difference in yuan, with its sign."""
    return f"+{yuan_text(fen)}" if fen > 0 else yuan_text(fen)
