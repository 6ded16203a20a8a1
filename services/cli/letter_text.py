"""Dead letters in words: a row and a JSON line without a person in them, and a block that tells all.

Promise: nothing that a sender wrote reaches the terminal as a control character. Amounts, ids and payloads stand as they were sent.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

from schemas.foreign import visible, visible_lines
from services.ledger.letters.listing import Listing
from services.ledger.letters.masking import masked_detail, masked_header, masked_path
from services.runtime.letters import LOCAL, Letter

_EPOCH = datetime(1970, 1, 1, hour=8, tzinfo=LOCAL)
_AT_MS_MAX = 253_402_000_000_000
"""In the last days that a calendar has; whoever wrote the record may have said anything."""

_PERSONAL = {"key", "key_encoding", "payload", "payload_encoding"}
"""What may hold a person; a header's value may, too."""


def row(letter: Letter) -> str:
    """One line: id, when it was refused, by which service, reason, detail."""
    return visible("  ".join((letter.id, refused_at(letter), letter.service, letter.data.reason, masked_detail(letter.data.detail))))


def json_row(letter: Letter) -> str:
    """One line of JSON: the letter's event without key, payload, values of headers and names that are not ours; `refusedat` is when it was refused."""
    data = letter.data
    masked = {
        "detail": masked_detail(data.detail),
        "faults": [{"path": masked_path(fault.path), "expected": fault.expected} for fault in data.faults],
        "headers": [{"name": masked_header(header.name)} for header in data.headers],
    }
    event = {
        "specversion": "1.0",
        "id": letter.id,
        "source": f"/medaid/{letter.service}",
        "type": "deadletter.v1",
        "time": letter.time,
        "refusedat": refused_at(letter),
        "data": data.model_dump(mode="json", exclude_none=True, exclude=_PERSONAL) | masked,
    }
    return json.dumps(event)  # in ASCII: a sender's control and direction characters reach no terminal


def summary(found: Listing) -> Iterator[str]:
    """How many letters there are by topic and reason, most first, and how many of them are shown."""
    for (topic, reason), count in sorted(found.counts.items(), key=lambda entry: (-entry[1], entry[0])):
        yield f"{count:7}  {visible(topic)}  {reason}"
    if found.strays:
        yield f"{found.strays:7}  records in dead-letter topics are no dead letters"
    total = found.counts.total()
    shown = f"the newest {len(found.rows)} of {total} are shown; --limit shows more" if len(found.rows) < total else "all are shown"
    yield f"{total:7}  dead letters; {shown}" if total else "no dead letters"


def block(letter: Letter) -> str:
    """Everything about one letter; its payload is indented, so that no line of it is taken for one of ours."""
    data, refused = letter.data, letter.refused
    told = [
        ("refused", f"{refused_at(letter)} by {letter.service}"),
        ("reason", data.reason),
        ("detail", data.detail),
        *(("fault", f"{fault.path}: {fault.expected}") for fault in data.faults[1:]),
        ("time", letter.time),
        ("key", _text(refused.key)),
        *(("header", f"{name}: {_text(value)}") for name, value in refused.headers),
    ]
    if data.headers_left_out:
        told.append(("header", f"{data.headers_left_out} more found no room in the letter"))
    told.append(("payload", _size(letter)))
    lines = [visible(letter.id), *(f"{name:<8} {visible(text)}" for name, text in told)]
    if refused.value is not None:
        lines += [f"  {line}" for line in visible_lines(_text(refused.value))]
    return "\n".join(lines) + "\n"


def refused_at(letter: Letter) -> str:
    """When the letter was written, by Kafka: date and time in +08:00."""
    at_ms = min(max(letter.place.refused_at_ms, 0), _AT_MS_MAX)
    return (_EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="seconds")


def _text(value: bytes | None) -> str:
    """Bytes for the eye: those that are no UTF-8 as escapes."""
    return "(null)" if value is None else value.decode(errors="backslashreplace")


def _size(letter: Letter) -> str:
    """How much of the payload follows."""
    value, data = letter.refused.value, letter.data
    if value is None:
        return "(null), a tombstone"
    if data.length is not None:
        return f"the first {len(value)} of {data.length} bytes, SHA-256 {data.sha256}"
    return f"{len(value)} bytes"
