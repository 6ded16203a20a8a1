"""Wrong passwords slow down whoever goes on, and nobody else."""

import pytest

from services.console.web.attempts import FREE, FREE_AT_LARGE, PACE_S, REMEMBERED_S, TRIED_MAX, WAIT_S_MAX, Attempts


class Clock:
    """Stands still until it is moved."""

    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    """A clock."""
    return Clock()


@pytest.fixture
def attempts(clock: Clock) -> Attempts:
    """None yet."""
    return Attempts(clock)


def test_waits_double_from_one_second_up_to_the_longest(attempts: Attempts, clock: Clock) -> None:
    waits = []
    for _ in range(FREE + 11):
        waits.append(attempts.wait_s("li", "A"))
        clock.now_s += waits[-1]
        attempts.note("li", "A")
    assert waits == [0.0] * FREE + [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, WAIT_S_MAX, WAIT_S_MAX]


def test_they_are_forgotten_after_a_while(attempts: Attempts, clock: Clock) -> None:
    for _ in range(FREE):
        attempts.note("li", "A")
    assert attempts.wait_s("li", "A") == 1.0
    clock.now_s += REMEMBERED_S
    attempts.note("li", "A")
    assert attempts.wait_s("li", "A") == 0.0


def test_the_right_one_forgets_those_before(attempts: Attempts) -> None:
    for _ in range(3 * FREE):
        attempts.note("li", "A")
        attempts.take_back("li", "A")
    assert attempts.wait_s("li", "A") == 0.0


@pytest.mark.parametrize("by_name", [True, False], ids=["one name from many addresses", "many names from one address"])
def test_many_are_looked_at_one_a_second_but_who_was_let_in_there_is_not_slowed(attempts: Attempts, clock: Clock, by_name: bool) -> None:
    attempts.note("li", "A")
    attempts.take_back("li", "A")
    for number in range(FREE_AT_LARGE):
        assert attempts.wait_s("li" if by_name else "n1", f"B{number}" if by_name else "A") in (0.0, 1.0)
        attempts.note(*(("li", f"B{number}") if by_name else (f"n{number}", "A")))
    assert attempts.wait_s(*(("li", "C") if by_name else ("sun", "A"))) == PACE_S
    assert attempts.wait_s("li", "A") == 0.0
    clock.now_s += PACE_S
    assert attempts.wait_s(*(("li", "C") if by_name else ("sun", "A"))) == 0.0


def test_no_more_are_remembered_than_there_is_room_for(attempts: Attempts) -> None:
    for number in range(TRIED_MAX):
        attempts.note(f"n{number}", f"A{number}")
        attempts.take_back(f"n{number}", f"A{number}")
        attempts.note(f"m{number}", "A")
    assert max(len(attempts._wrong), len(attempts._let_in)) == TRIED_MAX


def test_who_fills_the_memory_is_slowed_himself(attempts: Attempts) -> None:
    """Made-up names push out what was counted for a name, not what is counted for their address."""
    for number in range(2 * TRIED_MAX):
        attempts.note(f"n{number}", "A")
    assert attempts.wait_s("li", "A") == PACE_S
