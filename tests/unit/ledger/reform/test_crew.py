"""Work in forked processes: results in order, what one raises is raised, what dies is told, none is left behind."""

import os
import time
from collections.abc import Callable
from multiprocessing import active_children

import pytest

from services.ledger.errors import Declined
from services.ledger.reform.crew import Job, Lost, Tell, done_together


def steps(number: int) -> Job[int]:
    """A job that tells so many steps, and comes to their number."""

    def work(tell: Tell) -> int:
        for _ in range(number):
            tell(1)
        return number

    return work


def failing(fails: Callable[[], object]) -> Job[int]:
    """A job that fails."""

    def work(_: Tell) -> int:
        fails()
        return 0

    return work


def refuse() -> None:
    raise Declined("not in order")


def sleep(_: Tell) -> int:
    time.sleep(60)
    return 0


def test_results_come_in_order_and_every_step_is_told() -> None:
    told: list[int] = []
    assert done_together([steps(3), steps(0), steps(5)], told.append) == [3, 0, 5]
    assert sum(told) == 8


def test_one_job_is_done_in_this_process() -> None:
    assert done_together([lambda _: os.getpid()], lambda _: None) == [os.getpid()]
    assert os.getpid() not in done_together([lambda _: os.getpid(), lambda _: os.getpid()], lambda _: None)


def test_what_one_raises_ends_the_others() -> None:
    began_s = time.monotonic()
    with pytest.raises(Declined, match="not in order"):
        done_together([sleep, failing(refuse)], lambda _: None)
    assert time.monotonic() - began_s < 30
    assert active_children() == []


def test_one_that_dies_is_told() -> None:
    with pytest.raises(Lost, match="ended with status 9; is there memory enough"):
        done_together([sleep, failing(lambda: os._exit(9))], lambda _: None)
    assert active_children() == []
