"""What operators rule, read from an audit topic in which anything may lie."""

import asyncio
from typing import Any

import pytest

from schemas.catalogue import AUDIT, CLAIMS, RESULTS
from schemas.envelope import write_event
from services.runtime.memory import MemoryBroker, MemoryKafka
from services.runtime.records import Record, TopicPartition
from services.runtime.rulings import Place, Rulings, Skip, rulings

DIGEST = "0" * 64
CLAIMS_2 = TopicPartition(CLAIMS, 2)


def read(kafka: MemoryKafka) -> Rulings:
    return asyncio.run(rulings(MemoryBroker(kafka, "settlement", 4)))


def rule(kafka: MemoryKafka, lane: int, verb: str, **data: Any) -> None:
    told = {"operator": "li", "client": "ops-1", "reason": "for a test", **data}
    kafka.append(AUDIT, lane, b"li", write_event(f"console.audit.{verb}.v1", "/medaid/console", "1", "2025-06-11T02:20:00Z", told))


def lose(kafka: MemoryKafka, lane: int, start: int, stop: int, **more: Any) -> None:
    rule(kafka, lane, "loss_accepted", service="settlement", topic=CLAIMS, partition=2, from_offset=start, to_offset=stop, **more)


def test_a_ruling_accepts_the_loss_that_it_names_and_what_lies_within() -> None:
    kafka = MemoryKafka()
    lose(kafka, 0, 10, 40)
    lose(kafka, 3, 10, 20)
    found = read(kafka)
    named = found.accepted("settlement", CLAIMS_2, 10, 40)
    assert named is not None
    assert named.ruling == Place(AUDIT, 0, 0)
    assert found.accepted("settlement", CLAIMS_2, 15, 30) == named


@pytest.mark.parametrize(("start", "stop"), [(0, 7), (9, 40), (10, 41), (39, 50), (50, 60)])
def test_another_loss_is_not_accepted(start: int, stop: int) -> None:
    """Of a topic that was made anew, say: its offsets are other ones, and lower."""
    kafka = MemoryKafka()
    lose(kafka, 0, 10, 40)
    assert read(kafka).accepted("settlement", CLAIMS_2, start, stop) is None


def test_nobody_else_has_accepted_it() -> None:
    kafka = MemoryKafka()
    lose(kafka, 0, 10, 40)
    found = read(kafka)
    assert found.accepted("identity", CLAIMS_2, 10, 40) is None
    assert found.accepted("settlement", TopicPartition(CLAIMS, 1), 10, 40) is None
    assert read(MemoryKafka()).accepted("settlement", CLAIMS_2, 10, 40) is None


def test_exactly_the_records_named_are_skipped() -> None:
    kafka = MemoryKafka()
    rule(kafka, 1, "record_skipped", topic=RESULTS, partition=0, offset=7, sha256=DIGEST)
    rule(kafka, 1, "record_skipped", topic=RESULTS, partition=0, offset=7, sha256=DIGEST)
    rule(kafka, 1, "record_skipped", topic=RESULTS, partition=3, offset=0, sha256=DIGEST)
    found = read(kafka)
    assert found.skipped == {(RESULTS, 0, 7, DIGEST), (RESULTS, 3, 0, DIGEST)}
    assert found.skips[Skip(RESULTS, 0, 7, DIGEST)] == Place(AUDIT, 1, 0)


@pytest.mark.parametrize(("key", "value"), [(b"P2", b"{}"), (b"P1", b"[]"), (None, b"{}"), (b"P1", None)])
def test_another_record_at_the_same_place_is_another_one(key: bytes | None, value: bytes | None) -> None:
    assert Skip.of(Record(RESULTS, 0, 7, key, value)) != Skip.of(Record(RESULTS, 0, 7, b"P1", b"{}"))


def test_whatever_else_lies_there_stops_nobody() -> None:
    kafka = MemoryKafka()
    kafka.append(AUDIT, 0, None, None)
    kafka.append(AUDIT, 0, b"li", b"\xff{")
    lose(kafka, 0, 10, 40, approved_by="of a later version")
    rule(kafka, 0, "looked_up", person_id="P1")
    rule(kafka, 0, "of_a_later_version")
    rule(kafka, 0, "record_skipped", topic=RESULTS, partition=0, offset=-1, sha256=DIGEST)
    rule(kafka, 0, "record_skipped", topic=RESULTS, partition=0, offset=1, sha256=DIGEST)
    found = read(kafka)
    assert (found.skipped, found.losses) == ({(RESULTS, 0, 1, DIGEST)}, {})
