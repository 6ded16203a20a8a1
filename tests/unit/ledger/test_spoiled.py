"""A ledger that lost its front, or holds what is not ours: what a verification and an explanation make of it, over the memory adapters."""

from collections.abc import AsyncIterator

import orjson
import pytest

from schemas.catalogue import AUDIT, RESULTS, TIMELINES
from schemas.envelope import write_event
from services.ledger.dossiers.known import from_ledger
from services.ledger.verify import held as held_module
from services.ledger.verify import verification as verify_module
from services.runtime.errors import Stop
from services.runtime.records import Record
from services.runtime.rulings import Skip
from tests.unit.ledger.test_held import LANE, LINES, Work


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_module, "LOOK_S", 0.0)
    monkeypatch.setattr(verify_module, "LOOK_S", 0.0)


@pytest.fixture
async def work() -> Work:
    work = Work()
    await work.embedded.start()
    await work.settle(*LINES)
    return work


def skip(work: Work, record: Record) -> None:
    """What `medaid lanes skip` writes."""
    told = {"operator": "li", "client": "ops-1", "reason": "a load test", **Skip.of(record)._asdict()}
    value = write_event("console.audit.record_skipped.v1", "/medaid/console", "1", "2025-06-11T02:20:00Z", told)
    work.embedded.kafka.append(AUDIT, 0, b"li", value)


@pytest.mark.parametrize("topic", [RESULTS, TIMELINES])
async def test_a_topic_without_its_front_is_not_verified(work: Work, topic: str) -> None:
    """What is left says nothing of what was paid: 0 differences would be a lie."""
    work.embedded.kafka.truncate(topic, LANE, before=1)
    with pytest.raises(Stop, match=rf"{topic}\[{LANE}\] begins at 1"):
        await work.verify()


@pytest.mark.parametrize("value", [b"not ours", b'{"not": "ours"}'])
async def test_a_stray_is_told_by_its_place_until_an_operator_has_ruled_it(work: Work, value: bytes) -> None:
    stray = work.embedded.kafka.append(RESULTS, LANE, None, value)
    found = await work.verify()
    assert len(found) == 2, "the record, and a view that does not come up to it"
    assert found[0].startswith(f"form {RESULTS}[{LANE}]@{stray.offset} value")
    skip(work, stray)
    assert await work.verify() == []
    work.embedded.kafka.append(RESULTS, LANE, None, value)
    assert len(await work.verify()) == 2


async def test_a_result_under_another_source_is_a_difference(work: Work) -> None:
    newest = work.embedded.kafka.records(RESULTS)[-1]
    event = orjson.loads(newest.value or b"")
    event["data"]["revision"] += 1
    event["data"]["delta"] = "0.00"
    work.embedded.kafka.append(RESULTS, newest.partition, newest.key, orjson.dumps({**event, "source": "/medaid/elsewhere"}))
    assert any("source of revision" in line and "/medaid/elsewhere" in line for line in await work.verify())


async def test_an_explanation_names_the_place_of_what_it_cannot_read_of_the_person(work: Work) -> None:
    kafka = work.embedded.kafka
    strays: list[Record] = []

    async def read(topic: str, partition: int | None) -> AsyncIterator[Record]:
        for record in kafka.records(topic):
            if partition in (None, record.partition) and record not in strays:
                yield record

    assert await from_ledger(read, "H1/1") is not None
    kafka.append(RESULTS, LANE, None, b'{"data": {"claim_id": "of somebody else"}}')
    assert await from_ledger(read, "H1/1") is not None
    stray = kafka.append(RESULTS, LANE, None, b'{"person_id": "P1", "data": [')
    with pytest.raises(Stop, match=rf"^{RESULTS}\[{LANE}\]@{stray.offset} is not"):
        await from_ledger(read, "H1/1")
    strays.append(stray)
    assert await from_ledger(read, "H1/1") is not None
