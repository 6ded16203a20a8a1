"""From bytes to a validated event: size, JSON, envelope, type, shape, in this order. Money, dates and codes of a policy are tested later.

In: a record's value and headers (CloudEvents 1.0, structured or binary mode). Out: `CloudEvent` with a frozen model as data.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

import orjson
from pydantic import ValidationError

from schemas.exact_json import read_json
from schemas.fields import Model
from schemas.refusal import Refused
from schemas.times import EXPECTED_INSTANT, instant_ns

Headers = tuple[tuple[str, bytes | None], ...]
"""A record's headers; Kafka knows null as a value."""

VALUE_BYTES_MAX = 256 * 1024
HEADERS_BYTES_MAX = 32 * 1024
"""Of all headers of a record together, `HEADER_BYTES` each besides name and value; more might not fit into its dead letter."""

HEADER_BYTES = 64

ATTRIBUTE_LENGTH_MAX: Final[Mapping[str, int]] = {"id": 1024, "source": 1024, "type": 256, "time": 64}
"""The attributes that every event has, and how long they may be: they travel on in timelines and results, which must fit into a record."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)


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


def read_event(
    value: bytes | None, headers: Headers, types: Mapping[str, type[M]], bytes_max: int | None = VALUE_BYTES_MAX
) -> CloudEvent[M]:
    """The event in `value`, one of `types`, of at most `bytes_max` bytes. None: it is our own, which may be as long as it must, and may
    have fields of a later version of ours, which are passed over.

    Raises:
        Refused: `too_large`, `malformed_json`, `invalid_event` or `unknown_type`; the first that applies.
    """
    envelope = read_envelope(value, headers, bytes_max)
    kind = envelope["type"]
    model = types.get(kind)
    if model is None:
        raise Refused("unknown_type", "type", "one of " + ", ".join(sorted(types)))
    try:
        data = model.model_validate(envelope["data"], extra="ignore" if bytes_max is None else None)
    except ValidationError as error:
        raise Refused("invalid_event", *_fault(error)) from None
    return CloudEvent(envelope["id"], envelope["source"], kind, envelope["time"], instant_ns(envelope["time"]), data)


def read_envelope(value: bytes | None, headers: Headers, bytes_max: int | None = VALUE_BYTES_MAX) -> dict[str, Any]:
    """The CloudEvents attributes and `data` of a record, whatever its type.

    Raises:
        Refused: `too_large`, `malformed_json` or `invalid_event`.
    """
    document = read_document(value, headers, bytes_max)
    _check_attributes(document)
    return document


def read_document(value: bytes | None, headers: Headers, bytes_max: int | None = VALUE_BYTES_MAX) -> dict[str, Any]:
    """What a record says of itself, its attributes not checked yet: the JSON object of structured mode, or the same from headers and value.

    Raises:
        Refused: `too_large`, `malformed_json` or `invalid_event`.
    """
    if value is not None and bytes_max is not None and len(value) > bytes_max:
        raise Refused("too_large", "value", f"at most {bytes_max} bytes")
    if headers and sum(size_of_header(*header) for header in headers) > HEADERS_BYTES_MAX:
        raise Refused("too_large", "headers", f"at most {HEADERS_BYTES_MAX} bytes together, {HEADER_BYTES} each besides name and value")
    document = read_json(value or b"")
    if headers:
        names = {name.lower(): header or b"" for name, header in headers}
        structured = names.get("content-type", b"").lower().startswith(b"application/cloudevents")
        if not structured and "ce_specversion" in names:
            return _binary_mode(document, names)
    if not isinstance(document, dict):
        raise Refused("invalid_event", "$", "a CloudEvents 1.0 JSON object")
    return document


def size_of_header(name: str, value: bytes | None) -> int:
    """What a header counts, in bytes."""
    return len(name.encode()) + len(value or b"") + HEADER_BYTES


def _binary_mode(data: Any, names: Mapping[str, bytes]) -> dict[str, Any]:
    """The attributes from `ce_` headers, the value as `data`.

    Raises:
        Refused: `invalid_event`, a header is no UTF-8.
    """
    try:
        attributes: dict[str, Any] = {name[3:]: header.decode() for name, header in names.items() if name.startswith("ce_")}
    except UnicodeDecodeError:
        raise Refused("invalid_event", "headers", "ce_ headers in UTF-8") from None
    return {**attributes, "data": data}


def _check_attributes(document: dict[str, Any]) -> None:
    if document.get("specversion") != "1.0":
        raise Refused("invalid_event", "specversion", '"1.0"')
    for name, length_max in ATTRIBUTE_LENGTH_MAX.items():
        value = document.get(name)
        if not isinstance(value, str) or not 1 <= len(value) <= length_max:
            raise Refused("invalid_event", name, f"a text of 1 to {length_max} characters")
    try:
        instant_ns(document["time"])
    except ValueError:
        raise Refused("invalid_event", "time", EXPECTED_INSTANT) from None
    if not isinstance(document.get("data"), dict):
        raise Refused("invalid_event", "data", "an object")


def _fault(error: ValidationError) -> tuple[str, str]:
    """The first fault of `data`: its path and what was expected, in words that do not repeat the value."""
    fault = error.errors(include_url=False, include_input=False)[0]
    path = ".".join(["data", *map(_step, fault["loc"])])
    words = {"missing": "to be given", "extra_forbidden": "no such field"}
    return path, words.get(fault["type"]) or fault["msg"].removeprefix("Value error, ")


def _step(part: str | int) -> str:
    """One step of a path. The name of an unknown field is the sender's and may hold anything: it is told only where it looks like a name."""
    return str(part) if isinstance(part, int) or _NAME.fullmatch(part) else "?"


def write_event(kind: str, source: str, event_id: str, time: str, data: Mapping[str, Any]) -> bytes:
    """One of our own events as bytes: structured mode, one line."""
    return orjson.dumps({"specversion": "1.0", "id": event_id, "source": source, "type": kind, "time": time, "data": data})
