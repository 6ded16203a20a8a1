"""How wants, watermarks and changes travel as the arguments of scripts, and what scripts find comes back."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from services.runtime.ports import Loaded
from services.runtime.records import Document, Want, Watermark

Text: TypeAlias = str | bytes | int


def counted(watermark: Watermark) -> list[Text]:
    """A watermark behind the number of its topics."""
    return [len(watermark), *(text for place in watermark.items() for text in place)]


def wanted(want: Want) -> list[Text]:
    """The documents wanted: their number, then each by its fields."""
    arguments: list[Text] = [len(want.documents)]
    for fields in want.documents.values():
        if fields is None:
            arguments.append(-1)
        else:
            arguments.append(len(fields))
            arguments += fields
    return arguments


def changes_of(changes: Mapping[str, bytes | None]) -> list[Text]:
    """A document's changes: what is set, then what is deleted."""
    put = [text for name, value in changes.items() if value is not None for text in (name, value)]
    drop = [name for name, value in changes.items() if value is None]
    return [len(put), *put, len(drop), *drop]


def loaded_from(want: Want, answer: Sequence[Any]) -> Loaded:
    """What a script found, by the names it was asked by."""
    _, run, watermark, found, booked, peeked = answer
    documents = {key: _document(fields, values) for (key, fields), values in zip(want.documents.items(), found, strict=True)}
    held = zip((*want.bookings, *want.peeks), (*booked, *peeked), strict=True)
    holders = {key: holder.decode() for key, holder in held if holder is not None}
    return Loaded(run.decode(), {topic.decode(): int(offset) for topic, offset in _pairs(watermark)} or None, documents, holders)


def _document(fields: tuple[str, ...] | None, values: list[Any]) -> Document:
    """A hash, or the fields of it that were wanted and are there."""
    if fields is None:
        return {name.decode(): value for name, value in _pairs(values)}
    return {name: value for name, value in zip(fields, values, strict=True) if value is not None}


def _pairs(flat: list[bytes]) -> Iterable[tuple[bytes, bytes]]:
    """Redis' flat answer of a hash in pairs."""
    return zip(flat[::2], flat[1::2], strict=True)
