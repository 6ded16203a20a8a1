"""What a broker promises its lanes (`services/runtime/ports.py`), held by the broker in memory and by Kafka alike."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from services.runtime.errors import Doubt
from services.runtime.ports import CHUNK_BYTES_MAX, Broker
from services.runtime.records import Offsets, Output, TopicPartition
from tests.integration.brokers import CLAIMS, RESULTS, TIMELINES, KafkaPlace, MemoryPlace, Place, hushed, outputs, read

CLAIMS_0, RESULTS_0, RESULTS_1 = TopicPartition(CLAIMS, 0), TopicPartition(RESULTS, 0), TopicPartition(RESULTS, 1)


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.kafka)])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    if request.param == "memory":
        yield MemoryPlace()
        return
    kafka = await KafkaPlace.prepare(request.getfixturevalue("kafka_bootstrap"), request.getfixturevalue("topic_prefix"))
    with hushed():
        yield kafka
        await kafka.close()


@pytest.fixture
def broker(place: Place) -> Broker:
    return place.broker


async def decided(broker: Broker, partition: TopicPartition, end: int) -> int:
    """The read_committed end, once it is `end`: Kafka answers a commit before it has written the markers."""
    for _ in range(500):
        if (found := (await broker.ends([partition]))[partition]) == end:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"{partition} is decided up to {found} only, not {end}")


async def committed(broker: Broker, *partitions: TopicPartition) -> Offsets:
    """What the next owner of these lanes finds: a commit is answered before its offsets can be read, and the fence waits until they can."""
    for partition in partitions:
        await (await broker.fence(partition.partition)).close()
    return await broker.committed(partitions)


async def test_what_is_committed_is_read_as_it_was_written(broker: Broker) -> None:
    written = [
        Output(RESULTS, 0, b"P1", "一".encode(), (("h", b"\xff"), ("h", b""))),
        Output(RESULTS, 0, None, b""),
        Output(RESULTS, 0, b"P1", None),
    ]
    writer = await broker.fence(0)
    assert await writer.commit(written, {CLAIMS_0: 3}) == {RESULTS_0: 3}
    await decided(broker, RESULTS_0, 4)
    found = await read(broker, RESULTS)
    assert [Output(RESULTS, 0, record.key, record.value, record.headers) for record in found] == written
    assert [(record.topic, record.partition, record.offset) for record in found] == [(RESULTS, 0, offset) for offset in (0, 1, 2)]
    await writer.close()


async def test_each_partition_written_to_tells_where_it_ends(broker: Broker) -> None:
    writer = await broker.fence(0)
    await writer.commit(outputs(b"1"), {CLAIMS_0: 1})
    mixed = [*outputs(b"2"), *outputs(b"x", partition=1), *outputs(b"3")]
    assert await writer.commit(mixed, {CLAIMS_0: 2}) == {RESULTS_0: 4, RESULTS_1: 1}, "1, a marker, 2, 3"
    assert [record.value for record in await read(broker, RESULTS)] == [b"1", b"2", b"3"]
    await writer.close()


async def test_a_marker_lies_beyond_the_last_record_and_carries_none(broker: Broker) -> None:
    writer = await broker.fence(0)
    after = (await writer.commit(outputs(b"1", b"2"), {CLAIMS_0: 1}))[RESULTS_0]
    end = await decided(broker, RESULTS_0, 3)
    assert (after, end, (await broker.log_ends([RESULTS_0]))[RESULTS_0]) == (2, 3, 3)
    chunks = [chunk async for chunk in broker.read(RESULTS_0, after, end)]
    assert [record for chunk in chunks for record in chunk.records] == []
    assert chunks[-1].next_offset >= end
    await writer.close()


async def test_nothing_is_read_at_or_after_the_stop(broker: Broker, place: Place) -> None:
    await place.send(CLAIMS, 0, [b"0", b"1", b"2", b"3"])
    assert [chunk async for chunk in broker.read(CLAIMS_0, 2, 2)] == []
    found = [record.offset async for chunk in broker.read(CLAIMS_0, 1, 3) for record in chunk.records]
    assert found == [1, 2]


async def test_reading_goes_on_where_it_was_broken_off(broker: Broker, place: Place) -> None:
    await place.send(CLAIMS, 0, [b"%d" % number for number in range(1200)])
    at, found = 0, []
    while at < 1200:
        async with aclosing(broker.read(CLAIMS_0, at, 1200)) as chunks:
            chunk = await anext(chunks)
            assert len(chunk.records) <= 500
            found += [record.value for record in chunk.records]
            at = chunk.next_offset
    assert found == [b"%d" % number for number in range(1200)]


async def test_a_chunk_is_bounded_in_bytes_too(broker: Broker, place: Place) -> None:
    """However far a compressed batch unfolds; whoever stops after a chunk misses nothing of what was cut off."""
    values = [b"%d" % number * 900_000 for number in range(10)]
    await place.send(CLAIMS, 0, values)
    at, found = 0, []
    while at < len(values):
        async with aclosing(broker.read(CLAIMS_0, at, len(values))) as chunks:
            chunk = await anext(chunks)
            assert sum(len(record.value or b"") for record in chunk.records) <= CHUNK_BYTES_MAX
            found += [record.value for record in chunk.records]
            at = chunk.next_offset
    assert found == values


async def test_what_is_not_committed_is_not_seen_and_nothing_behind_it(broker: Broker, place: Place) -> None:
    writer = await broker.fence(0)
    await writer.commit(outputs(b"before"), {CLAIMS_0: 1})
    await place.leave_open(1, outputs(b"open"))
    await place.send(RESULTS, 0, [b"behind"])
    assert [record.value for record in await read(broker, RESULTS)] == [b"before"]
    await writer.close()


async def test_taking_a_lane_aborts_what_its_former_owner_left_open(broker: Broker, place: Place) -> None:
    await place.leave_open(0, outputs(b"open"))
    await place.send(RESULTS, 0, [b"behind"])
    writer = await broker.fence(0)
    assert [record.value for record in await read(broker, RESULTS)] == [b"behind"]
    await writer.close()


async def test_a_zombie_commits_neither_records_nor_offsets(broker: Broker, place: Place) -> None:
    zombie = await place.another().fence(0)
    await zombie.commit(outputs(b"1"), {CLAIMS_0: 1})
    owner = await broker.fence(0)
    with pytest.raises(Doubt):
        await zombie.commit(outputs(b"stale"), {CLAIMS_0: 9})
    with pytest.raises(Doubt):
        await zombie.commit([], {CLAIMS_0: 9})
    await owner.commit(outputs(b"2"), {CLAIMS_0: 2})
    assert [record.value for record in await read(broker, RESULTS)] == [b"1", b"2"]
    assert await committed(broker, CLAIMS_0) == {CLAIMS_0: 2}
    await zombie.close()
    await owner.close()


async def test_two_lanes_do_not_fence_each_other(broker: Broker) -> None:
    first, second = await broker.fence(0), await broker.fence(1)
    await first.commit(outputs(b"1"), {CLAIMS_0: 1})
    await second.commit(outputs(b"2", partition=1), {TopicPartition(CLAIMS, 1): 1})
    assert await committed(broker, CLAIMS_0, TopicPartition(CLAIMS, 1)) == {CLAIMS_0: 1, TopicPartition(CLAIMS, 1): 1}
    await first.close()
    await second.close()


async def test_without_a_commit_the_group_is_at_the_beginning(broker: Broker, place: Place) -> None:
    await place.send(CLAIMS, 0, [b"0", b"1"])
    timelines = TopicPartition(TIMELINES, 1)
    assert await broker.committed([CLAIMS_0, timelines]) == {CLAIMS_0: 0, timelines: 0}
    writer = await broker.fence(0)
    await writer.commit([], {CLAIMS_0: 2})
    assert await committed(broker, CLAIMS_0, timelines) == {CLAIMS_0: 2, timelines: 0}
    await writer.close()


async def test_a_batch_without_outputs_commits_its_offsets(broker: Broker, place: Place) -> None:
    writer = await broker.fence(0)
    assert await writer.commit([], {CLAIMS_0: 7}) == {}
    assert await committed(place.another(), CLAIMS_0) == {CLAIMS_0: 7}
    assert await broker.ends([RESULTS_0]) == {RESULTS_0: 0}
    await writer.close()


async def test_a_log_begins_where_its_first_record_was_deleted_and_a_group_without_a_commit_at_zero_all_the_same(
    broker: Broker, place: Place
) -> None:
    await place.send(CLAIMS, 0, [b"0", b"1", b"2"])
    assert await broker.beginnings([CLAIMS_0, RESULTS_0]) == {CLAIMS_0: 0, RESULTS_0: 0}
    await place.delete(CLAIMS, 0, 2)
    assert await broker.beginnings([CLAIMS_0, RESULTS_0]) == {CLAIMS_0: 2, RESULTS_0: 0}
    assert await broker.committed([CLAIMS_0]) == {CLAIMS_0: 0}
    assert [record.value for record in await read(broker, CLAIMS)] == [b"2"]
