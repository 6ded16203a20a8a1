"""`medaid dlq replay`: what may be sent again, whole or mended, and where to; what would be refused again is told."""

from typing import Any

import orjson
import pytest

from schemas.catalogue import ACTIONS, ADMISSIONS, CLAIMS, IDENTITY_EVENTS, INPUTS, OPERATOR_EVENTS
from services.ledger.errors import Declined, Misnamed
from services.ledger.letters.listing import topic_in
from services.ledger.letters.resending import check_topic, mended, refusal
from services.policy.library import load_policies
from services.runtime.home import home_of
from services.runtime.letters import at_home, refusable
from services.runtime.records import Record
from services.settlement.app import SettlementService
from tests.contract.examples import bytes_of
from tests.unit.events import claim, granted
from tests.unit.ledger.letters import letter_record, read, refused

BINARY = (("content-type", b"application/json"), ("ce_specversion", b"1.0"), ("x", b"\xff\x00"), ("x", b"again"), ("none", None), ("", b""))
GOOD = claim("1", "2025-03-02", "1500.00").rstrip()
BAD = GOOD.replace(b'"basic_paid":0', b'"basic_paid":9999')
LARGE = b"x" * (256 * 1024 + 1)


@pytest.mark.parametrize("topic", sorted(refusable()))
def test_only_topics_that_others_write_may_be_written_to(topic: str) -> None:
    assert topic_in(f"{topic}/0/0") == topic
    if topic in INPUTS:
        check_topic(f"{topic}/0/0")
        return
    with pytest.raises(Declined, match=r"written by medaid alone; (mend the cause, then `medaid ledger rebuild`|only strays)"):
        check_topic(f"{topic}/0/0")


@pytest.mark.parametrize(
    ("letter_id", "kind", "said"),
    [
        ("line/12", Declined, "not in Kafka"),
        ("no.such.v1/0/0", Declined, "no such topic"),
        (f"{CLAIMS}/0", Misnamed, "expected TOPIC/PARTITION/OFFSET"),
        (f"{CLAIMS}/0/-1", Misnamed, "expected TOPIC/PARTITION/OFFSET"),
        ("", Misnamed, "expected TOPIC/PARTITION/OFFSET"),
    ],
)
def test_an_id_that_no_letter_in_kafka_has_is_told(letter_id: str, kind: type[Declined], said: str) -> None:
    with pytest.raises(Declined, match=said) as told:
        topic_in(letter_id)
    assert type(told.value) is kind


@pytest.mark.parametrize(
    ("record", "missing"),
    [
        (refused(LARGE), "all but its first 64 KiB is"),
        (refused(GOOD, headers=(("a", b""), ("long", b"x" * 40_000), ("b", b""))), "2 headers of it are"),
    ],
)
def test_a_record_that_its_letter_does_not_hold_whole_is_sent_only_mended(record: Record, missing: str) -> None:
    letter = read(letter_record(record, "too_large"))
    with pytest.raises(Declined, match=missing):
        mended(letter, None)
    assert mended(letter, GOOD).value == GOOD


def test_a_mended_record_keeps_key_and_headers() -> None:
    record = refused(BAD, headers=BINARY)
    letter = read(letter_record(record))
    assert mended(letter, None) == record
    assert mended(letter, GOOD) == refused(GOOD, headers=BINARY)
    assert mended(letter, GOOD, drop_headers=True) == refused(GOOD)


def test_the_service_itself_says_whether_a_record_would_be_refused_again() -> None:
    policies = load_policies()
    assert refusal(policies, refused(GOOD)) is None
    assert refusal(policies, refused(granted(), topic=IDENTITY_EVENTS)) is None
    assert refusal(policies, refused(bytes_of("monitoring.action.closed.v1/checked")[0], topic=ACTIONS)) is None
    for record, reason in [
        (refused(BAD), "invalid_amounts"),
        (refused(None), "malformed_json"),
        (refused(GOOD, topic=IDENTITY_EVENTS), "unknown_type"),
        (refused(GOOD, topic=ADMISSIONS), "unknown_type"),
        (refused(GOOD, topic=OPERATOR_EVENTS), "unknown_type"),
        (refused(GOOD, topic=ACTIONS), "unknown_type"),
    ]:
        found = refusal(policies, record)
        assert found is not None
        assert found.reason == reason


def test_a_mistake_of_ours_in_reading_is_told_as_its_lane_would(monkeypatch: pytest.MonkeyPatch) -> None:
    def clumsy(_service: SettlementService, record: Record) -> Any:
        raise KeyError(record.topic)

    monkeypatch.setattr(SettlementService, "read", clumsy)
    found = refusal(load_policies(), refused(GOOD))
    assert found is not None
    assert (found.reason, str(found)) == ("processing_failed", "data: to be decided without KeyError")


@pytest.mark.parametrize("partitions", [1, 4, 7])
def test_a_record_goes_to_the_home_of_its_person_or_subject(partitions: int) -> None:
    """In both modes, and however wrong it is besides; where no person can be read, to where it lay."""
    data = orjson.dumps(orjson.loads(BAD)["data"])
    for record in (refused(BAD), refused(data, headers=(("ce_specversion", b"1.0"),))):
        assert at_home(record, partitions).partition == home_of("P1", partitions)
    action = bytes_of("monitoring.action.closed.v1/of_a_hospital")[0]
    assert at_home(refused(action, topic=ACTIONS), partitions).partition == home_of("H32070000123", partitions)
    for value in (None, b"\xff", b"[]", b"{}", b'{"data":[]}', b'{"data":{"person_id":7}}'):
        assert at_home(refused(value), partitions).partition == 2
