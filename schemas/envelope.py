"""From bytes to a validated event: size, JSON, envelope, type, shape, in this order. Money, dates and codes of a policy are tested later.

In: a record's value and headers (CloudEvents 1.0, structured or binary mode). Out: `CloudEvent` with a frozen model as data.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, Protocol, TypeVar

import orjson
from pydantic import ValidationError

from schemas.fields import Model
from schemas.refusal import Refused
from schemas.times import EXPECTED_INSTANT, instant_ns

VALUE_BYTES_MAX = 256 * 1024


class Homed(Protocol):
    """Data that belongs to one person or hospital."""

    @property
    def home(self) -> str:
        """Whose lane decides it."""
        ...


D = TypeVar("D", covariant=True)
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class CloudEvent(Generic[D]):
    """An event of a known type. `time` is as sent, `time_ns` the instant it names (see `schemas.times`)."""

    id: str
    source: str
    type: str
    time: str
    time_ns: int
    data: D

    @property
    def home(self: "CloudEvent[Homed]") -> str:
        """The person or hospital whose lane decides it."""
        return self.data.home

    @property
    def cause(self) -> dict[str, str]:
        """What `caused_by` of a consequence says."""
        return {"source": self.source, "id": self.id}


def read_event(value: bytes | None, headers: tuple[tuple[str, bytes], ...], types: Mapping[str, type[M]]) -> CloudEvent[M]:
    """The event in `value`, one of `types`.

    Raises:
        Refused: `too_large`, `malformed_json`, `invalid_event` or `unknown_type`; the first that applies.
    """
    envelope = read_envelope(value, headers)
    kind = envelope["type"]
    model = types.get(kind)
    if model is None:
        raise Refused("unknown_type", "type", "one of " + ", ".join(sorted(types)))
    try:
        data = model.model_validate(envelope["data"])
    except ValidationError as error:
        raise _shape_refusal(error) from None
    return CloudEvent(envelope["id"], envelope["source"], kind, envelope["time"], instant_ns(envelope["time"]), data)


def read_envelope(value: bytes | None, headers: tuple[tuple[str, bytes], ...]) -> dict[str, Any]:
    """The CloudEvents attributes and `data` of a record, whatever its type.

    Raises:
        Refused: `too_large`, `malformed_json` or `invalid_event`.
    """
    if value is not None and len(value) > VALUE_BYTES_MAX:
        raise Refused("too_large", "value", f"at most {VALUE_BYTES_MAX} bytes")
    document = _read_json(value or b"")
    names = {name.lower(): header for name, header in headers}
    structured = names.get("content-type", b"").lower().startswith(b"application/cloudevents")
    if not structured and "ce_specversion" in names:
        document = _binary_mode(document, names)
    if not isinstance(document, dict):
        raise Refused("invalid_event", "$", "a CloudEvents 1.0 JSON object")
    _check_attributes(document)
    return document


def _read_json(value: bytes) -> Any:
    """JSON with exact numbers: what has a fraction or an exponent becomes a Decimal."""
    try:
        document = orjson.loads(value)
        return json.loads(value, parse_float=Decimal) if _has_float(document) else document
    except (orjson.JSONDecodeError, ArithmeticError, RecursionError, ValueError):
        raise Refused("malformed_json", "$", "JSON in UTF-8, without NaN or infinity") from None


def _has_float(document: Any) -> bool:
    """Whether a number with a fraction or an exponent stands in the document: its digits are then read again, exactly."""
    if isinstance(document, dict):
        return any(_has_float(value) for value in document.values())
    if isinstance(document, list):
        return any(_has_float(value) for value in document)
    return isinstance(document, float)


def _binary_mode(data: Any, names: Mapping[str, bytes]) -> dict[str, Any]:
    """The attributes from `ce_` headers, the value as `data`."""
    try:
        attributes: dict[str, Any] = {name[3:]: header.decode() for name, header in names.items() if name.startswith("ce_")}
    except UnicodeDecodeError:
        raise Refused("invalid_event", "headers", "ce_ headers in UTF-8") from None
    return {**attributes, "data": data}


def _check_attributes(document: dict[str, Any]) -> None:
    if document.get("specversion") != "1.0":
        raise Refused("invalid_event", "specversion", '"1.0"')
    for name in ("id", "source", "type", "time"):
        if not isinstance(document.get(name), str) or not document[name]:
            raise Refused("invalid_event", name, "a text that is not empty")
    try:
        instant_ns(document["time"])
    except ValueError:
        raise Refused("invalid_event", "time", EXPECTED_INSTANT) from None
    if not isinstance(document.get("data"), dict):
        raise Refused("invalid_event", "data", "an object")


def _shape_refusal(error: ValidationError) -> Refused:
    """The first fault of `data`, in words that do not repeat the value."""
    fault = error.errors(include_url=False, include_input=False)[0]
    path = ".".join(["data", *(str(part) for part in fault["loc"])])
    words = {"missing": "to be given", "extra_forbidden": "no such field"}
    expected = words.get(fault["type"]) or fault["msg"].removeprefix("Value error, ")
    return Refused("invalid_event", path, expected)


def write_event(kind: str, source: str, event_id: str, time: str, data: Mapping[str, Any]) -> bytes:
    """One of our own events as bytes: structured mode, one line."""
    return orjson.dumps({"specversion": "1.0", "id": event_id, "source": source, "type": kind, "time": time, "data": data})
