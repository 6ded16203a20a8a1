"""Control characters, halves of surrogate pairs, and ids that stand for a missing value: refused of others, kept where they were once accepted."""

from typing import Any

import orjson
import pytest

from schemas.catalogue import ACTIONS, ADMISSIONS, CLAIM_TYPES, CLAIMS, IDENTITY_EVENTS
from schemas.envelope import read_event
from schemas.refusal import Refused
from schemas.texts import ID_FIELDS, NO_IDS, on_one_line
from tests.contract.examples import event_of, readers_of, record
from tests.contract.reading import CLAIM, GRANT, altered, changed, read, refusal

OPENED = "hospital.admission.opened.v1/referred"
REVERSED = "hospital.claim.reversed.v1/wrong_bill"
CONTROLS = ["\x00", "\x07", "\t", "\n", "\r", "\x1b[31m", "\x1f", "\x7f", "\x80", "\x85", "\x9b", "\x9f"]


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("escaped", [True, False])
def test_no_attribute_holds_a_control_character(control: str, escaped: bool) -> None:
    """Written as an escape, or where JSON allows it as the character itself; extensions too."""
    for name, value in [("id", f"a{control}"), ("source", f"/hospitals/H{control}"), ("type", f"x{control}"), ("subject", control)]:
        event = event_of(CLAIM) | {name: value}
        sent = escape(orjson.dumps(event)) if escaped else orjson.dumps(event)
        assert refusal(CLAIMS, sent) == ("invalid_event", name)


def escape(value: bytes) -> bytes:
    """The same JSON in ASCII."""
    return "".join(sign if sign.isascii() and sign != "\x7f" else f"\\u{ord(sign):04x}" for sign in value.decode()).encode()


@pytest.mark.parametrize("control", CONTROLS)
def test_no_text_of_data_holds_a_control_character(control: str) -> None:
    for topic, example, field in [
        (CLAIMS, CLAIM, "district"),
        (CLAIMS, CLAIM, "region"),
        (CLAIMS, REVERSED, "reason"),
        (IDENTITY_EVENTS, GRANT, "document_no"),
        (IDENTITY_EVENTS, GRANT, "category"),
        (ACTIONS, "monitoring.action.commented.v1/asked_the_hospital", "comment"),
    ]:
        assert refusal(topic, changed(example, **{field: f"a{control}b"})) == ("invalid_event", f"data.{field}")


def test_an_extensions_depths_and_names_are_looked_at_too() -> None:
    assert refusal(CLAIMS, altered(CLAIM, trace={"a": ["b", "c\x1b"]})) == ("invalid_event", "trace.a.1")
    assert refusal(CLAIMS, altered(CLAIM, **{"tr\x1bace": 1})) == ("invalid_event", "?")


@pytest.mark.parametrize("text", ["名", "a\\b", 'a"b', "a/b", "·", "\u00a0", "é", "\u2028", "\u202e", "\U0001f600", "\ufeff"])
def test_other_characters_pass_however_they_are_written(text: str) -> None:
    for value in (altered(CLAIM, subject=text), escape(altered(CLAIM, subject=text)) if len(text.encode()) < 4 else altered(CLAIM)):
        assert read(CLAIMS, value).data.claim_id == "S-2025-55120"
    assert read(CLAIMS, changed(CLAIM, district=text)).data.district == text


def test_half_a_surrogate_pair_in_data_is_refused() -> None:
    value = altered(CLAIM).replace(b'"320722"', b'"3207\\ud800"')
    assert refusal(CLAIMS, value) == ("invalid_event", "data.district")


@pytest.mark.parametrize("word", sorted(NO_IDS | {"NULL", "None", "NaN", "Undefined", "UNKNOWN", "nIl"}))
@pytest.mark.parametrize("field", ID_FIELDS)
def test_no_id_is_a_word_for_a_missing_value(word: str, field: str) -> None:
    topic, example = (ADMISSIONS, OPENED) if field == "admission_id" else (CLAIMS, CLAIM)
    assert refusal(topic, changed(example, **{field: word})) == ("invalid_event", f"data.{field}")


@pytest.mark.parametrize("word", ["nullable", "none-1", "00", "N0NE", "nan.1", "-", "0.0"])
def test_what_only_looks_like_such_a_word_is_an_id(word: str) -> None:
    assert read(CLAIMS, changed(CLAIM, person_id=word)).home == word


def test_what_was_once_accepted_stays_readable() -> None:
    """Of our own topics: else a ledger from before could not be healed from."""
    types: Any = CLAIM_TYPES
    for value in (changed(CLAIM, person_id="null"), changed(CLAIM, district="a\x1b"), altered(CLAIM, subject="\n")):
        with pytest.raises(Refused):
            read_event(value, (), types)
        assert read_event(value, (), types, bytes_max=None).data.key == "H32070000123/S-2025-55120"


def test_a_result_from_before_is_still_read_by_everyone() -> None:
    kind = "settlement.completed.v1/inpatient"
    event = event_of(kind)
    event["data"]["claim"] |= {"person_id": "null", "district": "a\x1b"}
    event["data"] |= {"person_id": "null", "district": "a\x1b"}
    for service in readers_of("settlement.results.v1"):
        service.read(record("settlement.results.v1", orjson.dumps(event)))


@pytest.mark.parametrize(
    ("text", "line"), [(" a\r\nb ", "a b"), ("a\x1b[31mb", "a [31mb"), ("\n", ""), ("a\x85\x00 b", "a b"), ("备注", "备注")]
)
def test_an_operators_words_become_one_line(text: str, line: str) -> None:
    assert on_one_line(text) == line
