"""The documents of a batch on the console's desk: fields read as values, changed, and written back as bytes.

Every field holds one JSON value behind its format's number. What an event changes is kept as a whole or not at all. Values are never changed in place.
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from services.runtime.errors import Unreadable
from services.runtime.formats import BROKEN, stamp_of, why_unreadable, without
from services.runtime.records import Document, Writes

FORMAT: Final = 2
"""Whoever changes what a field holds, or what it means, raises it (`tests/unit/test_formats.py` says how)."""

_STAMP: Final = stamp_of(FORMAT)
_Field = tuple[str, str]


def value_in(field: bytes) -> Any:
    """The value of a field.

    Raises:
        Unreadable: It is of another format, or broken.
    """
    try:
        return orjson.loads(without(_STAMP, field))
    except BROKEN as error:
        raise Unreadable(why_unreadable("a document of the console's", error)) from error


def field_of(value: Any) -> bytes:
    """A value as a field."""
    return _STAMP + orjson.dumps(value)


class Desk:
    """The documents that were loaded, and what has been changed in them since."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._documents = documents
        self._values: dict[_Field, Any] = {}
        self._changed: set[_Field] = set()
        self._pending: dict[_Field, Any] = {}

    def get(self, key: str, field: str) -> Any:
        """The value of a field; None where it has none.

        Raises:
            LookupError: The document was not loaded: whoever asks forgot to want it.
            Unreadable: The field is of another format, or broken.
        """
        place = (key, field)
        if place in self._pending:
            return self._pending[place]
        if place not in self._values:
            value = self._documents[key].get(field)
            self._values[place] = None if value is None else value_in(value)
        return self._values[place]

    def put(self, key: str, field: str, value: Any) -> None:
        """Set a field, or with None take it away; its document need not have been loaded."""
        self._pending[key, field] = value

    def keep(self) -> None:
        """What was put since the last time holds."""
        self._values |= self._pending
        self._changed |= self._pending.keys()
        self._pending.clear()

    def drop(self) -> None:
        """What was put since the last time is forgotten."""
        self._pending.clear()

    def writes(self) -> Writes:
        """Everything kept that differs from what was loaded."""
        documents: dict[str, dict[str, bytes | None]] = {}
        for key, field in sorted(self._changed):
            value = self._values[key, field]
            data = None if value is None else field_of(value)
            if data != self._documents.get(key, {}).get(field) or key not in self._documents:
                documents.setdefault(key, {})[field] = data
        return Writes(documents)
