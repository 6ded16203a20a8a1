"""The format of monitoring's documents: every field is one JSON value behind its number."""

from typing import Any, Final

import orjson

from services.runtime.formats import stamp_of, without

FORMAT: Final = 2
"""Whoever changes how a field is written, or what it means, raises it (`tests/unit/test_formats.py` says how)."""

_STAMP: Final = stamp_of(FORMAT)


def written(value: Any) -> bytes:
    """A field from its value."""
    return _STAMP + orjson.dumps(value)


def read(field: bytes) -> Any:
    """The value of a field.

    Raises:
        ValueError: It is of another format, or no JSON.
    """
    return orjson.loads(without(_STAMP, field))
