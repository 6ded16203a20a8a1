"""What operators rule, read from an audit topic in which anything may lie."""

import asyncio
from typing import Any

from schemas.catalogue import AUDIT, CLAIMS, RESULTS
from schemas.envelope import write_event
from services.runtime.memory import MemoryBroker, MemoryKafka
from services.runtime.records import TopicPartition
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


def test_of_several_rulings_about_a_loss_the_one_that_reaches_farthest_counts() -> None:
    kafka = MemoryKafka()
    lose(kafka, 0, 10, 40)
    lose(kafka, 3, 10, 20)
    found = read(kafka)
    assert found.accepted("settlement", CLAIMS_2) == 40
    assert found.losses["settlement", CLAIMS_2].ruling == Place(AUDIT, 0, 0)


def test_nobody_else_has_accepted_it() -> None:
    kafka = MemoryKafka()
    lose(kafka, 0, 10, 40)
    found = read(kafka)
    assert found.accepted("identity", CLAIMS_2) == found.accepted("settlement", TopicPartition(CLAIMS, 1)) == 0
    assert read(MemoryKafka()).accepted("settlement", CLAIMS_2) == 0


def test_exactly_the_records_named_are_skipped() -> None:
    kafka = MemoryKafka()
    rule(kafka, 1, "record_skipped", topic=RESULTS, partition=0, offset=7, sha256=DIGEST)
    rule(kafka, 1, "record_skipped", topic=RESULTS, partition=0, offset=7, sha256=DIGEST)
    rule(kafka, 1, "record_skipped", topic=RESULTS, partition=3, offset=0, sha256=DIGEST)
    found = read(kafka)
    assert found.skipped == {(RESULTS, 0, 7, DIGEST), (RESULTS, 3, 0, DIGEST)}
    assert found.skips[Skip(RESULTS, 0, 7, DIGEST)] == Place(AUDIT, 1, 0)


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
