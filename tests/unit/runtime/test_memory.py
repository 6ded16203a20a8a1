"""What `MemoryKafka` has beyond the port, whose suite is `tests/integration/test_broker.py`: truncation, tails, several open transactions."""

import pytest

from services.runtime.errors import Doubt
from services.runtime.memory import MemoryBroker, MemoryKafka
from services.runtime.records import Output, TopicPartition

TOPIC = "results.v1"
PLACE = TopicPartition(TOPIC, 0)


@pytest.fixture
def kafka() -> MemoryKafka:
    return MemoryKafka()


def output(value: bytes, topic: str = TOPIC) -> Output:
    return Output(topic, 0, None, value)


def values(kafka: MemoryKafka, topic: str = TOPIC) -> list[bytes | None]:
    return [record.value for record in kafka.records(topic)]


def test_the_first_of_several_open_transactions_holds_back_what_lies_behind(kafka: MemoryKafka) -> None:
    one, two = kafka.init("one"), kafka.init("two")
    kafka.append(TOPIC, 0, None, b"before")
    kafka.send(one, output(b"1"))
    kafka.send(two, output(b"2"))
    kafka.commit(two, "group", {})
    assert (values(kafka), kafka.end(PLACE)) == ([b"before"], 1)
    kafka.commit(one, "group", {})
    assert (values(kafka), kafka.end(PLACE)) == ([b"before", b"1", b"2"], 5)


def test_an_aborted_transaction_shows_what_it_held_back(kafka: MemoryKafka) -> None:
    kafka.send(kafka.init("one"), output(b"1"))
    kafka.append(TOPIC, 0, None, b"behind")
    kafka.readable.clear()
    kafka.init("one")
    assert values(kafka) == [b"behind"]
    assert kafka.readable == {PLACE}


def test_truncation_forgets_what_lies_before_and_keeps_offsets(kafka: MemoryKafka) -> None:
    for number in range(5):
        kafka.append(TOPIC, 0, None, str(number).encode())
    kafka.truncate(TOPIC, 0, before=3)
    assert [(record.offset, record.value) for record in kafka.records(TOPIC)] == [(3, b"3"), (4, b"4")]
    assert kafka.append(TOPIC, 0, None, b"5").offset == 5
    assert (kafka.committed("group", PLACE), kafka.beginning(PLACE)) == (0, 3)
    kafka.truncate(TOPIC, 0, before=2)
    kafka.truncate(TOPIC, 0, before=99)
    assert (values(kafka), kafka.end(PLACE)) == ([], 6)


def test_what_is_let_go_of_is_not_lost(kafka: MemoryKafka) -> None:
    kafka.append(TOPIC, 0, None, b"0")
    kafka.forget(PLACE)
    kafka.append(TOPIC, 0, None, b"1")
    assert (values(kafka), kafka.beginning(PLACE)) == ([b"1"], 0)
    kafka.truncate(TOPIC, 0, before=2)
    assert (values(kafka), kafka.beginning(PLACE)) == ([], 2)


def test_what_is_not_decided_is_not_forgotten(kafka: MemoryKafka) -> None:
    producer = kafka.init("one")
    kafka.append(TOPIC, 0, None, b"before")
    kafka.send(producer, output(b"1"))
    kafka.truncate(TOPIC, 0, before=2)
    kafka.commit(producer, "group", {})
    assert values(kafka) == [b"1"]


async def test_reading_before_the_beginning_tells_where_the_log_begins(kafka: MemoryKafka) -> None:
    kafka.append(TOPIC, 0, None, b"0")
    kafka.append(TOPIC, 0, None, b"1")
    kafka.truncate(TOPIC, 0, before=2)
    chunks = [chunk async for chunk in MemoryBroker(kafka, "group", 1).read(PLACE, 0, 1)]
    assert [(chunk.records, chunk.next_offset) for chunk in chunks] == [((), 2)]


async def test_reading_beyond_the_end_is_doubt(kafka: MemoryKafka) -> None:
    kafka.append(TOPIC, 0, None, b"0")
    with pytest.raises(Doubt):
        [chunk async for chunk in MemoryBroker(kafka, "group", 1).read(PLACE, 0, 2)]


def test_a_tail_has_what_transactions_wrote_in_the_order_of_commits(kafka: MemoryKafka) -> None:
    tail = kafka.follow()
    one, two, three = kafka.init("one"), kafka.init("two"), kafka.init("three")
    kafka.append(TOPIC, 0, None, b"from outside")
    kafka.send(one, output(b"1"))
    kafka.send(two, output(b"2", "other.v1"))
    kafka.send(one, output(b"3", "other.v1"))
    kafka.send(three, output(b"given up"))
    kafka.commit(two, "group", {})
    assert [record.value for record in tail.drain()] == [b"2"]
    kafka.commit(one, "group", {})
    kafka.init("three")
    assert [record.value for record in tail.drain()] == [b"1", b"3"]
    assert tail.drain() == []
    assert kafka.follow().drain() == []


def test_only_the_last_holder_of_an_id_sends_or_commits(kafka: MemoryKafka) -> None:
    former = kafka.init("one")
    kafka.send(former, output(b"given up"))
    holder = kafka.init("one")
    for attempt in (lambda: kafka.send(former, output(b"late")), lambda: kafka.commit(former, "group", {PLACE: 9})):
        with pytest.raises(Doubt):
            attempt()
    kafka.send(holder, output(b"right"))
    kafka.commit(holder, "group", {PLACE: 1})
    assert (values(kafka), kafka.committed("group", PLACE)) == ([b"right"], 1)
