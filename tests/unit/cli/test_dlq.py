"""`medaid dlq list` and `show`: which letters are listed and how, and what shows of one. Letters are made by the services' own function."""

import re
from datetime import date
from typing import Any

import orjson
import pytest

from schemas.catalogue import CLAIM_TYPES, CLAIMS
from schemas.envelope import read_event
from services.cli.letter_text import block, json_row, row, summary
from services.ledger.letters.listing import letters_of, listing
from services.runtime.deadletters import letter as letter_of
from services.runtime.errors import Refused
from services.runtime.letters import read_letter
from services.runtime.records import Record
from tests.unit.events import claim
from tests.unit.ledger.letters import letter_record, read, refused, stream

ANY_BYTES = [b"", b"plain", "医疗救助".encode(), b"\xff\xfe\x00", b"\x00\x1b[2J", bytes(range(256)), b'{"a": "\\u0000"}\r\n']
BINARY = (("content-type", b"application/json"), ("ce_specversion", b"1.0"), ("x", b"\xff\x00"), ("x", b"again"), ("none", None), ("", b""))
GOOD = claim("1", "2025-03-02", "1500.00").rstrip()
LARGE = b"x" * (256 * 1024 + 1)


@pytest.mark.parametrize("value", [None, *ANY_BYTES])
@pytest.mark.parametrize("key", [None, *ANY_BYTES])
def test_the_refused_record_comes_back_byte_for_byte(value: bytes | None, key: bytes | None) -> None:
    record = refused(value, key, headers=BINARY)
    letter = read(letter_record(record))
    assert letter.refused == record
    assert (letter.id, letter.service, letter.is_whole) == (f"{CLAIMS}/2/7", "settlement", True)


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"[]", b'"x"', b"{}", GOOD, b'{"type":"deadletter.v1","data":{}}'])
def test_a_record_that_is_no_letter_is_none(value: bytes | None) -> None:
    assert read_letter(refused(value)) is None


def test_a_letter_with_broken_base64_is_none() -> None:
    record = letter_record(refused(b"\xff"))
    assert read_letter(Record(record.topic, 0, 0, None, (record.value or b"").replace(b'"/w=="', b'"/w="'))) is None


async def test_the_newest_are_listed_last_and_all_are_counted() -> None:
    """Whatever partition they come from; a record that is no letter is counted and stops nothing."""
    hours = [3, 1, 5, 2, 4]
    records = [letter_record(refused(offset=hour), when=f"2025-06-11T0{hour}:00:00+08:00") for hour in hours]
    found = await listing(stream([*records, refused(b"no letter"), letter_record(refused(), "malformed_json")]), row, limit=3)
    assert [line.split()[0] for line in found.rows] == [f"{CLAIMS}/2/{offset}" for offset in (4, 5, 7)]
    assert found.counts == {(CLAIMS, "invalid_amounts"): 5, (CLAIMS, "malformed_json"): 1}
    assert [" ".join(line.split()) for line in summary(found)] == [
        f"5 {CLAIMS} invalid_amounts",
        f"1 {CLAIMS} malformed_json",
        "1 records in dead-letter topics are no dead letters",
        "6 dead letters; the newest 3 of 6 are shown; --limit shows more",
    ]


async def test_a_reason_and_a_day_in_local_time_choose() -> None:
    """The day begins at midnight in +08:00, and it is the day of the refusal, not of the event."""
    before, after = "2025-06-10T15:59:59.999+00:00", "2025-06-10T16:00:00+00:00"
    records = [
        letter_record(refused(offset=0), when=before),
        letter_record(refused(offset=1), when=after),
        letter_record(refused(offset=2), "unknown_region", when=after),
    ]
    ids = [[line.split()[0][-1] for line in (await listing(stream(records), row, 9, *choice)).rows] for choice in CHOICES]
    assert ids == [["0", "1", "2"], ["1", "2"], ["2"], ["1"], []]


CHOICES: list[tuple[str | None, date | None]] = [
    (None, None),
    (None, date(2025, 6, 11)),
    ("unknown_region", None),
    ("invalid_amounts", date(2025, 6, 11)),
    ("too_large", None),
]


async def test_nothing_found_is_said_so() -> None:
    found = await listing(stream([]), row, limit=1)
    assert (found.rows, list(summary(found))) == ([], ["no dead letters"])


def test_a_row_tells_id_time_service_reason_and_detail() -> None:
    line = row(read(letter_record(refused(), service="monitoring")))
    assert line == f"{CLAIMS}/2/7  2025-06-11T10:00:00+08:00  monitoring  invalid_amounts  data.basic_paid: at most total_amount"


@pytest.mark.parametrize("form", [row, json_row])
def test_no_listing_holds_a_person_whom_a_sender_made_the_name_of_something(form: Any) -> None:
    """A map by person instead of a list; a header named for whom it is about. The block, which tells all, has them."""
    record = refused(
        orjson.dumps({**orjson.loads(GOOD), "data": {"P4711": {}, "Zhang_San": 1}}), headers=(("x-P4711", b""), ("Content-Type", b""))
    )
    with pytest.raises(Refused) as caught:
        read_event(record.value, record.headers, CLAIM_TYPES)
    written = letter_of("settlement", 2, record, Refused("invalid_event", *caught.value.faults[-1], caught.value.faults[:-1]))
    told = read(Record(written.topic, 2, 7, written.key, written.value))
    assert "data.P4711: no such field" in block(told)
    assert [name for name in ("P4711", "Zhang") if name in form(told)] == []
    assert "data.?: no such field" in form(told)


@pytest.mark.parametrize("form", [row, json_row])
def test_no_listing_holds_a_person(form: Any) -> None:
    """Who may stand in the key, in the payload, and in a header's value."""
    letter = read(letter_record(refused(b'{"person_id": "P4711"}', b"P4711", headers=(("ce_partitionkey", b"P4711"),))))
    assert "P4711" in block(letter)
    assert "P4711" not in form(letter)


def test_a_json_line_is_the_letter_without_what_is_personal() -> None:
    event = orjson.loads(json_row(read(letter_record(refused(GOOD, headers=(("ce_id", b"1"),))))))
    assert event["refusedat"] == "2025-06-11T10:00:00+08:00"
    assert event["time"] == "2025-12-31T09:00:00+08:00"
    assert event["data"] == {
        "reason": "invalid_amounts",
        "detail": "data.basic_paid: at most total_amount",
        "faults": [{"path": "data.basic_paid", "expected": "at most total_amount"}],
        "topic": CLAIMS,
        "partition": 2,
        "offset": 7,
        "headers": [{"name": "ce_id"}],
        "headers_left_out": 0,
    }


async def test_all_letters_of_an_id_are_found_the_newest_last() -> None:
    """Of two services, of a second reading; not of an id that begins alike, nor of one that a payload quotes."""
    mine = [
        letter_record(refused(), when="2025-06-11T12:00:00+08:00", place=30),
        letter_record(refused(), when="2025-06-11T10:00:00+08:00", place=31),
        letter_record(refused(), when="2025-06-11T11:00:00+08:00", place=2, service="monitoring"),
    ]
    others = [letter_record(refused(offset=70)), letter_record(refused(b'"id":"hospital.claims.v1/2/7"', offset=8))]
    found = await letters_of(f"{CLAIMS}/2/7", stream([*mine, *others]))
    assert [(letter.place.offset, letter.service) for letter in found] == [(31, "settlement"), (2, "monitoring"), (30, "settlement")]


def test_what_a_sender_wrote_reaches_no_terminal_as_a_command() -> None:
    """Escape sequences, and what turns the direction of writing; lines and tabs stay."""
    evil = "{\n\t\x1b[2J\u202e\x9b\r\n}".encode()
    text = block(read(letter_record(refused(evil, b"\x1b]0;", headers=(("a\x1b", b"\x07"),)))))
    assert re.search(r"[^\n\t -~]", text) is None
    assert text.endswith("payload  15 bytes\n  {\n  \t\\u001b[2J\\u202e\\u009b\n  }\n")


def test_a_block_tells_everything() -> None:
    letter = read(letter_record(refused(b"{}", None, headers=(("x", b"\xff"), ("none", None)))))
    assert block(letter).splitlines() == [
        f"{CLAIMS}/2/7",
        "refused  2025-06-11T10:00:00+08:00 by settlement",
        "reason   invalid_amounts",
        "detail   data.basic_paid: at most total_amount",
        "time     1970-01-01T00:00:00.000Z",
        "key      (null)",
        "header   x: \\xff",
        "header   none: (null)",
        "payload  2 bytes",
        "  {}",
    ]


def test_a_block_tells_every_fault() -> None:
    value = orjson.loads(letter_record(refused()).value or b"")
    value["data"]["faults"].append({"path": "data.note", "expected": "no such field"})
    lines = block(read(letter_record(refused())._replace(value=orjson.dumps(value)))).splitlines()
    assert lines[3:5] == ["detail   data.basic_paid: at most total_amount", "fault    data.note: no such field"]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (refused(None), "(null), a tombstone"),
        (refused(LARGE), f"the first 65536 of {len(LARGE)} bytes, SHA-256 "),
        (refused(b"{}", headers=(("long", b"x" * 40_000),)), "1 more found no room in the letter"),
    ],
)
def test_a_block_says_what_is_missing(record: Record, said: str) -> None:
    assert said in block(read(letter_record(record, "too_large")))


@pytest.mark.parametrize("at_ms", [-1, 2**63 - 1])
def test_a_time_beyond_every_calendar_is_no_failure(at_ms: int) -> None:
    record = letter_record(refused())
    letter = read(Record(record.topic, 0, 0, None, record.value, (), at_ms))
    assert re.search(r"  (1970-01-01T08|9999-12-\d\dT\d\d):\d\d:\d\d\+08:00  ", row(letter))
