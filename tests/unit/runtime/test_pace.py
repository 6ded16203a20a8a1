"""A batch that failed comes again smaller, and grows back; a lane in doubt rests longer and longer."""

from services.runtime.pace import BACKOFF_S_MAX, BACKOFF_S_MIN, Pace


def test_a_batch_is_halved_by_each_doubt_down_to_one_record_and_grows_back() -> None:
    pace = Pace(500)
    pace.begin(8)
    sizes = []
    for _ in range(5):
        pace.doubt()
        sizes.append(pace.records)
        pace.begin(pace.records)
    assert sizes == [4, 2, 1, 1, 1]
    for _ in range(10):
        pace.begin(pace.records)
        pace.end()
        sizes.append(pace.records)
    assert sizes[5:] == [2, 4, 8, 16, 32, 64, 128, 256, 500, 500]


def test_the_next_batch_is_as_large_as_what_was_done_of_the_last_one() -> None:
    pace = Pace(500)
    pace.begin(500)
    pace.end(left=490)
    assert pace.records == 10


def test_a_doubt_without_a_batch_in_hand_makes_none_smaller_and_rest_none_larger() -> None:
    pace = Pace(500)
    pace.doubt()
    assert pace.records == 500
    pace.begin(500)
    pace.doubt()
    pace.doubt()
    pace.end()
    assert pace.records == 250


def test_each_doubt_in_a_row_is_rested_twice_as_long_up_to_a_bound() -> None:
    pace = Pace(500)
    assert [pace.doubt() for _ in range(8)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, BACKOFF_S_MAX, BACKOFF_S_MAX]
    pace.end()
    assert pace.doubt() == BACKOFF_S_MIN
