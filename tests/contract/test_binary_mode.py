"""Both ways to carry data: attributes in headers (binary mode), however their names are written; `data_base64` in structured mode."""

import base64
from typing import Any

import orjson
import pytest

from schemas.catalogue import CLAIMS, IDENTITY_EVENTS
from schemas.refusal import Refused
from tests.contract.examples import event_of
from tests.contract.reading import CLAIM, GRANT, changed, read, refusal

Headers = tuple[tuple[str, Any], ...]
DATA = orjson.dumps(event_of(CLAIM)["data"])
ATTRIBUTES = {name: str(value) for name, value in event_of(CLAIM).items() if name != "data"}


def headers(name: str = "ce_{}", value: str = "{}", **other: str) -> Headers:
    """The claim's attributes as headers, their names and values written so."""
    return tuple((name.format(attribute), value.format(text).encode()) for attribute, text in {**ATTRIBUTES, **other}.items())


@pytest.mark.parametrize("name", ["ce_{}", "ce-{}", "CE_{}", "Ce-{}", '"ce_{}"', '"ce-{}"'])
@pytest.mark.parametrize("value", ["{}", '"{}"'])
def test_a_header_may_be_written_in_any_case_hyphened_and_quoted(name: str, value: str) -> None:
    event = read(CLAIMS, DATA, headers(name, value))
    assert (event.id, event.source, event.time) == (ATTRIBUTES["id"], ATTRIBUTES["source"], ATTRIBUTES["time"])
    assert event.data == read(CLAIMS, orjson.dumps(event_of(CLAIM))).data


def test_a_value_in_quotes_is_json_and_one_of_http_percent_encoded() -> None:
    assert read(CLAIMS, DATA, headers("ce_{}", id='"a\\"b"')).id == 'a"b'
    assert read(CLAIMS, DATA, headers("ce-{}", id="a%20b%E5%90%8D")).id == "a b名"
    assert read(CLAIMS, DATA, headers("ce_{}", id="a%20b")).id == "a%20b"  # Kafka's headers are UTF-8, nothing is encoded
    assert refusal(CLAIMS, DATA, headers("ce-{}", id="%FF")) == ("invalid_event", "headers")


@pytest.mark.parametrize("name", ["ce.{}", "ce{}", "ce__{}", "cloudEvents_{}", "cloudEvents:{}", "ce_ {}", "'ce_{}'"])
def test_headers_by_other_names_are_spoken_of_as_headers(name: str) -> None:
    for value in (DATA, b"[1]", b"{}"):
        with pytest.raises(Refused, match=r"^headers: .*ce_specversion") as caught:
            read(CLAIMS, value, headers(name))
        assert caught.value.reason == "invalid_event"


def test_a_missing_or_wrong_header_is_spoken_of_as_a_header() -> None:
    without = tuple(header for header in headers() if header[0] != "ce_specversion")
    assert refusal(CLAIMS, DATA, without) == ("invalid_event", "headers")
    with pytest.raises(Refused, match=r"^time: .* in the header ce_time \(and 1 more\)$"):
        read(CLAIMS, b"[]", headers(time="today"))
    with pytest.raises(Refused, match=r"^id: .* in the header ce_id$"):
        read(CLAIMS, DATA, tuple(header for header in headers() if header[0] != "ce_id"))


def test_a_control_character_in_a_header_is_refused() -> None:
    assert refusal(CLAIMS, DATA, headers(id="a\x1b")) == ("invalid_event", "id")
    assert refusal(CLAIMS, DATA, headers(subject="a\n")) == ("invalid_event", "subject")
    assert refusal(CLAIMS, DATA.replace(b"320722", b"3207\\u001b"), headers()) == ("invalid_event", "data.district")


def test_other_headers_change_nothing_in_structured_mode() -> None:
    whole = orjson.dumps(event_of(CLAIM))
    for more in ((("traceparent", b"00-1"),), (("ce_id", b"other"),), (("ce.type", b"x"), ("id", b"y"))):
        assert read(CLAIMS, whole, more).id == ATTRIBUTES["id"]


def packed(packed_data: Any, **more: Any) -> bytes:
    """The claim with `data` in base64."""
    event = {name: value for name, value in event_of(CLAIM).items() if name != "data"}
    return orjson.dumps(event | {"data_base64": packed_data} | more)


def test_data_may_come_in_base64() -> None:
    event = read(CLAIMS, packed(base64.b64encode(DATA).decode()))
    assert event == read(CLAIMS, orjson.dumps(event_of(CLAIM)))
    assert read(CLAIMS, packed(base64.b64encode(DATA).decode(), data=None)) == event
    assert read(CLAIMS, orjson.dumps(event_of(CLAIM) | {"data_base64": None})) == event


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (7, ("invalid_event", "data_base64")), ("{}", ("invalid_event", "data_base64")), ("e30", ("invalid_event", "data_base64")),
        (["e30="], ("invalid_event", "data_base64")), ("名", ("invalid_event", "data_base64")), ("ew==", ("malformed_json", "data_base64")),
        ("", ("malformed_json", "data_base64")), ("W10=", ("invalid_event", "data")),
    ],
)  # fmt: skip
def test_what_is_no_base64_of_json_is_refused(data: Any, expected: tuple[str, str]) -> None:
    assert refusal(CLAIMS, packed(data)) == expected


def test_data_and_its_base64_exclude_each_other() -> None:
    assert refusal(CLAIMS, packed(base64.b64encode(DATA).decode(), data={})) == ("invalid_event", "data_base64")


def test_what_lies_in_base64_is_judged_like_any_data() -> None:
    for data in (changed(CLAIM, note=1), changed(CLAIM, person_id="nil"), changed(CLAIM, district="\x1b")):
        inner = base64.b64encode(orjson.dumps(orjson.loads(data)["data"])).decode()
        assert refusal(CLAIMS, packed(inner)) == refusal(CLAIMS, data)
    assert refusal(IDENTITY_EVENTS, packed("e30=", type=event_of(GRANT)["type"]))[0] == "invalid_event"
