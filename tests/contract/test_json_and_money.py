"""JSON by its exact numbers, money by its value, and bytes that are neither."""

import time

import orjson
import pytest

from schemas.catalogue import ADMISSIONS, CLAIMS, IDENTITY_EVENTS
from schemas.envelope import VALUE_BYTES_MAX
from schemas.exact_json import DEPTH_MAX
from tests.contract.examples import event_of
from tests.contract.reading import CLAIM, changed, read, refusal


def with_fee(text: str) -> bytes:
    """The claim with a consultation fee as these very characters."""
    event = event_of(CLAIM)
    event["data"]["consultation_fee"] = "@"
    return orjson.dumps(event).replace(b'"@"', text.encode())


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("12.5", 1250), ("1e2", 10_000), ('"12.50"', 1250), ('"12.5"', 1250), ("12", 1200), ("0", 0), ("-0", 0), ("0.0e5", 0), ("1E-2", 1),
        ("12.3400000000000000000000000000000000000000", 1234), ("125e-1", 1250), ("0e999999999999999999999", 0), ("0.29", 29), ("1.1e0", 110),
        ("4503599627370497.5e-10", None), ("17.000", 1700), ('"0000000017"', 1700), ("null", 0),
    ],
)  # fmt: skip
def test_money_counts_by_its_value(text: str, fen: int | None) -> None:
    if fen is None:
        assert refusal(CLAIMS, with_fee(text)) == ("invalid_event", "data.consultation_fee")
    else:
        assert read(CLAIMS, with_fee(text)).data.consultation_fee == fen


@pytest.mark.parametrize(
    "text",
    [
        "12.345", "1e30", "-1", "-0.01", "12.3400000000000000001", "12.34" + "0" * 40 + "1", "1e400", "-1e400", "1" * 400, "1" * 5_000, "1e-400",
        "10000000000", "9999999999.999", "1e10", "1e999999999999999999999", "0." + "0" * 100_000 + "1", "18446744073709551616", "true", "[]", "{}",
        '"12.345"', '"-1"', '"+1"', '"1e2"', '" 12"', '"12 "', '"１２"', '"12,50"', '"12345678901"', '"12."', '".5"', '""', '"1\\n"', '"NaN"',
    ],
)  # fmt: skip
def test_what_is_json_but_no_money_is_an_invalid_event(text: str) -> None:
    assert refusal(CLAIMS, with_fee(text)) == ("invalid_event", "data.consultation_fee")


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "nan", "01", "1.", ".5", "+1", "0x10", "1_000", "1e", "--1", "１２", ""])
def test_what_is_no_json_number_is_malformed(text: str) -> None:
    assert refusal(CLAIMS, with_fee(text)) == ("malformed_json", "$")


def test_the_same_amount_in_another_form_is_the_same_claim() -> None:
    forms = [read(CLAIMS, with_fee(text)).data for text in ('"12.00"', "12", "1.2e1", "12.000")]
    assert all(form == forms[0] for form in forms)


@pytest.mark.parametrize(
    "value",
    [
        None, b"", b" ", b"{", b"[1,]", b'{"a":1,}', b"{} {}", b"// no\n{}", b"'a'", b'{"a":"\x01"}', b'{"a":"\xff"}', b'{"a":"\xed\xa0\x80"}',
        b"\xef\xbb\xbf{}", b'{"a":"\\x"}',
        "{}".encode("utf-16"), "{}".encode("utf-32"), '{"名":"李"}'.encode("gb18030"), b"\x00", b"\x1f\x8b\x08\x00", b'{"a":tru}',
    ],
)  # fmt: skip
def test_what_is_no_json_in_utf8_is_malformed(value: bytes | None) -> None:
    for topic in (CLAIMS, IDENTITY_EVENTS, ADMISSIONS):
        assert refusal(topic, value) == ("malformed_json", "$")


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (b'{"a":"\\ud800"}', "a"), (b'{"a":"\\ud800", "b":1.5}', "a"), (b'{"a":1e400, "b":["\\udc00x"]}', "b.0"), (b'{"\\ud800":1.5}', "?"),
    ],
)  # fmt: skip
def test_half_a_surrogate_pair_is_no_text_of_an_event(value: bytes, path: str) -> None:
    for topic in (CLAIMS, IDENTITY_EVENTS, ADMISSIONS):
        assert refusal(topic, value) == ("invalid_event", path)


@pytest.mark.parametrize("value", [b"[]", b"1", b"1.5", b"null", b'"text"', b"{}", b'{"specversion":"1.0"}', b"1e400"])
def test_json_that_is_no_event_is_invalid(value: bytes) -> None:
    assert refusal(CLAIMS, value)[0] == "invalid_event"


@pytest.mark.parametrize("number", [b"1", b"1.5", b"1e400"])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
@pytest.mark.parametrize("depth", [DEPTH_MAX, DEPTH_MAX + 1, 500, 1_000, 1_025, 20_000])
def test_how_deep_json_may_be_does_not_depend_on_what_is_in_it(number: bytes, opening: bytes, closing: bytes, depth: int) -> None:
    reason = "invalid_event" if depth <= DEPTH_MAX else "malformed_json"
    assert refusal(CLAIMS, opening * depth + number + closing * depth)[0] == reason


@pytest.mark.parametrize("unit", [b'\\"', b'"', b"[", b"{", b"[1.5,", b'{"a":', b"\\", b"1e400,", b"-", b"0", b"\xc3", b"\xff"])
@pytest.mark.parametrize("start", [b"", b'"', b'[1.5,"', b"[1.5", b'{"a":1e400,"b":"'])
def test_hostile_bytes_take_no_time(start: bytes, unit: bytes) -> None:
    """A pattern that goes back took five minutes for half a text of 256 KiB."""
    value = (start + unit * VALUE_BYTES_MAX)[:VALUE_BYTES_MAX]
    began = time.process_time()
    refusal(CLAIMS, value)
    assert time.process_time() - began < 5


def test_of_duplicate_keys_the_last_counts() -> None:
    value = orjson.dumps(event_of(CLAIM)).replace(b'"data":{', b'"data":{"person_id":"Somebody","total_amount":1.5,')
    assert read(CLAIMS, value).data == read(CLAIMS, orjson.dumps(event_of(CLAIM))).data
    assert refusal(CLAIMS, orjson.dumps(event_of(CLAIM))[:-1] + b',"type":"x"}') == ("unknown_type", "type")


def test_null_counts_as_absent() -> None:
    assert read(CLAIMS, changed(CLAIM, other_paid=None, in_county=None, conditions=None)).data.other_paid == 0
    assert refusal(CLAIMS, changed(CLAIM, total_amount=None)) == ("invalid_event", "data.total_amount")


def test_a_number_is_no_text_and_a_text_no_boolean() -> None:
    assert refusal(CLAIMS, changed(CLAIM, claim_id=7)) == ("invalid_event", "data.claim_id")
    assert refusal(CLAIMS, changed(CLAIM, in_county="true")) == ("invalid_event", "data.in_county")
    assert refusal(CLAIMS, changed(CLAIM, in_county=1)) == ("invalid_event", "data.in_county")


@pytest.mark.parametrize("person_id", ["", "P 1", "李", "P/1", "P|1", "P1\n", "P" * 65, "P\u0000"])
def test_an_id_of_other_characters_is_invalid(person_id: str) -> None:
    assert refusal(CLAIMS, changed(CLAIM, person_id=person_id)) == ("invalid_event", "data.person_id")


def test_an_id_may_have_64_characters() -> None:
    person_id = "A.b_c:d-" * 8
    assert read(CLAIMS, changed(CLAIM, person_id=person_id)).home == person_id
