"""A ledger, and identity's topics, that are not as they were written: lost in front or between, or with something foreign; the heal stops right there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import anyio
import orjson
import pytest

from schemas.catalogue import ASSESSMENTS, IDENTITY_WAITING, RESULTS, SETTLEMENT_WAITING, SUBSIDIES, TIMELINES
from services.embedded.replay import PARTITIONS, place_of
from services.identity.app import IdentityService
from services.policy.library import load_policies
from services.runtime.clock import InstantClock
from services.runtime.embedded import Embedded
from services.runtime.errors import Stop
from services.runtime.home import home_of
from services.runtime.lanes import Lane
from services.runtime.memory import MemoryBroker, MemoryKafka
from services.runtime.memory_view import MemoryView
from services.runtime.metrics import NoMetrics
from services.runtime.records import Record
from services.runtime.service import AnyService
from services.settlement.app import SettlementService
from tests.contract.examples import bytes_of
from tests.unit.events import claim, granted, reversed_

POLICIES = load_policies()
LANE = home_of("P1", PARTITIONS)
LINES = [
    granted(),
    claim("1", "2025-03-02", "1500.00"),
    claim("2", "2025-05-20", "3500.00"),
    claim("3", "2024-05-20", "3500.00"),
    claim("4", "2025-06-20", "3500.00"),
    reversed_("2"),
    reversed_("9"),
    granted("extreme_poverty", "2025-02-01", "g3"),
    granted("extreme_poverty", "2024-02-01", "g4"),
]
Records = list[Record]
Change = Callable[[Records], object]


@cache
def written() -> dict[str, Records]:
    """What identity and settlement write about P1, by topic; the ledger's records: claim, revision."""

    async def settle() -> MemoryKafka:
        embedded = Embedded([IdentityService(POLICIES), SettlementService(POLICIES)], PARTITIONS, keeps_records=True)
        await embedded.start()
        for line in LINES:
            place = place_of(line.rstrip())
            assert place is not None
            embedded.publish(*place, line.rstrip())
            await embedded.settle()
        return embedded.kafka

    kafka = anyio.run(settle)
    return {topic: kafka.records(topic) for topic in (RESULTS, SETTLEMENT_WAITING, TIMELINES, SUBSIDIES, ASSESSMENTS, IDENTITY_WAITING)}


async def heal(service: AnyService, topic: str, records: Records) -> Sequence[Any]:
    """Heal the lane of P1 from nothing but `records`, at offsets from 0. Returns: the watermark."""
    kafka = MemoryKafka()
    for record in records:
        kafka.append(topic, LANE, record.key, record.value, record.headers)
    view = MemoryView(PARTITIONS)
    await Lane(service, LANE, MemoryBroker(kafka, service.name, PARTITIONS), view, InstantClock(), NoMetrics()).take()
    return [view.snapshot().watermarks[LANE][topic]]


def changed(record: Record, change: Callable[[Any], object]) -> Record:
    """The record with something else in its event."""
    event = orjson.loads(record.value or b"")
    change(event)
    return record._replace(value=orjson.dumps(event))


def told(record: Record) -> tuple[str, int, int]:
    data = orjson.loads(record.value or b"")["data"]
    return data["claim_id"], data["sequence"], data["revision"]


def test_the_ledger_is_as_these_tests_think() -> None:
    """Claim, sequence, revision. The year 2025 begins with claim 1."""
    assert [told(record) for record in written()[RESULTS]][:6] == [
        ("1", 1, 0),
        ("2", 2, 0),
        ("3", 1, 0),
        ("4", 3, 0),
        ("2", 2, 1),
        ("4", 3, 1),
    ]


@dataclass(frozen=True)
class Case:
    """A change, the offset at which the heal must stop, and what it says."""

    change: Change
    offset: int
    why: str


def replace(number: int, change: Callable[[Any], object]) -> Change:
    def do(records: Records) -> None:
        records[number] = changed(records[number], change)

    return do


LEDGER = {
    "its first record gone": Case(lambda records: records.pop(0), 0, "sequence 2 where 1 must come"),
    "its first two gone": Case(lambda records: records.__delitem__(slice(2)), 1, "sequence 3 where 1 must come"),
    "a claim gone between": Case(lambda records: records.pop(1), 2, "sequence 3 where 2 must come"),
    "a claim told twice": Case(lambda records: records.insert(3, records[1]), 3, "revision 0 where 1 must come"),
    "a whole copy behind it": Case(lambda records: records.extend(records[:]), 9, "revision 0 where 2 must come"),
    "a revision gone": Case(replace(4, lambda event: event["data"].update(revision=2)), 4, "revision 2 where 1 must come"),
    "another claim in its place": Case(replace(3, lambda event: event["data"].update(sequence=2)), 3, "sequence 2 where 3 must come"),
    "an event of others": Case(
        replace(1, lambda event: event.update(source="/medaid/elsewhere")), 1, "its source is not /medaid/settlement"
    ),
    "an event that belongs elsewhere": Case(replace(1, lambda event: event.update(type="deadletter.v1")), 1, "its type does not belong"),
    "a result without a person": Case(replace(1, lambda event: event["data"].pop("person_id")), 1, r"cannot be understood \(KeyError"),
    "a result without its claim": Case(replace(1, lambda event: event["data"].pop("claim")), 1, r"cannot be understood \(KeyError"),
    "under another key": Case(lambda records: records.insert(1, records[1]._replace(key=b"P2")), 1, "its key is not the person"),
    "of a person at home elsewhere": Case(
        lambda records: records.insert(1, changed(records[1], lambda event: event["data"].update(person_id="P2"))._replace(key=b"P2")),
        1,
        "not at home in this partition",
    ),
    "no event": Case(lambda records: records.insert(2, records[0]._replace(value=b"{")), 2, r"cannot be understood \(JSONDecodeError"),
    "nothing": Case(lambda records: records.insert(2, records[0]._replace(value=None)), 2, "cannot be understood"),
}


@pytest.mark.parametrize("name", LEDGER)
async def test_a_ledger_that_is_not_as_it_was_written_stops_the_heal_at_the_very_record(name: str) -> None:
    case, records = LEDGER[name], list(written()[RESULTS])
    case.change(records)
    with pytest.raises(Stop, match=rf"^settlement\.results\.v1\[{LANE}\]@{case.offset} is not .*{case.why}"):
        await heal(SettlementService(POLICIES), RESULTS, records)


async def test_a_hole_is_found_across_the_steps_of_a_heal(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known of a claim or year then comes from the view."""
    records = list(written()[RESULTS])
    monkeypatch.setattr("services.runtime.healing.CHUNK_BYTES_MAX", 1)
    monkeypatch.setattr("services.runtime.memory.CHUNK_BYTES_MAX", 1)
    assert await heal(SettlementService(POLICIES), RESULTS, records) == [len(records)]
    with pytest.raises(Stop, match=r"@5 .*revision 1 where 2 must come"):
        await heal(SettlementService(POLICIES), RESULTS, [*records[:5], records[4]])
    with pytest.raises(Stop, match=r"@2 .*sequence 3 where 2 must come"):
        await heal(SettlementService(POLICIES), RESULTS, [records[0], *records[2:]])


async def test_a_reversal_that_waits_under_another_s_name_stops_it_too() -> None:
    (waiting,) = written()[SETTLEMENT_WAITING]
    stray = changed(waiting, lambda event: event.update(source="/hospitals/H1"))
    with pytest.raises(Stop, match=rf"^settlement\.waiting\.v1\[{LANE}\]@1 is not .*its source is not"):
        await heal(SettlementService(POLICIES), SETTLEMENT_WAITING, [waiting, stray])
    with pytest.raises(Stop, match=rf"^settlement\.waiting\.v1\[{LANE}\]@0 is not .*cannot be understood"):
        await heal(SettlementService(POLICIES), SETTLEMENT_WAITING, [waiting._replace(key=b"P1")])


@pytest.mark.parametrize("topic", [TIMELINES, SUBSIDIES])
async def test_identity_s_topics_are_held_to_the_same(topic: str) -> None:
    records = [record for record in written()[topic] if record.partition == LANE]
    assert len(records) >= 2
    assert await heal(IdentityService(POLICIES), topic, records) == [len(records)]
    copied = [*records, records[0]]
    with pytest.raises(Stop, match=rf"^{topic}\[{LANE}\]@{len(records)} is not .*revision"):
        await heal(IdentityService(POLICIES), topic, copied)
    foreign = changed(records[0], lambda event: event.update(source="/agencies/x/civil-affairs"))
    with pytest.raises(Stop, match=rf"^{topic}\[{LANE}\]@0 is not .*its source is not /medaid/identity"):
        await heal(IdentityService(POLICIES), topic, [foreign, *records[1:]])


async def test_a_subsidy_s_revision_that_is_gone_is_missed_but_compaction_may_take_a_timeline_s() -> None:
    subsidies = [record for record in written()[SUBSIDIES] if record.partition == LANE]
    later = next(number for number, record in enumerate(subsidies) if orjson.loads(record.value or b"")["data"]["revision"] == 1)
    year = orjson.loads(subsidies[later].value or b"")["data"]["year"]
    gone = [record for record in subsidies if orjson.loads(record.value or b"")["data"]["year"] == year][1:]
    with pytest.raises(Stop, match=r"@0 .*revision 1 where 0 must come"):
        await heal(IdentityService(POLICIES), SUBSIDIES, gone)
    timelines = [record for record in written()[TIMELINES] if record.partition == LANE]
    assert await heal(IdentityService(POLICIES), TIMELINES, timelines[1:]) == [len(timelines) - 1]


async def test_an_assessment_and_a_discharge_that_waits_are_held_to_it_too() -> None:
    closed = bytes_of("hospital.admission.closed.v1/after_twelve_days")[0]
    data = orjson.loads(closed)["data"]
    lane = home_of(data["person_id"], PARTITIONS)
    kafka = MemoryKafka()
    kafka.append(IDENTITY_WAITING, lane, f"{data['hospital_id']}/{data['admission_id']}/{data['person_id']}".encode(), closed)
    service, view = IdentityService(POLICIES), MemoryView(PARTITIONS)
    broker = MemoryBroker(kafka, service.name, PARTITIONS)
    await Lane(service, lane, broker, view, InstantClock(), NoMetrics()).take()
    kafka.append(IDENTITY_WAITING, lane, b"H1/A1/somebody", closed)
    with pytest.raises(Stop, match=rf"^identity\.waiting\.v1\[{lane}\]@1 is not .*its key is not the person"):
        await Lane(service, lane, broker, view, InstantClock(), NoMetrics()).take()
    assessed = bytes_of("identity.admission.assessed.v1/deposit_waived")[0]
    person = orjson.loads(assessed)["data"]["person_id"]
    kafka = MemoryKafka()
    second = orjson.dumps({**orjson.loads(assessed), "data": {**orjson.loads(assessed)["data"], "revision": 7}})
    kafka.append(ASSESSMENTS, home_of(person, PARTITIONS), person.encode(), second)
    broker = MemoryBroker(kafka, service.name, PARTITIONS)
    with pytest.raises(Stop, match=r"@0 .*revision 7 where 0 must come"):
        await Lane(service, home_of(person, PARTITIONS), broker, MemoryView(PARTITIONS), InstantClock(), NoMetrics()).take()
