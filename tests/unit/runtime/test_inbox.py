"""A lane's inbox gives batches in order of precedence, says when it is full, and notices a topic that went back."""

import pytest

from services.runtime.errors import Doubt
from services.runtime.inbox import BYTES_MAX, Inbox
from services.runtime.records import Record

FIRST, THEN = "timelines.v1", "claims.v1"
BATCH = 3


def records(topic: str, *offsets: int, size: int = 1) -> list[Record]:
    return [Record(topic, 0, offset, None, b"v" * size) for offset in offsets]


@pytest.fixture
def inbox() -> Inbox:
    new = Inbox((FIRST, THEN), BATCH)
    new.begin({FIRST: 0, THEN: 10})
    return new


def test_what_is_given_back_lies_in_front_again_and_counts(inbox: Inbox) -> None:
    inbox.put([*records(FIRST, 0), *records(THEN, *range(10, 10 + 2 * BATCH - 1))])
    taken = inbox.take(2 * BATCH)
    assert inbox.is_low
    inbox.give_back(taken[1:])
    inbox.put(records(FIRST, 1))
    assert inbox.is_full
    again = inbox.take(3)
    assert [(found.topic, found.offset) for found in again] == [(FIRST, 1), (THEN, 10), (THEN, 11)]


def test_batches_are_taken_in_order_of_topics_and_offsets(inbox: Inbox) -> None:
    inbox.put(records(THEN, 10, 11))
    inbox.put(records(FIRST, 0, 1))
    assert [[(record.topic, record.offset) for record in inbox.take(BATCH)] for _ in range(3)] == [
        [(FIRST, 0), (FIRST, 1), (THEN, 10)],
        [(THEN, 11)],
        [],
    ]


def test_offsets_may_leap_over_markers_and_what_was_compacted(inbox: Inbox) -> None:
    inbox.put(records(THEN, 12, 17))
    assert [record.offset for record in inbox.take(BATCH)] == [12, 17]


@pytest.mark.parametrize("offsets", [(9,), (10, 10), (12, 11)])
def test_a_record_from_before_is_a_doubt(inbox: Inbox, offsets: tuple[int, ...]) -> None:
    with pytest.raises(Doubt, match="went back"):
        inbox.put(records(THEN, *offsets))


def test_it_is_full_at_two_batches_and_low_below_one(inbox: Inbox) -> None:
    seen = []
    for offset in range(10, 10 + 2 * BATCH):
        seen.append((inbox.is_low, inbox.is_full))
        inbox.put(records(THEN, offset))
    assert seen == [(True, False)] * BATCH + [(False, False)] * BATCH
    assert inbox.is_full
    inbox.take(BATCH)
    assert not inbox.is_full


def test_it_is_full_with_few_large_records_too(inbox: Inbox) -> None:
    inbox.put(records(THEN, 10, size=BYTES_MAX))
    assert inbox.is_full
    inbox.take(BATCH)
    assert inbox.is_low


def test_it_knows_whether_a_record_below_an_offset_waits(inbox: Inbox) -> None:
    inbox.put(records(FIRST, 4))
    assert (inbox.holds_before(FIRST, 4), inbox.holds_before(FIRST, 5), inbox.holds_before(THEN, 99)) == (False, True, False)


def test_beginning_anew_forgets_everything(inbox: Inbox) -> None:
    inbox.put(records(THEN, 10, 11))
    inbox.begin({FIRST: 0, THEN: 10})
    inbox.put(records(THEN, 10))
    assert [record.offset for record in inbox.take(BATCH)] == [10]


def test_the_first_offset_that_did_not_come_is_told_once(inbox: Inbox) -> None:
    inbox.put(records(FIRST, 0, 1))
    assert inbox.gaps() == {}
    inbox.put(records(THEN, 10, 12, 17))
    inbox.put(records(FIRST, 4))
    assert inbox.gaps() == {THEN: 11, FIRST: 2}
    assert inbox.gaps() == {}
    inbox.put(records(THEN, 19))
    inbox.begin({FIRST: 0, THEN: 10})
    assert inbox.gaps() == {}
