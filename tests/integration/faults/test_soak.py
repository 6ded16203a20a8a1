"""A long time at half load with faults at random: nothing lost, nothing twice, memory flat."""

import os
import signal
import threading
import time
from collections import defaultdict
from pathlib import Path
from random import Random

import pytest

from deploy.local.servers import Redis
from tests.integration.faults.city import City
from tests.integration.faults.conftest import Start
from tests.integration.faults.load import Load, aborted, healed, prove_both
from tests.integration.pipeline import Pipeline

pytestmark = pytest.mark.prove

FULL = os.environ.get("FULL") == "1"
SECONDS = 3_600 if FULL else 300
CLAIMS_A_SECOND = 250
"""Half of what "under load" means, on a machine that also runs Kafka, Redis and three services."""

CLAIMS_A_PERSON = 22
"""Of the generated year: of one person in each of the four cities together."""

GROWS_UNTIL = 0.6
"""What a heal from nothing holds grows with the claims a person has by then; so the last third has none, and must need no more than the second."""

FAULT_EVERY_S = 12.0
FROZEN_S = 4.0
STEADY = ("identity-1", "settlement-1", "monitoring-1")
"""They live through it all: their memory is looked at. Others like them are killed and frozen."""

UNSTEADY = ("identity-2", "settlement-2", "settlement-3", "monitoring-2")
GROWTH_MAX = 1.15
GROWTH_BYTES_MAX = 24 * 1024 * 1024
"""What the allocator may keep besides: a heal and a rebalance hold some chunks and one fetch at once."""


class Memory(threading.Thread):
    """Looks at the resident sets of processes, once a second, until `stop`."""

    def __init__(self, pids: dict[str, int]) -> None:
        super().__init__(daemon=True)
        self.samples: dict[str, list[int]] = defaultdict(list)
        self._pids = pids
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(1.0):
            for name, pid in self._pids.items():
                self.samples[name].append(resident_bytes(pid))

    def stop(self) -> None:
        self._ended.set()
        self.join()


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_a_soak_with_random_faults_loses_nothing_and_stays_flat(
    start: Start, kafka_bootstrap: str, own_redis: Redis, tmp_path: Path
) -> None:
    """Workers killed and frozen, Redis killed, restarted empty; all three services; warnings too are as in the replay."""
    city = City.generate(tmp_path, SECONDS * CLAIMS_A_SECOND // CLAIMS_A_PERSON)
    pipeline = start(kafka_bootstrap, own_redis.url)
    for name in STEADY + UNSTEADY:
        pipeline.start(name)
    memory = Memory({name: pipeline.pid(name) for name in STEADY})
    memory.start()
    chance = Random(SECONDS)
    faults = 0
    with Load(pipeline, city.lines, CLAIMS_A_SECOND) as load:
        while load.is_alive():
            time.sleep(chance.uniform(0.5, 1.5) * FAULT_EVERY_S)
            fail_somewhere(chance, pipeline, own_redis, may_empty=load.share < GROWS_UNTIL)
            faults += 1
    load.finish(claims_a_second=0.9 * CLAIMS_A_SECOND)
    city.check(pipeline, "identity", "settlement", "monitoring")
    memory.stop()
    print(f"{load.claims} claims, {faults} faults, {aborted(pipeline)} records of aborted transactions, {healed(pipeline)} heals")
    for name, samples in memory.samples.items():
        third = len(samples) // 3
        earlier, later = max(samples[third : 2 * third]), max(samples[2 * third :])
        print(f"{name}: {samples[third] >> 20} MiB after a third, at most {earlier >> 20} in the second, {later >> 20} in the last")
        assert later <= max(GROWTH_MAX * earlier, earlier + GROWTH_BYTES_MAX), name
    assert faults >= SECONDS / FAULT_EVERY_S / 3
    prove_both(pipeline)
    assert set(pipeline.stop().values()) == {0}


def fail_somewhere(chance: Random, pipeline: Pipeline, redis: Redis, *, may_empty: bool) -> None:
    """One fault, by chance."""
    match chance.randrange(6):
        case 0 | 1:
            name = chance.choice(UNSTEADY)
            pipeline.kill(name)
            pipeline.start(name)
        case 2:
            name = chance.choice(UNSTEADY)
            pipeline.send(name, signal.SIGSTOP)
            time.sleep(FROZEN_S)
            pipeline.send(name, signal.SIGCONT)
        case 3:
            name = chance.choice(UNSTEADY)
            assert pipeline.end(name) == 0
            pipeline.start(name)
        case 4:
            redis.kill()
            redis.start()
        case _:
            redis.kill()
            redis.restart(empty=may_empty)
