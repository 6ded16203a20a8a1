"""The number that every value of a view begins with: of the format that it is written in. Bytes of another one are noticed, never guessed at.

The keys of a view carry the number too (`redis_view.py`), so that a process meets its own alone. What it meets all the same in another form is broken, or
was written by a version whose number should have been raised (`tests/unit/test_formats.py`); the view is then emptied and healed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from services.runtime.errors import Unreadable


def stamp_of(format: int) -> bytes:
    """What values of a format begin with."""
    return b"%d:" % format


def without(stamp: bytes, value: bytes) -> bytes:
    """A value without its stamp.

    Raises:
        ValueError: It has another one, or none.
    """
    if not value.startswith(stamp):
        raise ValueError("a value of another format")
    return value[len(stamp) :]


BROKEN: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading something that is not ours may raise; pydantic's ValidationError is a ValueError."""


def why_unreadable(kind: str, error: Exception) -> str:
    """What `Unreadable` says of `error`, one of `BROKEN`; `kind` says what could not be read, and names nobody."""
    return f"{kind} in the view cannot be read ({type(error).__name__})"


@contextmanager
def readable(kind: str) -> Iterator[None]:
    """Read something of a view; `kind` as in `why_unreadable`.

    Raises:
        Unreadable: It is not what this version writes.
    """
    try:
        yield
    except BROKEN as error:
        raise Unreadable(why_unreadable(kind, error)) from error
