"""Everything that is held of a person: a canary in every topic is found, and nobody else comes with it."""

import base64
import json
from collections import Counter
from typing import Any

import pytest

from schemas.catalogue import (
    AUDIT,
    CLAIMS,
    HOSPITAL_SHARES,
    IDENTITY_EVENTS,
    IDENTITY_WAITING,
    RESULTS,
    SETTLEMENT_WAITING,
    TIMELINES,
    WARNINGS,
)
from schemas.refusal import Refused
from schemas.topics import load_topics
from services.ledger.persons.export import Progress, export, line_of
from services.ledger.persons.whose import reading_order
from services.runtime.deadletters import letter_value
from services.runtime.memory import MemoryBroker
from services.runtime.memory_kafka import MemoryKafka
from services.runtime.records import Record
from tests.unit.events import claim
from tests.unit.ledger.persons.canaries import CANARY, OTHER, planted

PARTITIONS = 3
TOO_BROKEN = {f"{topic}.dlq" for topic in (HOSPITAL_SHARES, RESULTS, SETTLEMENT_WAITING)}
"""Topics whose only example is cut off before it names anybody."""

Line = dict[str, Any]


async def exported(kafka: MemoryKafka, person: str = CANARY, progress: Progress | None = None) -> list[Line]:
    """The export's lines."""
    broker = MemoryBroker(kafka, "person", PARTITIONS)
    return [json.loads(line) async for line in export(broker, person, progress or Progress())]


@pytest.fixture
def kafka() -> MemoryKafka:
    return MemoryKafka()


async def test_a_canary_in_every_topic_is_found_and_nobody_else(kafka: MemoryKafka) -> None:
    everything, expected = list(planted()), set[tuple[str, int, int]]()
    for number, found in enumerate(everything):
        record = kafka.append(found.topic, number % PARTITIONS, None, found.value)
        if found.person == CANARY:
            expected.add(record[:3])
    assert {topic for topic, _, _ in expected} == set(load_topics()) - TOO_BROKEN
    totals: Counter[str] = Counter()
    progress = Progress(lambda total: totals.update(expected=total), lambda step: totals.update(read=step))
    lines = await exported(kafka, progress=progress)
    assert {(line["topic"], line["partition"], line["offset"]) for line in lines} == expected
    assert len(lines) == len(expected) == sum(progress.found.values())
    assert OTHER not in json.dumps(lines)
    assert totals == {"read": len(everything), "expected": len(everything)}
    assert await exported(kafka, "NOBODY-1") == []


async def test_topics_are_read_so_that_what_names_no_person_comes_last(kafka: MemoryKafka) -> None:
    order = list(reading_order())
    assert sorted(order) == sorted(load_topics())
    assert order[-1] == AUDIT
    assert order.index(RESULTS) < order.index(HOSPITAL_SHARES) < order.index(f"{CLAIMS}.dlq") < order.index(f"{CLAIMS}.dlq.dlq")


HIS, HIS_KEY = f'"{CANARY}"'.encode(), CANARY.encode()
SOMEBODY = f'"{OTHER}"'.encode()
ABOUT = b'{"specversion":"1.0","id":"1","source":"/s","type":"t","time":"2025-01-01T00:00:00Z","data":{"person_id":%b}}'
ESCAPED = "".join(f"\\u{ord(sign):04x}" for sign in CANARY).encode()
PACKED = b'{"specversion":"1.0","id":"1","source":"/s","type":"t","time":"2025-01-01T00:00:00Z","data_base64":"%b"}'
CASES: dict[str, tuple[str, bytes | None, bytes | None, bool]] = {
    "what names him lies under any key": (CLAIMS, SOMEBODY.strip(b'"'), ABOUT % HIS, True),
    "what names another lies under his key": (CLAIMS, HIS_KEY, ABOUT % SOMEBODY, False),
    "his id is the beginning of another's": (CLAIMS, None, ABOUT % (HIS[:-1] + b'0"'), False),
    "an id in escapes": (CLAIMS, None, ABOUT % (b'"' + ESCAPED + b'"'), True),
    "an id in base64": (CLAIMS, None, PACKED % base64.b64encode(b'{"person_id":%b}' % HIS), True),
    "another id in base64": (CLAIMS, None, PACKED % base64.b64encode(b'{"person_id":%b}' % SOMEBODY), False),
    "UTF-16": (CLAIMS, None, (ABOUT % HIS).decode().encode("utf-16"), True),
    "GBK": (CLAIMS, None, ABOUT % (HIS + ',"name":"张"'.encode("gbk")), True),
    "nothing but his key": (CLAIMS, HIS_KEY, b"\x00\x01", True),
    "a tombstone": (TIMELINES, HIS_KEY, None, True),
    "another's tombstone": (TIMELINES, OTHER.encode(), None, False),
    "a discharge that waits no longer": (IDENTITY_WAITING, b"H1/A1/" + HIS_KEY, None, True),
    "a reversal that waits no longer": (SETTLEMENT_WAITING, b"H1/C1/" + HIS_KEY + b"/suzhou", None, True),
    "another's reversal that waits no longer": (SETTLEMENT_WAITING, b"H1/C1/" + OTHER.encode() + b"/suzhou", None, False),
    "a year behind no longer": (SETTLEMENT_WAITING, b"suzhou/2025/" + HIS_KEY, None, True),
    "cut off, his alone": (CLAIMS, None, (ABOUT % HIS)[:-2], True),
    "cut off within his id's event id": (TIMELINES, None, b'{"id":"%b/1","sou' % HIS_KEY, True),
    "cut off within a longer id": (TIMELINES, None, b'{"id":"%b0/1","sou' % HIS_KEY, False),
    "cut off within an id that ends like his": (TIMELINES, None, b'{"id":"X-%b/1","sou' % HIS_KEY, False),
    "a broken list of several": (CLAIMS, HIS_KEY, b'[{"person_id":%b},{"person_id":%b}' % (HIS, SOMEBODY), False),
    "a warning about a hospital of his name": (
        WARNINGS,
        HIS_KEY,
        b'{"type":"t","data":{"warning_id":"hospital_self_pay_ratio/suzhou/%b/2025","subject":%b}}' % (HIS_KEY, HIS),
        False,
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_whose_a_record_is(kafka: MemoryKafka, case: str) -> None:
    topic, key, value, is_his = CASES[case]
    kafka.append(topic, 0, key, value)
    assert len(await exported(kafka)) == is_his


@pytest.mark.parametrize("case", [case for case, (topic, *_) in CASES.items() if topic == CLAIMS])
async def test_a_dead_letter_is_his_whose_record_was_refused(kafka: MemoryKafka, case: str) -> None:
    """And so is what the audit tells of that letter, though it names nobody."""
    topic, key, value, is_his = CASES[case]
    refused = Record(topic, 1, 17, key, value)
    kafka.append(f"{topic}.dlq", 2, key, letter_value("settlement", refused, Refused("malformed_json", "value", "JSON"), topic))
    kafka.append(AUDIT, 0, b"local:li", b'{"type":"console.audit.unmasked.v1","data":{"letter":"%b/1/17"}}' % topic.encode())
    kafka.append(AUDIT, 0, b"local:li", b'{"type":"console.audit.unmasked.v1","data":{"letter":"%b/1/18"}}' % topic.encode())
    assert [line["topic"] for line in await exported(kafka)] == [f"{topic}.dlq", AUDIT] * is_his


RESULT = b'{"type":"settlement.completed.v1","data":{"person_id":"%b","hospital_id":"H1","claim_id":"%d"}}'
SHARE = b'{"type":"t","data":{"claim":"H1/%d"}}'


async def test_a_hospital_s_share_is_his_by_his_claim(kafka: MemoryKafka) -> None:
    """By what was settled as his: a bill of his that was refused for it bears the key of another's is none."""
    kafka.append(RESULTS, 0, None, RESULT % (HIS_KEY, 1))
    kafka.append(RESULTS, 0, None, RESULT % (OTHER.encode(), 2))
    kafka.append(CLAIMS, 0, None, claim("2", "2025-03-02", "10.00", person_id=CANARY))
    for number in (1, 2):
        kafka.append(HOSPITAL_SHARES, 1, b"H1", SHARE % number)
        refused = Record(HOSPITAL_SHARES, 1, number, b"H1", SHARE % number)
        value = letter_value("monitoring", refused, Refused("processing_failed", "data", "?"), HOSPITAL_SHARES)
        kafka.append(f"{HOSPITAL_SHARES}.dlq", 1, b"H1", value)
    found = [(line["topic"], line["offset"]) for line in await exported(kafka)]
    assert sorted(found) == sorted([(CLAIMS, 0), (RESULTS, 0), (HOSPITAL_SHARES, 0), (f"{HOSPITAL_SHARES}.dlq", 0)])


async def test_what_the_audit_tells_of_another_is_not_his_though_the_letter_is(kafka: MemoryKafka) -> None:
    """As where what could not be read in a letter was sent by two operators as somebody else's."""
    refused = Record(CLAIMS, 1, 17, HIS_KEY, b"garbage")
    kafka.append(f"{CLAIMS}.dlq", 1, HIS_KEY, letter_value("settlement", refused, Refused("malformed_json", "value", "JSON"), CLAIMS))
    kafka.append(
        AUDIT, 0, b"l", b'{"type":"console.audit.replayed.v1","data":{"letter":"%b/1/17","person_id":%b}}' % (CLAIMS.encode(), SOMEBODY)
    )
    assert [line["topic"] for line in await exported(kafka)] == [f"{CLAIMS}.dlq"]


def test_a_line_holds_a_record_whole() -> None:
    """Digit for digit, on one line; what is no JSON as text, what is no text as base64."""
    value = b'{"type": "t",\r\n "amount": 0.10000000000000000000001}'
    line = line_of(Record(IDENTITY_EVENTS, 2, 31, b"\xff", value, (("ce_x", b"1"), ("none", None)), 7))  # type: ignore[arg-type]
    assert b"0.10000000000000000000001" in line
    assert b"\n" not in line + line_of(Record(CLAIMS, 0, 0, None, b"a\nb"))
    assert json.loads(line) == {
        "topic": IDENTITY_EVENTS,
        "partition": 2,
        "offset": 31,
        "kind": "t",
        "timestamp_ms": 7,
        "key": "/w==",
        "key_encoding": "base64",
        "headers": [{"name": "ce_x", "value": "1"}, {"name": "none", "value": None}],
        "value": {"type": "t", "amount": 0.1},
    }
    kinds = [json.loads(line_of(Record(CLAIMS, 0, 0, None, raw))) for raw in (None, b"a\nb", b"\xff")]
    assert [(told["kind"], told["value"], told.get("value_encoding")) for told in kinds] == [
        ("tombstone", None, None),
        ("unreadable", "a\nb", None),
        ("unreadable", "/w==", "base64"),
    ]
