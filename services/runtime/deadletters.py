"""Dead letters: the refused record whole, with its place and the reason, as one event on `<topic>.dlq`."""

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

import orjson

from schemas.catalogue import dead_letters_of
from schemas.envelope import VALUE_BYTES_MAX, write_event
from schemas.times import instant_ns
from services.runtime.errors import Refused
from services.runtime.records import Output, Record

KEPT_BYTES = 64 * 1024
"""How much of a too large value is kept."""


def letter(service: str, partition: int, record: Record, refused: Refused) -> Output:
    """`record` as a dead letter on `partition` of its topic's dead-letter topic."""
    return Output(dead_letters_of(record.topic), partition, record.key, letter_value(service, record, refused, record.topic))


def letter_value(service: str, record: Record, refused: Refused, topic: str | None) -> bytes:
    """The `deadletter.v1` event; `topic` is None for a line that fits none."""
    value = record.value
    data: dict[str, Any] = {
        "reason": refused.reason,
        "detail": str(refused),
        "topic": topic,
        "partition": None if topic is None else record.partition,
        "offset": record.offset,
    }
    data["key"], data["key_encoding"] = _text(record.key)
    data["headers"] = [{"name": name, "value": text, "encoding": code} for name, (text, code) in ((n, _text(v)) for n, v in record.headers)]
    if value is not None and len(value) > VALUE_BYTES_MAX:
        data |= {"length": len(value), "sha256": hashlib.sha256(value).hexdigest()}
        data["payload"], data["payload_encoding"] = base64.b64encode(value[:KEPT_BYTES]).decode(), "base64"
    else:
        data["payload"], data["payload_encoding"] = _text(value)
    place = f"{topic or 'line'}/{record.partition}/{record.offset}" if topic else f"line/{record.offset}"
    return write_event("deadletter.v1", f"/medaid/{service}", place, _time(record), data)


def _text(value: bytes | None) -> tuple[str | None, str | None]:
    """Bytes as text, or as base64 with its name where they are no UTF-8."""
    if value is None:
        return None, None
    try:
        return value.decode(), None
    except UnicodeDecodeError:
        return base64.b64encode(value).decode(), "base64"


def _time(record: Record) -> str:
    """The time of the refused event, or of its record where it has none."""
    value = record.value
    if value is not None and len(value) <= VALUE_BYTES_MAX:
        try:
            event = orjson.loads(value)
            instant_ns(event["time"])
            return str(event["time"])
        except (orjson.JSONDecodeError, LookupError, TypeError, ValueError):
            pass  # then the event has no time of its own
    return datetime.fromtimestamp(record.timestamp_ms / 1000, UTC).isoformat().replace("+00:00", "Z")
