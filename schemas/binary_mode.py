"""CloudEvents in binary mode: the attributes lie in the record's headers, the value is `data`.

In: headers as Kafka has them. Out: the attributes. `ce_` is Kafka's prefix; `ce-` is that of HTTP, whose values are percent-encoded, and comes with
bridges; quotes around a name or a value come with clients that write headers as JSON. Case does not count. Not here: what an attribute may be.
"""

import json
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from schemas.refusal import Refused

Headers = tuple[tuple[str, bytes | None], ...]
"""A record's headers; Kafka knows null as a value."""

EXPECTED_HEADERS: Final = "for CloudEvents in binary mode the headers ce_specversion, ce_id, ce_source, ce_type and ce_time, named just so"

_PREFIXES: Final = ("ce_", "ce-")
_ALIKE: Final = re.compile(r"(ce|cloudevents?)(specversion|id|source|type|time)")
_NO_LETTER: Final = re.compile(r"[^a-z]")


def attributes_in(headers: Headers) -> Mapping[str, str] | None:
    """The attributes that headers carry; None where they have no `specversion`, or say that the value is the whole event (structured mode).

    Raises:
        Refused: `invalid_event`, a header is no UTF-8.
    """
    names = {name.lower().strip('"'): value or b"" for name, value in headers}
    if names.get("content-type", b"").lower().strip(b'"').startswith(b"application/cloudevents"):
        return None
    if not any(prefix + "specversion" in names for prefix in _PREFIXES):
        return None
    try:
        return {name[3:]: _text(value, is_of_http=name[2] == "-") for name, value in names.items() if name.startswith(_PREFIXES)}
    except UnicodeDecodeError:
        raise Refused("invalid_event", "headers", "ce_ headers in UTF-8") from None


def look_alike(headers: Headers) -> bool:
    """Whether some header is like one of binary mode, by its letters alone: asked where the value is no event of structured mode."""
    return any(_ALIKE.fullmatch(_NO_LETTER.sub("", name.lower())) for name, _ in headers)


def _text(value: bytes, *, is_of_http: bool) -> str:
    """A header's value, unquoted."""
    text = value.decode()
    if is_of_http:
        text = unquote(text, errors="strict")
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return str(json.loads(text))
        except ValueError:
            return text[1:-1]
    return text
