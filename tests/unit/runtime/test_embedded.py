"""Services at work in one process: the same input, the same output; nothing is left over, and no more is held than is needed."""

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from services.runtime.embedded import Embedded
from services.runtime.errors import Doubt, Stop
from services.runtime.home import home_of
from services.runtime.memory import MemoryKafka
from services.runtime.records import Record, TopicPartition, Want
from tests.unit.runtime.counting import AMOUNTS, FACTORS, PAID, REROUTED, SHARES, Counting, read_person
from tests.unit.runtime.feed import LANES, SHARED, Feed, publish, right_people

pytestmark = pytest.mark.usefixtures("logs")


async def settled(*, one_by_one: bool, keeps_records: bool = True, records_max: int = 500) -> tuple[Embedded, Feed, list[Record]]:
    """The counting service with all of the feed settled, and what it committed."""
    embedded = Embedded([Counting()], LANES, records_max, keeps_records=keeps_records)
    await embedded.start()
    source = MemoryKafka()
    feed = publish(source)
    drained: list[Record] = []
    for topic in (AMOUNTS, FACTORS):
        for record in source.records(topic):
            embedded.publish(topic, None, record.value, partition=record.partition)
            if one_by_one:
                await embedded.settle()
                drained += embedded.drain()
    await embedded.settle()
    return embedded, feed, drained + embedded.drain()


def check(embedded: Embedded, feed: Feed, committed: Sequence[Record]) -> None:
    ledger = [orjson.loads(record.value or b"") for record in committed if record.topic == PAID]
    shared = {paid["key"]: paid["person"] for paid in ledger if paid["key"] in SHARED}
    documents = embedded.views["counting"].snapshot().documents
    people = {name: read_person(document) for name, document in documents.items()}
    for person in people.values():
        person.claims = {key: (amount, paid, 0) for key, (amount, paid, _) in person.claims.items()}
    assert people == right_people(shared)
    letters = [orjson.loads(record.value or b"")["data"]["reason"] for record in committed if record.topic == f"{AMOUNTS}.dlq"]
    assert len(letters) == len(feed.refused) + len(SHARED)


@pytest.mark.parametrize("records_max", [1, 3, 500])
@pytest.mark.parametrize("one_by_one", [True, False], ids=["settled after each record", "settled at the end"])
async def test_everything_published_is_settled_by_all_lanes(one_by_one: bool, records_max: int) -> None:
    check(*await settled(one_by_one=one_by_one, records_max=records_max))


async def test_the_same_input_gives_the_same_output() -> None:
    assert (await settled(one_by_one=True))[2] == (await settled(one_by_one=True))[2]


async def test_the_event_loop_has_a_turn_with_each_settling_for_ctrl_c_to_be_heard() -> None:
    embedded = Embedded([Counting()], LANES)
    await embedded.start()
    heard: list[str] = []
    asyncio.get_running_loop().call_soon(heard.append, "Ctrl-C")
    await embedded.settle()
    assert heard == ["Ctrl-C"]


async def test_what_is_drained_is_what_was_committed_once() -> None:
    embedded, _, drained = await settled(one_by_one=True)
    written = [record for topic in (PAID, SHARES, REROUTED, f"{AMOUNTS}.dlq") for record in embedded.kafka.records(topic)]
    assert sorted(drained, key=lambda record: (record.topic, record.partition, record.offset)) == sorted(
        written, key=lambda record: (record.topic, record.partition, record.offset)
    )
    assert embedded.drain() == []


async def test_at_rest_no_record_is_held() -> None:
    embedded, feed, drained = await settled(one_by_one=True, keeps_records=False)
    check(embedded, feed, drained)
    for topic in (AMOUNTS, FACTORS, PAID, SHARES, REROUTED, f"{AMOUNTS}.dlq"):
        assert embedded.kafka.records(topic) == []
        assert embedded.kafka.end(TopicPartition(topic, 0)) > 0


async def test_first_inputs_are_read_to_their_ends_before_the_others() -> None:
    embedded = Embedded([Counting()], LANES, records_max=1, keeps_records=True)
    for revision, factor in ((1, 2), (2, 3)):
        embedded.publish(FACTORS, "Ann", orjson.dumps({"person": "Ann", "revision": revision, "factor": factor}))
    embedded.publish(AMOUNTS, "Ann", orjson.dumps({"person": "Ann", "key": "A-1", "amount": 10}))
    await embedded.start()
    await embedded.settle()
    assert [orjson.loads(record.value or b"")["paid"] for record in embedded.kafka.records(PAID)] == [30]


async def test_a_lost_view_is_healed_where_records_are_kept() -> None:
    embedded, feed, drained = await settled(one_by_one=False)
    before = embedded.views["counting"].snapshot()
    embedded.views["counting"].lose()
    embedded.publish(AMOUNTS, None, b"{", partition=0)
    await embedded.settle()
    assert embedded.views["counting"].snapshot().documents == before.documents
    check(embedded, feed, drained)


async def test_a_lost_view_stops_where_they_are_not() -> None:
    embedded, _, _ = await settled(one_by_one=False, keeps_records=False)
    embedded.views["counting"].lose()
    embedded.publish(AMOUNTS, None, b"{", partition=0)
    with pytest.raises(Stop, match="not kept"):
        await embedded.settle()


@pytest.mark.parametrize("keeps_records", [True, False])
async def test_a_fenced_lane_is_taken_again(keeps_records: bool) -> None:
    """What was let go of, since everybody has read it, is not lost."""
    embedded, _, _ = await settled(one_by_one=False, keeps_records=keeps_records)
    embedded.kafka.init("counting-0")
    embedded.publish(AMOUNTS, None, b"{", partition=0)
    await embedded.settle()
    (letter,) = embedded.drain()
    assert letter.topic == f"{AMOUNTS}.dlq"


async def test_endless_doubt_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    embedded, _, _ = await settled(one_by_one=False)

    async def doubt(lane: int, at: Any, want: Want) -> None:
        raise Doubt("always")

    monkeypatch.setattr(embedded.views["counting"], "load", doubt)
    embedded.publish(AMOUNTS, None, b"{", partition=0)
    with pytest.raises(Doubt, match="always"):
        await embedded.settle()


async def test_a_record_goes_to_the_home_of_its_key_or_where_it_is_told() -> None:
    embedded = Embedded([Counting()], 16)
    assert embedded.publish(AMOUNTS, "Ann", b"").partition == home_of("Ann", 16) != 5
    assert embedded.publish(AMOUNTS, "Ann", b"", partition=5).partition == 5
    assert embedded.publish(AMOUNTS, None, b"").partition == 0
    record = embedded.publish(AMOUNTS, "Ann", b"v", (("h", b"1"),), 77)
    assert (record.key, record.value, record.headers, record.timestamp_ms, record.offset) == (b"Ann", b"v", (("h", b"1"),), 77, 1)
