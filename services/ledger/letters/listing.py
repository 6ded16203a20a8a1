"""Dead letters for an operator at the command line: a listing of the newest; all letters of one id.

In: committed records of dead-letter topics. Promise: besides the rows of the newest one letter at a time is held, for these topics are kept for ever;
a record that is no letter is counted and stops nobody. Not here: Kafka (`letter_source.py`), words (`letter_text.py`),
what a letter is (`runtime/letters.py`), sending a record again (`resending.py`).
"""

import heapq
import re
from collections import Counter
from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from services.ledger.errors import Declined, Misnamed
from services.runtime.letters import LOCAL, Letter, Place, read_letter, refusable
from services.runtime.records import Record

_ID = re.compile(r"(?P<topic>[A-Za-z0-9._-]+)/[0-9]+/[0-9]+")
_LINE_ID = re.compile(r"line/[0-9]+")


@dataclass(slots=True)
class Listing:
    """What was found: rows, the newest last; how many letters by topic and reason, those without a row too; how many records were no letters."""

    rows: list[str] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    strays: int = 0


def topic_in(letter_id: str) -> str:
    """The topic in which the record refused under `letter_id` lay.

    Raises:
        Misnamed: That is no id.
        Declined: It is none that Kafka could know.
    """
    if _LINE_ID.fullmatch(letter_id):
        raise Declined(f"{letter_id}: a letter of `medaid replay`, about a line of its file: it is not in Kafka")
    parts = _ID.fullmatch(letter_id)
    if parts is None:
        raise Misnamed(f"{letter_id}: expected TOPIC/PARTITION/OFFSET, as `medaid dlq list` has it")
    if parts["topic"] not in refusable():
        raise Declined(f"{letter_id}: no such topic; dead letters are of {', '.join(sorted(refusable()))}")
    return parts["topic"]


async def listing(
    records: AsyncIterable[Record], row: Callable[[Letter], str], limit: int, reason: str | None = None, since: date | None = None
) -> Listing:
    """The newest `limit` letters, each as a `row`, the newest last.

    Args:
        records: Of dead-letter topics, in any order.
        row: What is kept of a letter.
        limit: How many rows are kept at most.
        reason: Only letters of it.
        since: Only letters written on this day in +08:00 or later.
    """
    found = Listing()
    since_ms = None if since is None else int(datetime(since.year, since.month, since.day, tzinfo=LOCAL).timestamp()) * 1000
    newest: list[tuple[Place, str]] = []
    async for record in records:
        if since_ms is not None and record.timestamp_ms < since_ms:
            continue
        letter = read_letter(record)
        if letter is None:
            found.strays += 1
        elif reason in (None, letter.data.reason):
            found.counts[str(letter.data.topic), letter.data.reason] += 1
            keep = heapq.heappush if len(newest) < limit else heapq.heappushpop
            keep(newest, (letter.place, row(letter)))
    found.rows = [text for _, text in sorted(newest)]
    return found


async def letters_of(letter_id: str, records: AsyncIterable[Record]) -> list[Letter]:
    """All letters of one id, the newest last: of several services, and of a record that was read again after a reset of offsets."""
    mark = letter_id.encode()
    found = [letter async for record in records if mark in (record.value or b"") and (letter := read_letter(record))]
    return sorted((letter for letter in found if letter.id == letter_id), key=lambda letter: letter.place)
