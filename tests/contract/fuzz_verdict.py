"""What must hold of each record that our services write while hostile records come in: its schema, and of a dead letter all that the contract says."""

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_args

import orjson
from jsonschema import Draft202012Validator

from schemas.catalogue import dead_letters_of
from schemas.envelope import HEADERS_BYTES_MAX, VALUE_BYTES_MAX, size_of_header
from schemas.refusal import Reason
from schemas.topics import types_on
from services.runtime.deadletters import KEPT_BYTES
from services.runtime.records import Record
from tests.contract.examples import readers_of
from tests.contract.fuzzing import ORIGIN

SCHEMAS = Path(__file__).parents[2] / "schemas" / "json"
CONTRACT = Path(__file__).parents[2] / "schemas"
CITIES = Path(__file__).parents[2] / "services" / "policy" / "cities"
PATH = re.compile(r"\$|([A-Za-z0-9_]{1,64}|\?)(\.([A-Za-z0-9_]{1,64}|\?))*")
WORD = re.compile(r"\w{5,}")
BROKEN_AT = re.compile(r"line \d+, column \d+ \(byte \d+\)|byte \d+ is none")
"""Where JSON breaks: numbers of ours."""

PLACE = re.compile(rb"[0-9]{1,19} [0-9]{1,19} -?[0-9]{1,19}")
"""Partition, offset and timestamp of a copy's origin."""

Event = Mapping[str, Any]


def check_schema(record: Record) -> None:
    """Whatever we write is of a type of its topic, and valid by its generated schema; copies and tombstones are not ours to judge."""
    if record.value is not None and not record.topic.endswith(".rerouted.v1"):
        _check_schema(record.topic, record.value)


@cache
def _check_schema(topic: str, value: bytes) -> None:
    event = orjson.loads(value)
    assert event["type"] in types_on(topic), topic
    faults = [f"{fault.json_path}: {fault.message[:200]}" for fault in _validator(event["type"]).iter_errors(event)]
    assert not faults, (event["type"], faults)


@cache
def _validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator(orjson.loads((SCHEMAS / f"{kind}.json").read_bytes()))


def origin_of(record: Record) -> Record:
    """Where a record lay first: elsewhere only if it is a copy in a rerouting topic, from a place in an input."""
    named = dict(record.headers[-4:])
    topic, *numbers = (named.get(name) or b"" for name in ORIGIN)
    inputs = {source.encode() for service in readers_of(record.topic) for source in service.inputs}
    if not record.topic.endswith(".rerouted.v1") or topic not in inputs or not PLACE.fullmatch(b" ".join(numbers)):
        return record
    return record._replace(topic=topic.decode(), partition=int(numbers[0]), offset=int(numbers[1]), headers=record.headers[:-4])


def check_letter(origin: Record, letter: Record) -> None:
    """One dead letter of a record that lay at `origin`."""
    event: Event = orjson.loads(letter.value or b"")
    data = event["data"]
    assert letter.topic == dead_letters_of(origin.topic)
    assert letter.key == (None if origin.key is None else origin.key[:KEPT_BYTES]) == _bytes(data["key"], data["key_encoding"])
    assert data["reason"] in get_args(Reason)
    assert data["reason"] != "processing_failed", f"a bug of ours: {data['detail']}"
    assert (data["topic"], data["partition"], data["offset"]) == (origin.topic, origin.partition, origin.offset)
    _check_payload(origin.value, data)
    _check_headers(origin, data)
    check_detail(origin.value or b"", data["detail"])
    for fault in data["faults"]:
        check_detail(origin.value or b"", f"{fault['path']}: {fault['expected']}")


def _check_payload(value: bytes | None, data: Event) -> None:
    """The original bytes; of too many the first, how many they are, and their hash."""
    kept = _bytes(data["payload"], data["payload_encoding"])
    if value is not None and len(value) > VALUE_BYTES_MAX:
        assert (kept, data["length"], data["sha256"]) == (value[:KEPT_BYTES], len(value), hashlib.sha256(value).hexdigest())
    else:
        assert (kept, data.get("length"), data.get("sha256")) == (value, None, None)


def _check_headers(origin: Record, data: Event) -> None:
    """The original headers, as long as they find room."""
    kept = [(header["name"], _bytes(header["value"], header["encoding"])) for header in data["headers"]]
    assert tuple(kept) == origin.headers[: len(kept)]
    assert len(kept) + data["headers_left_out"] == len(origin.headers)
    if data["headers_left_out"]:
        assert sum(size_of_header(*header) for header in origin.headers[: len(kept) + 1]) > HEADERS_BYTES_MAX


def check_detail(value: bytes, detail: str) -> None:
    """A field and what was expected there; no word of the value that is not one of our own."""
    path, _, expected = detail.partition(": ")
    assert PATH.fullmatch(path), detail
    assert expected, detail
    quoted = set(WORD.findall(BROKEN_AT.sub("", expected))) & set(WORD.findall(value.decode(errors="replace"))) - _vocabulary()
    assert not quoted, f"{detail} quotes {quoted}"


@cache
def _vocabulary() -> frozenset[str]:
    """The words of the contract and of the decrees: names, codes, limits, and what the contract's code says of a fault."""
    texts = [path.read_text("utf-8") for folder in (SCHEMAS, CITIES) for path in folder.iterdir() if path.is_file()]
    texts += [path.read_text("utf-8") for path in CONTRACT.glob("*.py")]
    return frozenset(word for text in texts for word in WORD.findall(text))


def _bytes(text: str | None, encoding: str | None) -> bytes | None:
    """What a letter holds as text or base64."""
    if text is None:
        return None
    return base64.b64decode(text, validate=True) if encoding == "base64" else text.encode()
