"""How a record is read: its JSON, money by its value, times, binary mode, and which of two faults is told."""

import copy
import time
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

import orjson
import pytest

from schemas.catalogue import ADMISSIONS, CLAIMS, IDENTITY_EVENTS
from schemas.envelope import HEADERS_BYTES_MAX, VALUE_BYTES_MAX, CloudEvent
from schemas.exact_json import DEPTH_MAX
from schemas.hospital import ClaimSubmitted
from schemas.refusal import Refused
from schemas.times import instant_ns, local_day
from tests.contract.examples import accepted, bytes_of, city, event_of, readers_of, record

CLAIM = "hospital.claim.submitted.v1/inpatient"
GRANT = "identity.status.granted.v1/low_income_margin"
TOPICS = {"hospital.claim.submitted.v1": CLAIMS, "identity.status.granted.v1": IDENTITY_EVENTS}


def read(topic: str, value: bytes | None, headers: tuple[tuple[str, Any], ...] = ()) -> CloudEvent[Any]:
    """What the service that owns `topic` makes of a record."""
    event: CloudEvent[Any] = readers_of(topic)[0].read(record(topic, value, headers=headers))
    return event


def refusal(topic: str, value: bytes | None, headers: tuple[tuple[str, Any], ...] = ()) -> tuple[str, str]:
    """Reason and field."""
    with pytest.raises(Refused) as caught:
        read(topic, value, headers)
    return caught.value.reason, caught.value.field


def with_fee(text: str) -> bytes:
    """The claim with a consultation fee as these very characters."""
    event = event_of(CLAIM)
    event["data"]["consultation_fee"] = "@"
    return orjson.dumps(event).replace(b'"@"', text.encode())


def changed(example: str, **data: Any) -> bytes:
    """An example with other data."""
    event = event_of(example)
    event["data"] |= data
    return orjson.dumps(event)


def altered(example: str, **attributes: Any) -> bytes:
    """An example with other attributes."""
    return orjson.dumps(event_of(example) | attributes)


# Money


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


# JSON


@pytest.mark.parametrize(
    "value",
    [
        None, b"", b" ", b"{", b"[1,]", b'{"a":1,}', b"{} {}", b"// no\n{}", b"'a'", b'{"a":"\x01"}', b'{"a":"\xff"}', b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\\ud800"}', b'{"a":"\\ud800", "b":1.5}', b'{"a":1e400, "b":"\\udc00x"}', b'{"\\ud800":1.5}', b"\xef\xbb\xbf{}", b'{"a":"\\x"}',
        "{}".encode("utf-16"), "{}".encode("utf-32"), '{"名":"李"}'.encode("gb18030"), b"\x00", b"\x1f\x8b\x08\x00", b'{"a":tru}',
    ],
)  # fmt: skip
def test_what_is_no_json_in_utf8_is_malformed(value: bytes | None) -> None:
    for topic in (CLAIMS, IDENTITY_EVENTS, ADMISSIONS):
        assert refusal(topic, value) == ("malformed_json", "$")


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


# Times and dates


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025-05-20T16:40:00+08:00", "2025-05-20"), ("2025-05-20t15:59:59.999999999z", "2025-05-20"), ("2025-05-20T16:00:00Z", "2025-05-21"),
        ("9999-12-31T23:59:59+08:00", "9999-12-31"), ("2025-05-20T23:59:59.1234567891-23:59", "2025-05-22"), ("0001-01-01T00:00:00Z", "0001-01-01"),
    ],
)  # fmt: skip
def test_a_time_names_its_day_in_china(text: str, day: str) -> None:
    assert local_day(instant_ns(text)).isoformat() == day


def test_nine_digits_of_a_second_order_events() -> None:
    assert instant_ns("2025-05-20T16:40:00.123456790Z") - instant_ns("2025-05-20T16:40:00.123456789Z") == 1
    assert read(IDENTITY_EVENTS, altered(GRANT, time="2025-05-20T16:40:00.123456789Z")).time == "2025-05-20T16:40:00.123456789Z"


@pytest.mark.parametrize(
    "text",
    [
        "2025-05-20", "2025-05-20T16:40:00", "2025-05-20 16:40:00Z", "2025-02-29T00:00:00Z", "2025-05-20T24:00:00Z", "2025-05-20T16:40:00+24:00",
        "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "20250520T164000Z", "２０２５-05-20T16:40:00Z", "now", "", 1747730400, None, ["2025"],
        "2025-05-20T16:40:00." + "1" * 100 + "Z",
    ],
)  # fmt: skip
def test_what_is_no_time_is_invalid(text: Any) -> None:
    assert refusal(CLAIMS, altered(CLAIM, time=text)) == ("invalid_event", "time")


@pytest.mark.parametrize("day", ["2025-2-01", "20250201", "2025-02-29", "1899-12-31", "2101-01-01", "9999-12-31", "2025-02-01T00:00:00Z", "", 20250201])
def test_what_is_no_day_is_invalid(day: Any) -> None:
    assert refusal(CLAIMS, changed(CLAIM, birth_date=day)) == ("invalid_event", "data.birth_date")


def test_a_day_may_lie_between_1900_and_2100() -> None:
    assert read(IDENTITY_EVENTS, changed(GRANT, effective_date="2100-12-31", birth_date="1900-01-01")).data.effective_date.year == 2100


# Envelope and modes


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "time", "data"])
def test_an_attribute_is_missing_or_of_another_kind(name: str) -> None:
    event = event_of(CLAIM)
    for value in (None, 1, [], ""):
        assert refusal(CLAIMS, orjson.dumps(event | {name: value})) == ("invalid_event", name)
    del event[name]
    assert refusal(CLAIMS, orjson.dumps(event)) == ("invalid_event", name)


@pytest.mark.parametrize("name", ["id", "source", "type", "time"])
def test_an_attribute_has_an_end(name: str) -> None:
    assert refusal(CLAIMS, altered(CLAIM, **{name: "x" * 1025})) == ("invalid_event", name)


def test_other_attributes_and_extensions_pass() -> None:
    more = {"subject": None, "traceparent": "00-1", "dataref": 1.5, "sequence": 18446744073709551616}
    assert read(CLAIMS, altered(CLAIM, **more)).data.claim_id == "S-2025-55120"


def binary(event: Mapping[str, Any], **more: bytes | None) -> tuple[bytes, tuple[tuple[str, bytes | None], ...]]:
    """A structured event in binary mode."""
    names = {f"ce_{name}": str(value).encode() for name, value in event.items() if name != "data"}
    return orjson.dumps(event["data"]), tuple((names | {"content-type": b"application/json"} | more).items())


@pytest.mark.parametrize(("topic", "kind", "name"), [example for example in accepted() if readers_of(example[0]) and not example[0].endswith(".dlq")])
def test_binary_mode_says_the_same(topic: str, kind: str, name: str) -> None:
    structured = bytes_of(f"{kind}/{name}")[0]
    value, headers = binary(orjson.loads(structured))
    for service in readers_of(topic):
        assert service.read(record(topic, value, headers=headers)) == service.read(record(topic, structured))


def test_headers_may_be_written_in_capitals_and_without_content_type() -> None:
    value, headers = binary(event_of(CLAIM))
    loud = tuple((name.upper(), header) for name, header in headers if name != "content-type")
    assert read(CLAIMS, value, loud).data == read(CLAIMS, orjson.dumps(event_of(CLAIM))).data


def test_a_structured_event_stays_one_whatever_headers_say() -> None:
    headers = (("Content-Type", b"application/cloudevents+json; charset=utf-8"), ("ce_specversion", b"1.0"), ("ce_type", b"x"))
    assert read(CLAIMS, orjson.dumps(event_of(CLAIM)), headers).type == "hospital.claim.submitted.v1"


@pytest.mark.parametrize(
    ("name", "header", "expected"),
    [
        ("ce_id", None, ("invalid_event", "id")), ("ce_time", b"yesterday", ("invalid_event", "time")), ("ce_type", b"x", ("unknown_type", "type")),
        ("ce_source", b"\xff", ("invalid_event", "headers")), ("ce_specversion", b"0.3", ("invalid_event", "specversion")),
        ("content-type", None, None), ("x-trace", b"\xff\x00", None), ("x-null", None, None),
    ],
)  # fmt: skip
def test_a_header_at_fault(name: str, header: bytes | None, expected: tuple[str, str] | None) -> None:
    value, headers = binary(event_of(CLAIM), **{name: header})
    if expected is None:
        assert read(CLAIMS, value, headers).type == "hospital.claim.submitted.v1"
    else:
        assert refusal(CLAIMS, value, headers) == expected


def test_size_has_a_limit_for_value_and_headers() -> None:
    value = orjson.dumps(event_of(CLAIM)).ljust(VALUE_BYTES_MAX)
    assert read(CLAIMS, value).data.claim_id == "S-2025-55120"
    assert refusal(CLAIMS, value + b" ") == ("too_large", "value")
    assert refusal(CLAIMS, value, (("x", b"1" * HEADERS_BYTES_MAX),)) == ("too_large", "headers")
    assert refusal(CLAIMS, value, (("", b""),) * 1_000) == ("too_large", "headers")


def test_the_detail_tells_no_value() -> None:
    """Nor the name of an unknown field that looks like a value."""
    secret = "320722195803041234 王小明"
    for value in (changed(CLAIM, **{secret: 1}), changed(CLAIM, person_id=secret), changed(CLAIM, visit_type=secret), altered(CLAIM, type=secret),
                  changed(CLAIM, region=secret), changed(CLAIM, conditions=[secret]), altered(CLAIM, source=secret), changed(CLAIM, total_amount=secret)):  # fmt: skip
        with pytest.raises(Refused) as caught:
            read(CLAIMS, value)
        assert secret not in str(caught.value)
        assert "320722" not in str(caught.value)
    with pytest.raises(Refused, match=r"^data\.note: no such field$"):
        read(CLAIMS, changed(CLAIM, note=1))


# Order of the reasons


Fault = Callable[[dict[str, Any]], None]
AFTER_SIZE_AND_JSON = {"too_large": lambda value: value.ljust(VALUE_BYTES_MAX + 1), "malformed_json": lambda value: value[:-9]}
"""Faults of the bytes."""


def setting(**data: Any) -> Fault:
    return lambda event: event["data"].update(data)


def attribute(**attributes: Any) -> Fault:
    return lambda event: event.update(attributes)


def region_unknown(event: dict[str, Any]) -> None:
    event["data"]["region"] = "hangzhou"


CLAIM_FAULTS: Mapping[tuple[str, str], Fault] = {
    ("invalid_event", "time"): attribute(time="today"),
    ("unknown_type", "type"): attribute(type="hospital.claim.submitted.v9"),
    ("invalid_event", "data.note"): setting(note=1),
    ("unknown_region", "data.region"): region_unknown,
    ("source_mismatch", "source"): attribute(source="/hospitals/Another"),
    ("invalid_dates", "data.discharge_date"): setting(discharge_date="2025-05-07"),
    ("invalid_amounts", "data.policy_scope_amount"): setting(policy_scope_amount="99999.00"),
}
GRANT_FAULTS: Mapping[tuple[str, str], Fault] = {
    ("invalid_event", "id"): attribute(id=""),
    ("unknown_type", "type"): attribute(type="identity.status.lent.v1"),
    ("invalid_event", "data.effective_date"): setting(effective_date="soon"),
    ("unknown_region", "data.region"): region_unknown,
    ("source_mismatch", "source"): attribute(source="/agencies/suzhou/trade-union"),
    ("unknown_category", "data.category"): setting(category="nobleman"),
    ("agency_not_competent", "data.category"): attribute(source="/agencies/lianyungang/trade-union"),
}
PAIRS = [
    (example, first, second)
    for example, faults in ((CLAIM, CLAIM_FAULTS), (GRANT, GRANT_FAULTS))
    for first, second in combinations([("too_large", "value"), ("malformed_json", "$"), *faults], 2)
    if {first[0], second[0]} != {"source_mismatch", "agency_not_competent"}  # both are of the one source
]


def faulty(example: str, *names: tuple[str, str]) -> bytes:
    """An example with several faults."""
    event = copy.deepcopy(event_of(example))
    for name in names:
        if name[0] not in AFTER_SIZE_AND_JSON:
            (CLAIM_FAULTS if example == CLAIM else GRANT_FAULTS)[name](event)
    value = orjson.dumps(event)
    for reason in ("malformed_json", "too_large"):
        if reason in {name[0] for name in names}:
            value = AFTER_SIZE_AND_JSON[reason](value)
    return value


@pytest.mark.parametrize(("example", "first", "second"), PAIRS, ids=lambda part: part if isinstance(part, str) else "-".join(part))
def test_of_two_faults_the_first_in_the_contracts_order_is_told(example: str, first: tuple[str, str], second: tuple[str, str]) -> None:
    assert refusal(TOPICS[example.split("/")[0]], faulty(example, first, second)) == first


@pytest.mark.parametrize("fault", [("too_large", "value"), ("malformed_json", "$"), *CLAIM_FAULTS], ids="-".join)
async def test_a_duplicate_is_told_last(fault: tuple[str, str]) -> None:
    place = await city()
    await place.send(CLAIMS, bytes_of(CLAIM)[0])
    event = faulty(CLAIM, fault).replace(b"18250.00", b"18251.00")
    written = [orjson.loads(out.value or b"{}") for out in await place.send(CLAIMS, event)]
    assert [out["data"]["reason"] for out in written if out["type"] == "deadletter.v1"] == [fault[0]]


async def test_a_refused_event_does_not_use_up_its_id() -> None:
    place = await city()
    await place.send(CLAIMS, faulty(CLAIM, ("invalid_amounts", "data.policy_scope_amount")))
    written = [orjson.loads(out.value or b"{}")["type"] for out in await place.send(CLAIMS, bytes_of(CLAIM)[0])]
    assert "settlement.completed.v1" in written
    assert "deadletter.v1" not in written


def test_a_claim_reads_as_its_model_says() -> None:
    assert isinstance(read(CLAIMS, bytes_of(CLAIM)[0]).data, ClaimSubmitted)
