"""Dead letters: the refused record whole, with its place and the reason, as one event on `<topic>.dlq`.

Promise: the letter of any record that Kafka took fits into a record itself, for a lane would send one that does not for ever: at most
`VALUE_BYTES_MAX` of value, `KEPT_BYTES` of key and `HEADERS_BYTES_MAX` of headers are kept, and no byte of value or key takes more than two.
"""

import base64
import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from schemas.catalogue import dead_letters_of
from schemas.envelope import ATTRIBUTE_LENGTH_MAX, HEADERS_BYTES_MAX, VALUE_BYTES_MAX, read_document, size_of_header, write_event
from schemas.times import instant_ns
from services.runtime.errors import Refused, Unreadable
from services.runtime.logging import places_of
from services.runtime.records import Output, Record, Refusal
from services.runtime.traces import trace_of

log = structlog.get_logger(__name__)

KEPT_BYTES = 64 * 1024
"""How much of a too large value or key is kept."""

_LONG_IN_JSON = re.compile(r"[\x00-\x07\x0b\x0e-\x1f]")
"""What JSON writes in six bytes."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMESTAMP_MS_MAX = 253_402_300_799_999
"""The last millisecond that a calendar has; a producer may have written anything."""


def refusal(service: str, record: Record, error: Exception) -> Refused:
    """Why `record` is set aside. A mistake of ours that met it is told in the log, by its places.

    Raises:
        Unreadable: Not the record is at fault, but the view.
    """
    if isinstance(error, Unreadable):
        raise error
    refused = error if isinstance(error, Refused) else Refused("processing_failed", "data", f"to be decided without {type(error).__name__}")
    if refused.reason == "processing_failed":
        where = f"{record.topic}[{record.partition}]@{record.offset}"
        log.error("processing failed", service=service, record=where, raised=places_of(error), **trace_of(record))
    return refused


def letter(service: str, partition: int, record: Record, refused: Refused) -> Output:
    """`record` as a dead letter on `partition` of its topic's dead-letter topic."""
    key = None if record.key is None else record.key[:KEPT_BYTES]
    value = letter_value(service, record, refused, record.topic)
    return Output(dead_letters_of(record.topic), partition, key, value, told=Refusal(record.topic, refused.reason))


def letter_value(service: str, record: Record, refused: Refused, topic: str | None) -> bytes:
    """The `deadletter.v1` event; `topic` is None for a line that fits none."""
    key, key_encoding = _text(None if record.key is None else record.key[:KEPT_BYTES])
    kept = _kept_headers(record)
    data: dict[str, Any] = {
        "reason": refused.reason,
        "detail": str(refused),
        "faults": [fault._asdict() for fault in refused.faults],
        "topic": topic,
        "partition": None if topic is None else record.partition,
        "offset": record.offset,
        "key": key,
        "key_encoding": key_encoding,
        "headers": kept,
        "headers_left_out": len(record.headers) - len(kept),
        **_payload(record.value),
    }
    place = f"line/{record.offset}" if topic is None else f"{topic}/{record.partition}/{record.offset}"
    return write_event("deadletter.v1", f"/medaid/{service}", place, _time(record), data)


def _payload(value: bytes | None) -> dict[str, Any]:
    """The value whole, or what is kept of a too large one."""
    if value is not None and len(value) > VALUE_BYTES_MAX:
        payload, encoding = base64.b64encode(value[:KEPT_BYTES]).decode(), "base64"
        return {"payload": payload, "payload_encoding": encoding, "length": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    text, code = _text(value)
    return {"payload": text, "payload_encoding": code}


def _kept_headers(record: Record) -> list[dict[str, str | None]]:
    """The first headers that find room."""
    kept: list[dict[str, str | None]] = []
    room = HEADERS_BYTES_MAX
    for name, value in record.headers:
        room -= size_of_header(name, value)
        if room < 0:
            break
        text, code = _text(value)
        kept.append({"name": name, "value": text, "encoding": code})
    return kept


def _text(value: bytes | None) -> tuple[str | None, str | None]:
    """Bytes as text; as base64, with its name, where they are no UTF-8 or would grow sixfold in JSON."""
    if value is None:
        return None, None
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode(), "base64"
    return (base64.b64encode(value).decode(), "base64") if _LONG_IN_JSON.search(text) else (text, None)


def _time(record: Record) -> str:
    """The time of the refused event, or of its record where it has none."""
    try:
        time = read_document(record.value, record.headers).get("time")
        if isinstance(time, str) and len(time) <= ATTRIBUTE_LENGTH_MAX["time"]:
            instant_ns(time)
            return time
    except (Refused, ValueError):
        pass  # then the event has no time of its own
    at_ms = min(max(record.timestamp_ms, 0), _TIMESTAMP_MS_MAX)
    return (_EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
