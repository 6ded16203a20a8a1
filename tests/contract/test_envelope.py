"""Times, dates, attributes, binary mode and sizes."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from schemas.catalogue import CLAIMS, IDENTITY_EVENTS
from schemas.envelope import HEADERS_BYTES_MAX, VALUE_BYTES_MAX
from schemas.refusal import Refused
from schemas.times import instant_ns, local_day
from tests.contract.examples import accepted, bytes_of, event_of, readers_of, record
from tests.contract.reading import CLAIM, GRANT, altered, changed, read, refusal


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


@pytest.mark.parametrize(
    "day", ["2025-2-01", "20250201", "2025-02-29", "1899-12-31", "2101-01-01", "9999-12-31", "2025-02-01T00:00:00Z", "", 20250201]
)
def test_what_is_no_day_is_invalid(day: Any) -> None:
    assert refusal(CLAIMS, changed(CLAIM, birth_date=day)) == ("invalid_event", "data.birth_date")


def test_a_day_may_lie_between_1900_and_2100() -> None:
    assert read(IDENTITY_EVENTS, changed(GRANT, effective_date="2100-12-31", birth_date="1900-01-01")).data.effective_date.year == 2100


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
    more = {"subject": None, "traceparent": "00-1", "dataref": 1.5, "sequence": 18446744073709551615}
    assert read(CLAIMS, altered(CLAIM, **more)).data.claim_id == "S-2025-55120"


def binary(event: Mapping[str, Any], **more: bytes | None) -> tuple[bytes, tuple[tuple[str, bytes | None], ...]]:
    """A structured event in binary mode."""
    names = {f"ce_{name}": str(value).encode() for name, value in event.items() if name != "data"}
    return orjson.dumps(event["data"]), tuple((names | {"content-type": b"application/json"} | more).items())


@pytest.mark.parametrize(
    ("topic", "kind", "name"), [example for example in accepted() if readers_of(example[0]) and not example[0].endswith(".dlq")]
)
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
    values = [changed(CLAIM, **{name: secret}) for name in ("person_id", "visit_type", "region", "total_amount", "birth_date", "in_county")]
    values += [altered(CLAIM, **{name: secret}) for name in ("type", "source", "time")]
    for value in (*values, changed(CLAIM, **{secret: 1}), changed(CLAIM, conditions=[secret])):
        with pytest.raises(Refused) as caught:
            read(CLAIMS, value)
        assert secret not in str(caught.value)
        assert "320722" not in str(caught.value)
    with pytest.raises(Refused, match=r"^data\.note: no such field$"):
        read(CLAIMS, changed(CLAIM, note=1))
