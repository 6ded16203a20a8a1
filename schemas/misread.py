"""What bytes are that should have been JSON and are not, in words for whoever sent them. Asked only once a record is refused.

In: the bytes. Out: what was expected, and by what sign they are something else: another encoding, a byte-order mark, a schema registry's prefix, nothing
at all; of broken JSON the place at which it breaks. Never a character of what they say, for a person may stand there.
"""

import json
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from typing import Final

JSON: Final = "JSON in UTF-8, without NaN or infinity"

_NO_NUMBER = re.compile(r'"(?:[^"\\]++|\\.)*+"?|(NaN|-?Infinity)', re.DOTALL)
"""A text, or what is no number of JSON; it never goes back."""

_WIDE: Final = (
    (BOM_UTF32_LE, "UTF-32"), (BOM_UTF32_BE, "UTF-32"), (BOM_UTF16_LE, "UTF-16"), (BOM_UTF16_BE, "UTF-16"),
    (b"{\0\0\0", "UTF-32"), (b"\0\0\0{\0\0\0", "UTF-32"), (b"{\0", "UTF-16"), (b"\0{\0", "UTF-16"),
)  # fmt: skip
"""How a document in a wide encoding begins, with a byte-order mark or without; the longer ones first."""

SIGN_BYTES_MAX: Final = max(len(sign) for sign, _ in _WIDE)
"""How many bytes of a document tell whether it is in a wide encoding."""

_REGISTRY_BYTES: Final = 5
"""A magic byte 0, and the number of the schema in four bytes."""


def expected_json(value: bytes | None) -> str:
    """What was expected of `value`, which is no JSON of ours, and what it is instead, where that can be told."""
    found = _kind(value)
    return f"{JSON}; {found}" if found else JSON


def wide_encoding(start: bytes) -> str | None:
    """UTF-16 or UTF-32, where a document that begins with `start` is written in it."""
    return next((name for sign, name in _WIDE if start.startswith(sign)), None)


def _kind(value: bytes | None) -> str | None:
    """What `value` is; None where nothing can be told."""
    if value is None:
        return "the record is a tombstone, it has no value at all"
    if not value.strip():
        return "the value is empty"
    if wide := wide_encoding(value):
        return f"this is {wide}: send it in UTF-8"
    if value.startswith(BOM_UTF8):
        return "it begins with a byte-order mark (BOM, the bytes EF BB BF): send it without"
    if value[0] == 0 and len(value) > _REGISTRY_BYTES:
        return "it begins with a schema registry's prefix (a magic byte 0, then the schema's number): send plain JSON, not by a registry's serializer"
    return _no_utf8(value) or _broken(value.decode())


def _no_utf8(value: bytes) -> str | None:
    """Where bytes stop being UTF-8, and whether they would be GBK; None where they are UTF-8."""
    try:
        value.decode()
    except UnicodeDecodeError as error:
        where = f"byte {error.start + 1} is none of UTF-8"
    else:
        return None
    try:
        value.decode("gb18030")
    except UnicodeDecodeError:
        return where
    return f"{where}, all of it can be read as GBK (GB18030): send it in UTF-8"


def _broken(text: str) -> str | None:
    """Where `text` stops being JSON; None where a limit of ours is at fault."""
    try:
        json.loads(text, parse_int=_nothing, parse_float=_nothing, parse_constant=_nothing)
    except json.JSONDecodeError as error:
        is_cut_off = error.msg.startswith("Unterminated") or error.pos >= len(text.rstrip())
        return _at(text, len(text), "it ends too early, at") if is_cut_off else _at(text, error.pos, "it is no JSON any more from")
    except (ValueError, RecursionError):
        return None
    found = next((token for token in _NO_NUMBER.finditer(text) if token[1]), None)
    return None if found is None else _at(text, found.start(), "no number of JSON stands at")


def _at(text: str, position: int, what: str) -> str:
    """`what`, and where: as an editor counts, and as a byte from 1."""
    before = text[:position]
    line, column = before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1
    return f"{what} line {line}, column {column} (byte {len(before.encode(errors='surrogatepass')) + 1})"


def _nothing(_: str) -> None:
    return None
