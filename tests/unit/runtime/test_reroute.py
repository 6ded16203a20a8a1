"""Where a record that travelled first lay, by headers that anybody may have written."""

import pytest

from services.runtime.records import Record
from services.runtime.reroute import NUMBER_MAX, NUMBER_MIN, copy, origin

AMOUNTS, REROUTED = "amounts.v1", "counting.rerouted.v1"


def travelled(partition: int = 3, offset: int = 7, timestamp_ms: int = 1_700_000_000_000) -> tuple[Record, Record]:
    """A record as it first lay, and its copy on the rerouting topic."""
    first = Record(AMOUNTS, partition, offset, b"k", b"v", (("h", b"1"),), timestamp_ms)
    sent = copy(first, REROUTED, 1)
    return first, Record(REROUTED, 1, 0, sent.key, sent.value, sent.headers, 1)


@pytest.mark.parametrize(
    "numbers",
    [
        {},
        {"partition": 0, "offset": 0, "timestamp_ms": NUMBER_MIN},
        {"offset": NUMBER_MAX, "timestamp_ms": NUMBER_MAX},
        {"timestamp_ms": -1},
    ],
)
def test_a_copy_is_known_by_where_it_first_lay(numbers: dict[str, int]) -> None:
    first, came = travelled(**numbers)
    assert origin(came, {AMOUNTS}) == first


@pytest.mark.parametrize(
    "numbers",
    [
        {"partition": -1},
        {"offset": -1},
        {"timestamp_ms": NUMBER_MIN - 1},
        {"partition": NUMBER_MAX + 1},
        {"offset": NUMBER_MAX + 1},
        {"timestamp_ms": NUMBER_MAX + 1},
    ],
)
def test_one_number_that_kafka_cannot_hold_and_it_is_no_origin(numbers: dict[str, int]) -> None:
    _, came = travelled(**numbers)
    assert origin(came, {AMOUNTS}) == came


def test_another_topic_s_name_or_another_topic_is_no_origin() -> None:
    first, came = travelled()
    assert origin(came, {"others.v1"}) == came
    assert origin(came._replace(topic=AMOUNTS), {AMOUNTS}) == came._replace(topic=AMOUNTS)
    assert origin(came._replace(headers=came.headers[1:-1]), {AMOUNTS}).offset == 0
    assert first.headers == came.headers[:-4]
