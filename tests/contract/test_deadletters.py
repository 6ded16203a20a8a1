"""Dead letters keep what was refused, exactly, and always fit into a record."""

import base64
import hashlib
from typing import Any

import orjson
import pytest

from schemas.catalogue import CLAIMS, dead_letters_of
from schemas.deadletters import DeadLetter
from schemas.envelope import VALUE_BYTES_MAX
from schemas.refusal import Refused
from services.runtime.deadletters import KEPT_BYTES, letter
from services.runtime.home import home_of
from services.runtime.records import Output, Record
from tests.contract.examples import PARTITIONS, bytes_of, city, record

REFUSED = Refused("invalid_event", "data.note", "no such field")
RECORD_BYTES_MAX = 1_000_000
"""Kafka's default is 1 MiB, its own bytes included."""


def written(found: Record) -> tuple[Output, DeadLetter, dict[str, Any]]:
    output = letter("settlement", 1, found, REFUSED)
    event = orjson.loads(output.value or b"")
    return output, DeadLetter.model_validate(event["data"]), event


def original(text: str | None, encoding: str | None) -> bytes | None:
    """Back to the bytes."""
    if text is None:
        return None
    return base64.b64decode(text, validate=True) if encoding == "base64" else text.encode()


ODD_BYTES = [
    b"", b"P1", "王".encode(), b"\xff\xfe", b"\x00", b"a\x00b", b'"\\/\n\t\r', b"\xed\xa0\x80", bytes(range(256)), "\u2028\x7f".encode(), b"\x1b[31m",
]  # fmt: skip


@pytest.mark.parametrize("value", [*ODD_BYTES, None])
def test_value_key_and_headers_are_kept_exactly(value: bytes | None) -> None:
    headers: tuple[Any, ...] = (("ce_id", value), ("ce_id", b"again"), ("", value), ("名", b"\xff"))
    output, kept, _ = written(record(CLAIMS, value, key=value, headers=headers, partition=3, offset=7))
    assert original(kept.payload, kept.payload_encoding) == value
    assert original(kept.key, kept.key_encoding) == value == output.key
    assert tuple((header.name, original(header.value, header.encoding)) for header in kept.headers) == headers
    assert (kept.headers_left_out, kept.length, kept.sha256) == (0, None, None)
    assert (kept.topic, kept.partition, kept.offset) == (CLAIMS, 3, 7)
    assert (output.topic, output.partition) == (dead_letters_of(CLAIMS), 1)


def test_readable_text_stays_readable() -> None:
    _, kept, _ = written(record(CLAIMS, '{"名": "李"}\n'.encode(), key="李".encode()))
    assert (kept.payload, kept.payload_encoding, kept.key) == ('{"名": "李"}\n', None, "李")


def test_of_a_too_large_value_the_first_64_kib_its_length_and_hash_are_kept() -> None:
    value = bytes(range(256)) * 2_000
    _, kept, _ = written(record(CLAIMS, value))
    assert original(kept.payload, kept.payload_encoding) == value[:KEPT_BYTES]
    assert KEPT_BYTES == 64 * 1024
    assert (kept.length, kept.sha256) == (len(value), hashlib.sha256(value).hexdigest())


def test_a_value_of_just_256_kib_is_kept_whole() -> None:
    value = b"x" * VALUE_BYTES_MAX
    _, kept, _ = written(record(CLAIMS, value))
    assert (original(kept.payload, kept.payload_encoding), kept.length) == (value, None)


@pytest.mark.parametrize("unit", [b"x", b'"', b"\\", b"\n", b"\x01", b"\xff", b"\x00", "李".encode(), b"\x7f", b"\x08"])
@pytest.mark.parametrize("headers", ["one", "many", "named"])
def test_the_letter_of_the_worst_record_fits_into_a_record(unit: bytes, headers: str) -> None:
    """Otherwise its lane would try to send it for ever."""
    big = (unit * VALUE_BYTES_MAX)[:VALUE_BYTES_MAX]
    name = unit.decode(errors="replace")
    given = {"one": (("x", big * 3),), "many": (("", b""),) * 100_000, "named": ((name * 400, unit * 100),) * 400}[headers]
    output, kept, _ = written(record(CLAIMS, big, key=big * 3, headers=given))
    assert len(output.value or b"") + len(output.key or b"") < RECORD_BYTES_MAX
    assert len(kept.headers) + kept.headers_left_out == len(given)
    assert original(kept.payload, kept.payload_encoding) == big


@pytest.mark.parametrize(
    ("value", "headers", "expected"),
    [
        (b'{"time":"2025-05-20T16:40:00+08:00"}', (), "2025-05-20T16:40:00+08:00"),
        (
            b'{"time":"2025-05-20T00:00:00Z"}',
            (("ce_specversion", b"1.0"), ("ce_time", b"2025-05-20T16:40:00+08:00")),
            "2025-05-20T16:40:00+08:00",
        ),
        (b'{"time":"soon"}', (), "2026-01-01T00:00:00.000Z"),
        (b'{"time":["2025"]}', (), "2026-01-01T00:00:00.000Z"),
        (b"[1]", (), "2026-01-01T00:00:00.000Z"),
        (None, (), "2026-01-01T00:00:00.000Z"),
        (b'"' * 300_000, (), "2026-01-01T00:00:00.000Z"),
    ],
)
def test_its_time_is_the_events_or_else_the_records(value: bytes | None, headers: Any, expected: str) -> None:
    assert written(record(CLAIMS, value, headers=headers))[2]["time"] == expected


@pytest.mark.parametrize("timestamp_ms", [-1, -(2**63), 2**63 - 1])
def test_a_records_own_time_may_be_anything(timestamp_ms: int) -> None:
    found = Record(CLAIMS, 0, 0, None, b"", timestamp_ms=timestamp_ms)
    assert written(found)[2]["time"] in {"1970-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"}


async def test_an_unexpected_error_sets_the_record_aside_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """`processing_failed`: its detail tells the kind of the error, not its text; the person's year goes on as if it had not come."""
    from services.settlement import app

    decide = app.decide

    def clumsy(policies: Any, person: Any, event: Any) -> Any:
        if event.id == "S-2025-55120":
            raise KeyError("P320700-0001 has 4500.00")
        return decide(policies, person, event)

    monkeypatch.setattr(app, "decide", clumsy)
    place = await city()
    claim = bytes_of("hospital.claim.submitted.v1/inpatient")[0]
    written = [orjson.loads(out.value or b"{}") for out in await place.send(CLAIMS, claim)]
    assert [out["type"] for out in written] == ["deadletter.v1"]
    assert (written[0]["data"]["reason"], written[0]["data"]["detail"]) == ("processing_failed", "data: to be decided without KeyError")
    assert written[0]["data"]["payload"].encode() == claim
    after = [orjson.loads(out.value or b"{}") for out in await place.send(CLAIMS, claim.replace(b"S-2025-55120", b"S-2025-55122"))]
    assert [out["data"]["sequence"] for out in after if out["type"] == "settlement.completed.v1"] == [1]


async def test_a_refused_record_with_odd_bytes_is_kept_by_the_service() -> None:
    """From the topic to the dead letter: key, headers and place of a record that lay in the wrong partition too."""
    place = await city()
    lane = (home_of("P320700-0001", PARTITIONS) + 1) % PARTITIONS
    value = bytes_of("hospital.claim.submitted.v1/refused/invalid_amounts-paid_above_scope")[0]
    place.embedded.publish(CLAIMS, None, value, (("trace", b"\xff\x00"),), partition=lane)
    await place.embedded.settle()
    [found] = [out for out in place.embedded.drain() if out.topic == dead_letters_of(CLAIMS)]
    kept = DeadLetter.model_validate(orjson.loads(found.value or b"")["data"])
    assert (kept.reason, kept.partition, kept.key) == ("invalid_amounts", lane, None)
    assert original(kept.payload, kept.payload_encoding) == value
    assert [(header.name, original(header.value, header.encoding)) for header in kept.headers] == [("trace", b"\xff\x00")]
