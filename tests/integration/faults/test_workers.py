"""Workers that die, freeze, come and go under load: each revision once, in order, sums as in the replay."""

import signal
import time
from collections.abc import Iterable
from random import Random

import pytest

from tests.integration.faults.city import City
from tests.integration.faults.conftest import Start
from tests.integration.faults.load import Load, aborted, healed, prove_both
from tests.integration.pipeline import Pipeline

pytestmark = pytest.mark.prove

SETTLERS = ("settlement-1", "settlement-2", "settlement-3")
KILLS = 50
DEATHS = 9
PLACES = ("booked", "sent", "apply")
READY_S_MAX = 60
FROZEN_S = 4.0
"""Well past the session of 2 s."""

FREEZES = 4


@pytest.fixture
def pipeline(start: Start, kafka_bootstrap: str, redis_db: str) -> Pipeline:
    return start(kafka_bootstrap, redis_db)


def wait_for_takes(pipeline: Pipeline, more_than: int) -> None:
    """Return when some lane of settlement was taken once more: the workers are at work again."""
    pipeline.wait(lambda: takes(pipeline) > more_than, READY_S_MAX)


def takes(pipeline: Pipeline) -> int:
    return sum(told["service"] == "settlement" for told in pipeline.told("lane taken"))


def test_a_worker_killed_fifty_times_under_load(pipeline: Pipeline, large_city: City) -> None:
    """Half of the deaths fall before or after an EndTxn by themselves, the others wherever the worker happens to be."""
    chance = Random(50)
    for name in ("identity-1", *SETTLERS):
        pipeline.start(name)
    with Load(pipeline, large_city.lines) as load:
        wait_for_takes(pipeline, 0)
        killed = 0
        while killed < KILLS:
            before = takes(pipeline)
            doomed = chance.sample(SETTLERS, chance.randint(2, len(SETTLERS)))
            for name in doomed:
                pipeline.kill(name)
                pipeline.start(name, fails=f"{chance.choice(PLACES[1:])}:kill:{chance.randint(1, 4)}")
            pipeline.wait_for_deaths(doomed, READY_S_MAX)
            for name in doomed:
                pipeline.start(name)
            killed += 2 * len(doomed)
            wait_for_takes(pipeline, before)
        load.finish()
    large_city.check(pipeline, "identity", "settlement")
    print(f"killed {killed} times: {aborted(pipeline)} records of aborted transactions, {healed(pipeline)} heals")
    prove_both(pipeline)
    assert set(pipeline.stop().values()) == {0}


def test_workers_that_die_at_exact_places(pipeline: Pipeline, city: City) -> None:
    """After booking claim keys, between sending and EndTxn, between EndTxn and the write to Redis; again and again, under load."""
    pipeline.start("identity-1")
    with Load(pipeline, city.lines) as load:
        for death in range(DEATHS):
            pipeline.start("settlement-1", fails=f"{PLACES[death % len(PLACES)]}:kill:{3 + death}")
            pipeline.wait_for_deaths(["settlement-1"], READY_S_MAX)
        pipeline.start("settlement-1")
        load.finish()
    city.check(pipeline, "identity", "settlement")
    prove_both(pipeline)


def test_workers_frozen_at_exact_places_change_nothing_when_they_wake(pipeline: Pipeline, city: City) -> None:
    """Frozen with an open transaction, and between EndTxn and the write to Redis, past the session; another takes the lanes; then they wake."""
    pipeline.start("identity-1")
    with Load(pipeline, city.lines) as load:
        for frozen, place in (("settlement-1", "sent"), ("settlement-2", "apply")):
            pipeline.start(frozen, fails=f"{place}:freeze:6")
            pipeline.wait(lambda frozen=frozen: is_stopped(pipeline.pid(frozen)), READY_S_MAX)
            before = takes(pipeline)
            pipeline.start("settlement-3")
            wait_for_takes(pipeline, before)
            time.sleep(FROZEN_S)
            pipeline.send(frozen, signal.SIGCONT)
            assert pipeline.end("settlement-3") == 0
            assert pipeline.end(frozen) == 0
        pipeline.start("settlement-1")
        load.finish()
    city.check(pipeline, "identity", "settlement")
    prove_both(pipeline)


def is_stopped(pid: int) -> bool:
    """Whether a process is frozen."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "T"


def test_workers_frozen_past_their_sessions_change_nothing_when_they_wake(pipeline: Pipeline, city: City) -> None:
    """Of three that share the lanes, two at once, each at an exact place; then one after the other, wherever it happens to be."""
    caught = {"settlement-1": "sent:freeze:8", "settlement-2": "apply:freeze:8"}
    for name in ("identity-1", *SETTLERS):
        pipeline.start(name, fails=caught.get(name, ""))
    with Load(pipeline, city.lines) as load:
        pipeline.wait(lambda: all(is_stopped(pipeline.pid(name)) for name in caught), READY_S_MAX)
        wake_late(pipeline, caught)
        for number in range(FREEZES):
            frozen = SETTLERS[number % len(SETTLERS)]
            pipeline.send(frozen, signal.SIGSTOP)
            wake_late(pipeline, [frozen])
        load.finish()
    city.check(pipeline, "identity", "settlement")
    prove_both(pipeline)
    assert set(pipeline.stop().values()) == {0}


def wake_late(pipeline: Pipeline, frozen: Iterable[str]) -> None:
    """Let the frozen go on when their sessions are over, and return when some lane was taken since they froze."""
    before = takes(pipeline)
    time.sleep(FROZEN_S)
    for name in frozen:
        pipeline.send(name, signal.SIGCONT)
    wait_for_takes(pipeline, before)


def test_three_workers_start_stop_die_and_share_their_lanes_anew_under_load(pipeline: Pipeline, city: City) -> None:
    """Two deaths fall where they hurt, before and after an EndTxn; then they come and go by chance."""
    chance = Random(3)
    pipeline.start("identity-1")
    running: list[str] = []
    statuses = []
    with Load(pipeline, city.lines) as load:
        doomed = {"settlement-1": "sent:kill:8", "settlement-2": "apply:kill:8"}
        for name, fails in doomed.items():
            pipeline.start(name, fails=fails)
        pipeline.wait_for_deaths(doomed, READY_S_MAX)
        for number in range(24):
            name = chance.choice(SETTLERS)
            before = takes(pipeline)
            if name not in running:
                pipeline.start(name)
                running.append(name)
                wait_for_takes(pipeline, before)
            else:
                running.remove(name)
                pipeline.wait(lambda name=name: pipeline.is_up(name), READY_S_MAX)
                if number % 2:
                    pipeline.kill(name)
                else:
                    statuses.append(pipeline.end(name))
            time.sleep(chance.uniform(0.1, 0.8))
        for name in set(SETTLERS) - set(running):
            pipeline.start(name)
        load.finish()
    city.check(pipeline, "identity", "settlement")
    assert statuses
    assert set(statuses) == {0}
    prove_both(pipeline)
