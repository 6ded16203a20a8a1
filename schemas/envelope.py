"""From bytes to a validated event: size, JSON, envelope, type, shape, in this order. Money, dates and codes of a policy are tested later.

In: a record's value and headers (CloudEvents 1.0, structured or binary mode). Out: `CloudEvent` with a frozen model as data.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import orjson
from pydantic import ValidationError

from schemas.attributes import ATTRIBUTE_LENGTH_MAX, BODY, attribute_faults
from schemas.binary_mode import EXPECTED_HEADERS, Headers, attributes_in, look_alike
from schemas.exact_json import read_json
from schemas.fields import Model
from schemas.own_codes import NO_REGION, Regions
from schemas.refusal import Fault, Refused
from schemas.texts import holds_no_id, may_hold_controls, missing_ids_in, step, unfit_texts_in
from schemas.times import instant_ns

__all__ = [
    "ATTRIBUTE_LENGTH_MAX", "HEADERS_BYTES_MAX", "VALUE_BYTES_MAX", "CloudEvent", "Headers",
    "read_document", "read_envelope", "read_event", "size_of_header", "write_event",
]  # fmt: skip

VALUE_BYTES_MAX = 256 * 1024
HEADERS_BYTES_MAX = 32 * 1024
"""Of all headers of a record together, `HEADER_BYTES` each besides name and value; more might not fit into its dead letter."""

HEADER_BYTES = 64


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
    value: bytes | None,
    headers: Headers,
    types: Mapping[str, type[M]],
    bytes_max: int | None = VALUE_BYTES_MAX,
    own: Regions = NO_REGION,
) -> CloudEvent[M]:
    """The event in `value`, one of `types`, of at most `bytes_max` bytes; `own`: the codes that regions declare besides the contract's.

    `bytes_max` None: our own, which may be as long as it must, and holds texts and ids as they were once accepted; fields of a later version of ours are
    passed over.

    Raises:
        Refused: `too_large`, `malformed_json`, `invalid_event` or `unknown_type`; the first that applies, with all faults of its stage.
    """
    document, is_binary, is_plain = _opened(value, headers, bytes_max)
    is_foreign = bytes_max is not None
    model = types.get(str(document.get("type")))
    if faults := attribute_faults(
        document, is_binary, is_plain
    ):  # with those of `data`, where its type is known: they are `invalid_event` too
        faults += _data_faults(model, document.get("data"), is_foreign, own) if model else []
        raise Refused("invalid_event", *faults[0], faults[1:])
    if model is None:
        raise Refused("unknown_type", "type", "one of " + ", ".join(sorted(types)))
    data = document["data"]
    try:
        read = model.model_validate(data, extra=None if is_foreign else "ignore", context=own)
    except ValidationError:
        faults = _data_faults(model, data, is_foreign, own)
        raise Refused("invalid_event", *faults[0], faults[1:]) from None
    if is_foreign and (not is_plain or holds_no_id(data)) and (faults := _data_faults(model, data, is_foreign, own)):
        raise Refused("invalid_event", *faults[0], faults[1:])
    return CloudEvent(document["id"], document["source"], document["type"], document["time"], instant_ns(document["time"]), read)


def read_envelope(value: bytes | None, headers: Headers, bytes_max: int | None = VALUE_BYTES_MAX) -> dict[str, Any]:
    """The CloudEvents attributes and `data` of a record, whatever its type.

    Raises:
        Refused: `too_large`, `malformed_json` or `invalid_event`.
    """
    document, is_binary, is_plain = _opened(value, headers, bytes_max)
    if faults := attribute_faults(document, is_binary, is_plain):
        raise Refused("invalid_event", *faults[0], faults[1:])
    return document


def read_document(value: bytes | None, headers: Headers, bytes_max: int | None = VALUE_BYTES_MAX) -> dict[str, Any]:
    """What a record says of itself, its attributes not checked yet: the JSON object of structured mode, or the same from headers and value.

    Raises:
        Refused: `too_large`, `malformed_json` or `invalid_event`.
    """
    return _opened(value, headers, bytes_max)[0]


def size_of_header(name: str, value: bytes | None) -> int:
    """What a header counts, in bytes."""
    return len(name.encode()) + len(value or b"") + HEADER_BYTES


def _opened(value: bytes | None, headers: Headers, bytes_max: int | None) -> tuple[dict[str, Any], bool, bool]:
    """Attributes and `data`; whether they came in headers (binary mode); whether no text of theirs needs to be looked at for control characters.

    Raises:
        Refused: As `read_document`.
    """
    if value is not None and bytes_max is not None and len(value) > bytes_max:
        raise Refused("too_large", "value", f"at most {bytes_max} bytes")
    if headers and sum(size_of_header(*header) for header in headers) > HEADERS_BYTES_MAX:
        raise Refused("too_large", "headers", f"at most {HEADERS_BYTES_MAX} bytes together, {HEADER_BYTES} each besides name and value")
    document = read_json(value)
    if headers and (attributes := attributes_in(headers)) is not None:
        return {**attributes, "data": document}, True, bytes_max is None
    if headers and not (isinstance(document, dict) and "specversion" in document) and look_alike(headers):
        raise Refused("invalid_event", "headers", EXPECTED_HEADERS)
    if not isinstance(document, dict):
        raise Refused("invalid_event", "$", "a CloudEvents 1.0 JSON object, one a record")
    if document.get("data_base64") is not None:
        return _unpacked(document), False, bytes_max is None
    return document, False, bytes_max is None or value is None or not may_hold_controls(value)


def _unpacked(document: dict[str, Any]) -> dict[str, Any]:
    """The event with the JSON in `data_base64` as its `data`.

    Raises:
        Refused: `invalid_event`: no base64, or beside `data`; `malformed_json`: its bytes are none.
    """
    packed = document["data_base64"]
    if document.get("data") is not None:
        raise Refused("invalid_event", "data_base64", "not to be given beside data")
    try:
        value = base64.b64decode(packed.encode(), validate=True)
    except (AttributeError, binascii.Error):
        raise Refused("invalid_event", "data_base64", "a text, the base64 of the JSON of data") from None
    try:
        data = read_json(value)
    except Refused as refused:
        raise Refused(refused.reason, "data_base64", refused.expected) from None
    return {**{name: given for name, given in document.items() if name not in BODY}, "data": data}


def _data_faults(model: type[Model], data: Any, is_foreign: bool, own: Regions) -> list[Fault]:
    """All faults of `data`: what `model` finds, in words that do not repeat the value, and what no id and text of others may be."""
    if not isinstance(data, dict):
        return []  # the attributes' faults tell it
    faults: list[Fault] = []
    try:
        model.model_validate(data, context=own)
    except ValidationError as error:
        faults += map(_fault, error.errors(include_url=False, include_input=False))
    if is_foreign:
        faults += missing_ids_in(data)
        known = {fault.path for fault in faults}
        faults += (fault for fault in unfit_texts_in(data, "data") if fault.path not in known)
    return faults


def _fault(error: Mapping[str, Any]) -> Fault:
    """One fault that a model found."""
    path = ".".join(["data", *map(step, error["loc"])])
    words = {"missing": "to be given", "extra_forbidden": "no such field"}
    return Fault(path, words.get(error["type"]) or error["msg"].removeprefix("Value error, "))


def write_event(kind: str, source: str, event_id: str, time: str, data: Mapping[str, Any]) -> bytes:
    """One of our own events as bytes: structured mode, one line."""
    return orjson.dumps({"specversion": "1.0", "id": event_id, "source": source, "type": kind, "time": time, "data": data})
