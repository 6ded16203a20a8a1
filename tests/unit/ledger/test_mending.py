"""What an operator may mend alone, what takes two, and what is another event."""

from typing import Any

import orjson
import pytest

from schemas.catalogue import ADMISSIONS, CLAIMS, IDENTITY_EVENTS
from services.ledger.letters.approval import Another, Propose, Send, Sent, Told, judge
from services.ledger.letters.mending import Mending, evidence, mending, person_in, readable
from services.runtime.letters import Letter
from services.runtime.records import Record
from tests.unit.events import claim, granted
from tests.unit.ledger.letters import letter_record, read, refused

GOOD = claim("1", "2025-03-02", "1500.00").rstrip()
ALL = ["source", "id", "type", "person_id", "hospital_id", "claim_id"]
BINARY = tuple((f"ce_{name}", str(orjson.loads(GOOD)[name]).encode()) for name in ("specversion", "id", "source", "type", "time"))


def letter(value: bytes | None, reason: str = "invalid_amounts", topic: str = CLAIMS, headers: Any = ()) -> Letter:
    """A dead letter of a record with this value."""
    record = refused(value, headers=headers)._replace(topic=topic)
    return read(letter_record(record, reason=reason))


def mend(
    value: bytes | None, into: bytes, reason: str = "invalid_amounts", topic: str = CLAIMS, headers: Any = (), drop: bool = False
) -> Mending:
    """What it means to send `into` for a refused `value`."""
    known = letter(value, reason, topic, headers)
    return mending(known, known.refused._replace(value=into, headers=() if drop else headers))


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        (b'"source":"/hospitals/H1"', b'"source":"/hospitals/H2"', "source"),
        (b'"id":"e1"', b'"id":"e2"', "id"),
        (b"claim.submitted", b"claim.reversed", "type"),
        (b'"person_id":"P1"', b'"person_id":"P2"', "person_id"),
        (b'"hospital_id":"H1"', b'"hospital_id":"H2"', "hospital_id"),
        (b'"claim_id":"1"', b'"claim_id":"2"', "claim_id"),
        (b'"claim_id":"1"', b'"claim_id":null', "claim_id"),
    ],
)
@pytest.mark.parametrize("reason", ["invalid_amounts", "source_mismatch"])
def test_what_could_be_read_stays(before: bytes, after: bytes, changed: str, reason: str) -> None:
    assert before in GOOD
    told = mend(GOOD, GOOD.replace(before, after), reason)
    assert told.changed == [changed]
    assert judge(told, [], "local:li") == Another([changed])


def test_amounts_and_the_like_are_mended_by_one() -> None:
    told = mend(GOOD.replace(b'"basic_paid":0', b'"basic_paid":9999'), GOOD)
    assert (told.is_mended, told.changed, told.named) == (True, [], [])
    assert judge(told, [], "local:li") == Send()


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (GOOD[:-1], ALL),
        (b"", ALL),
        (None, ALL),
        (b"[]", ALL),
        (b'{"data":7}', ALL),
        (GOOD.replace(b"submitted.v1", b"submitted.v9"), ["type"]),
        (GOOD.replace(b'"P1"', b'"P 1"'), ["person_id"]),
        (GOOD.replace(b'"person_id":"P1",', b""), ["person_id"]),
        (GOOD.replace(b'"id":"e1"', b'"id":7'), ["id"]),
        (GOOD.replace(b'"id":"e1"', b'"id":"e\\u001b1"'), ["id"]),
    ],
)
def test_what_the_letter_does_not_say_takes_two(value: bytes | None, named: list[str]) -> None:
    told = mend(value, GOOD)
    assert (told.changed, sorted(told.named)) == ([], sorted(named))
    assert judge(told, [], "local:li") == Propose()


@pytest.mark.parametrize(
    "value",
    [
        GOOD.replace(b'"basic_paid":0', b'"basic_paid":NaN'),
        b"\xef\xbb\xbf" + GOOD,
        GOOD.decode().encode("utf-16"),
        GOOD.replace(b'"region":"', '"region":"连云港'.encode("gb18030")),
        GOOD.replace(b'"region":"', b'"region":"\xff'),
        GOOD.replace(b'"region":"', b'"region":"\n'),
    ],
    ids=["NaN", "BOM", "UTF-16", "GBK", "no text", "a line end in a text"],
)
def test_who_sent_an_unreadable_record_is_read_all_the_same(value: bytes) -> None:
    """So that nobody makes it another's under the cover of an encoding."""
    assert mend(value, GOOD).named == []
    assert mend(value, GOOD.replace(b'"source":"/hospitals/H1"', b'"source":"/hospitals/H2"')).changed == ["source"]


def test_in_binary_mode_the_headers_say_whose_it_is_though_the_value_is_garbage() -> None:
    data = orjson.dumps(orjson.loads(GOOD)["data"])
    told = mend(b"garbage", data, headers=BINARY)
    assert sorted(told.named) == ["claim_id", "hospital_id", "person_id"]
    other = GOOD.replace(b'"source":"/hospitals/H1"', b'"source":"/hospitals/H2"')
    assert mend(data, other, headers=BINARY, drop=True).changed == ["source"]
    assert mend(data, GOOD, headers=BINARY, drop=True).changed == []


@pytest.mark.parametrize("reason", ["agency_not_competent", "source_mismatch"])
def test_what_was_refused_for_its_source_takes_two_whatever_is_mended(reason: str) -> None:
    value = granted().rstrip()
    told = mend(value, value.replace(b"low_income_margin", b"orphan"), reason, IDENTITY_EVENTS)
    assert (told.changed, told.named) == ([], [reason])
    as_it_came = mend(value, value, reason, IDENTITY_EVENTS)
    assert (as_it_came.is_mended, judge(as_it_came, [], "local:li")) == (False, Send())


def told(verb: Any, operator: str, mended: Mending, proposed_by: str | None = None) -> Told:
    """What the audit says of it."""
    return Told(verb, operator, mended.sha256, mended.with_headers, "2025-06-11T10:00:00+08:00", proposed_by)


UNREAD, OTHER = mend(b"garbage", GOOD), mend(b"garbage", GOOD.replace(b'"claim_id":"1"', b'"claim_id":"2"'))


def test_the_second_operator_is_another_person_with_the_same_bytes() -> None:
    proposed = [told("proposed", "local:li", UNREAD)]
    assert judge(UNREAD, proposed, "local:sun") == Send("local:li")
    assert judge(UNREAD, proposed, "local:li") == Propose(is_told=True)
    assert judge(UNREAD, proposed, "oidc:Li") == Propose(is_told=True), "by another way in he is the same"
    assert judge(OTHER, proposed, "local:sun") == Propose(), "another payload"
    assert judge(UNREAD, [*proposed, told("proposed", "local:sun", OTHER)], "local:sun") == Send("local:li")


def test_the_second_must_send_it_with_the_headers_as_they_were_proposed() -> None:
    kept, dropped = (mend(b"garbage", GOOD, headers=BINARY, drop=drop) for drop in (False, True))
    assert judge(dropped, [told("proposed", "local:li", kept)], "local:sun") == Propose()


def test_once_a_letter_and_then_only_the_very_same() -> None:
    first = told("replayed", "local:li", UNREAD, "local:sun")
    assert judge(UNREAD, [first], "local:li") == Send("local:sun"), "told and perhaps not sent: anybody may send it"
    assert judge(OTHER, [told("proposed", "local:sun", OTHER), first], "local:li") == Sent(first)
    mended = mend(GOOD, GOOD.replace(b"1500", b"1400"))
    as_it_came = mend(GOOD, GOOD)
    sent = told("replayed", "local:li", as_it_came)
    assert judge(mended, [sent], "local:li") == Sent(sent)
    assert judge(as_it_came, [sent, told("replayed", "local:sun", mended)], "local:sun") == Send(), "the first stands"


def test_whose_it_is_and_what_proves_it() -> None:
    record = Record(CLAIMS, 0, 0, b"P1", GOOD)
    assert person_in(record) == "P1"
    assert person_in(record._replace(value=b"{}")) is None
    assert evidence(mend(GOOD, GOOD)) == {
        "sha256": UNREAD.sha256, "with_headers": True, "source": "/hospitals/H1", "event_id": "e1", "person_id": "P1",
    }  # fmt: skip
    assert readable(record._replace(topic=ADMISSIONS)).get("type") is None, "a type of another topic"
