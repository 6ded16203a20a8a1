"""Dead letters read back: each as an operator meets it, with the refused record's own bytes; a listing of the newest; all letters of one id.

In: committed records of dead-letter topics. Promise: besides the rows of the newest one letter at a time is held, for these topics are kept for ever;
a record that is no letter is counted and stops nobody. Not here: Kafka (`letter_source.py`), words (`letter_text.py`),
sending a record again (`resending.py`).
"""

import heapq
import re
from collections import Counter
from collections.abc import AsyncIterable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Final, NamedTuple, cast

import orjson

from schemas.catalogue import DEADLETTER_TYPES
from schemas.deadletters import DeadLetter, original
from schemas.topics import load_topics
from services.cli.failure import Exit, Failure
from services.runtime.records import Headers, Record

LOCAL: Final = timezone(timedelta(hours=8))
"""Where the days of an operator begin and end."""

_ID = re.compile(r"(?P<topic>[A-Za-z0-9._-]+)/[0-9]+/[0-9]+")
_LINE_ID = re.compile(r"line/[0-9]+")


class Place(NamedTuple):
    """Where a letter itself lies, after the time at which it was written: the order of letters. Milliseconds since 1970, UTC."""

    refused_at_ms: int
    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter.

    Attributes:
        id: Where the refused record lay: topic, partition and offset with slashes between.
        service: Who refused it.
        time: The refused event's own time, or its record's.
        place: Where the letter lies.
        data: What it says.
        refused: The refused record, byte for byte, as far as the letter holds it.
    """

    id: str
    service: str
    time: str
    place: Place
    data: DeadLetter
    refused: Record

    @property
    def is_whole(self) -> bool:
        """Whether it holds all of the refused record: not so of one that was too large."""
        return self.data.length is None and self.data.headers_left_out == 0


@dataclass(slots=True)
class Listing:
    """What was found: rows, the newest last; how many letters by topic and reason, those without a row too; how many records were no letters."""

    rows: list[str] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    strays: int = 0


def refusable() -> Mapping[str, str]:
    """Each topic whose records may be refused, with its dead-letter topic."""
    return {name: topic.dead_letters for name, topic in load_topics().items() if topic.dead_letters is not None}


def topic_in(letter_id: str) -> str:
    """The topic in which the record refused under `letter_id` lay.

    Raises:
        Failure: That is no id, or none that Kafka could know.
    """
    if _LINE_ID.fullmatch(letter_id):
        raise Failure(Exit.REFUSED, f"{letter_id}: a letter of `medaid replay`, about a line of its file: it is not in Kafka")
    parts = _ID.fullmatch(letter_id)
    if parts is None:
        raise Failure(Exit.USAGE, f"{letter_id}: expected TOPIC/PARTITION/OFFSET, as `medaid dlq list` has it")
    if parts["topic"] not in refusable():
        raise Failure(Exit.REFUSED, f"{letter_id}: no such topic; dead letters are of {', '.join(sorted(refusable()))}")
    return parts["topic"]


def read_letter(record: Record) -> Letter | None:
    """The letter in `record`; None where it holds none."""
    try:
        event = orjson.loads(record.value or b"")
        if event["type"] not in DEADLETTER_TYPES:
            return None
        data = DeadLetter.model_validate(event["data"])
        place = Place(record.timestamp_ms, record.topic, record.partition, record.offset)
        return Letter(str(event["id"]), str(event["source"]).removeprefix("/medaid/"), str(event["time"]), place, data, _refused(data))
    except (LookupError, TypeError, ValueError):  # pydantic's and base64's errors are ValueErrors
        return None


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


def _refused(data: DeadLetter) -> Record:
    """The record that a letter tells of."""
    headers = tuple((header.name, original(header.value, header.encoding)) for header in data.headers)
    return Record(
        topic=data.topic or "",
        partition=data.partition or 0,
        offset=data.offset,
        key=original(data.key, data.key_encoding),
        value=original(data.payload, data.payload_encoding),
        headers=cast(Headers, headers),  # Kafka knows null as a header's value, and so does its client
    )
