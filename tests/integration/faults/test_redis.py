"""A Redis that is lost under load, in every way: all lanes heal from the ledger before any settles again; each revision once, in order, sums as replayed."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.servers import Redis
from schemas.catalogue import RESULTS
from tests.integration.faults.city import City
from tests.integration.faults.conftest import Start
from tests.integration.faults.load import Load
from tests.integration.faults.losing import (
    Ends,
    Gate,
    asking,
    copy_of_data,
    cut_append_only_file,
    follow,
    keep_whole_file,
    kill_between_commit_and_apply,
    nobody_settled,
    put_back,
    survive,
)
from tests.integration.faults.proxy import Proxy
from tests.integration.pipeline import Pipeline

pytestmark = pytest.mark.prove

WORKERS = ("identity-1", "settlement-1", "settlement-2")
SETTINGS = {"MEDAID_REDIS_DEADLINE_MS": "2000", "MEDAID_SESSION_MS": "30000"}
"""A session that outlives the moments for which a worker is frozen here: it keeps its lanes, unhealed."""

READY_S_MAX = 60
A_GOOD_PIECE = 500
"""Records that must have been lost where a part of the data is."""


def begin(pipeline: Pipeline, gate: Gate) -> None:
    """Start the workers, and return when they settle."""
    keep_whole_file(gate.server)
    for name in WORKERS:
        pipeline.start(name)
    pipeline.wait(gate.is_open, READY_S_MAX)


def test_a_redis_that_is_killed_or_cut_or_empty_is_healed_before_anybody_settles(
    kafka_bootstrap: str, own_redis: Redis, city: City, start: Start
) -> None:
    pipeline = start(kafka_bootstrap, own_redis.url, **SETTINGS)
    gate = Gate(own_redis, pipeline.prefix)
    begin(pipeline, gate)

    def kill() -> None:
        kill_between_commit_and_apply(pipeline, own_redis)

    def kill_with_one_worker_frozen() -> None:
        kill()
        pipeline.send("settlement-2", signal.SIGSTOP)

    def start_with_one_worker_frozen(since: Ends) -> None:
        """Two lanes heal; a thousand claims later nobody has settled any, for the other two have not."""
        own_redis.start()
        keep_whole_file(own_redis)
        pipeline.wait(lambda: len(gate.healed()) == 2, READY_S_MAX)
        load.reach(load.share + 0.05)
        assert nobody_settled(pipeline, gate, since)
        pipeline.send("settlement-2", signal.SIGCONT)

    def start_with_a_cut_file(_since: Ends) -> None:
        cut_append_only_file(own_redis)
        own_redis.start()

    def start_empty(_since: Ends) -> None:
        own_redis.restart(empty=True)

    with Load(pipeline, city.lines) as load:
        load.reach(0.15)
        print("killed:", survive(pipeline, gate, kill_with_one_worker_frozen, start_with_one_worker_frozen))
        load.reach(0.4)
        print("cut:", survive(pipeline, gate, kill, start_with_a_cut_file, healed_min=A_GOOD_PIECE))
        load.reach(0.65)
        settled = sum(pipeline.ends([RESULTS]).values()) // 2
        print("empty:", survive(pipeline, gate, kill, start_empty, healed_min=settled))
        load.finish()
    city.check(pipeline, "identity", "settlement")
    assert pipeline.stop() == dict.fromkeys(WORKERS, 0)


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Redis]:
    with Redis(tmp_path / "replica") as server:
        yield server


def test_a_redis_that_is_set_back_or_flushed_is_healed_before_anybody_settles(
    kafka_bootstrap: str, own_redis: Redis, city: City, start: Start, tmp_path: Path
) -> None:
    pipeline = start(kafka_bootstrap, own_redis.url, **SETTINGS)
    gate = Gate(own_redis, pipeline.prefix)
    begin(pipeline, gate)

    def kill() -> None:
        kill_between_commit_and_apply(pipeline, own_redis)

    def start_with_the_old_files(_since: Ends) -> None:
        put_back(old, own_redis)

    def flush() -> None:
        with asking(own_redis) as client:
            client.flushall()

    with Load(pipeline, city.lines) as load:
        load.reach(0.15)
        old = copy_of_data(own_redis, tmp_path / "old")
        load.reach(0.4)
        print("set back:", survive(pipeline, gate, kill, start_with_the_old_files, healed_min=A_GOOD_PIECE))
        load.reach(0.7)
        settled = sum(pipeline.ends([RESULTS]).values()) // 2
        print("flushed:", survive(pipeline, gate, flush, lambda _since: None, healed_min=settled))
        load.finish()
    city.check(pipeline, "identity", "settlement")
    assert pipeline.stop() == dict.fromkeys(WORKERS, 0)


def test_a_redis_that_fails_over_to_a_replica_is_healed_before_anybody_settles(
    kafka_bootstrap: str, own_redis: Redis, replica: Redis, city: City, start: Start
) -> None:
    """The replica lacks what the old primary was still told, and the old primary is frozen with all its lines."""
    follow(replica, own_redis)
    with Proxy(f"127.0.0.1:{own_redis.port}") as proxy:
        pipeline = start(kafka_bootstrap, f"redis://{proxy.address}/0", **SETTINGS)
        gate = Gate(own_redis, pipeline.prefix)
        begin(pipeline, gate)

        def promote_and_freeze_the_primary() -> None:
            """For a while both are primaries, and clients write to the old one."""
            with asking(replica) as client:
                client.replicaof("NO", "ONE")
            results = sum(pipeline.ends([RESULTS]).values())
            pipeline.wait(lambda: sum(pipeline.ends([RESULTS]).values()) > results + 2 * A_GOOD_PIECE, READY_S_MAX)
            assert own_redis.pid
            os.kill(own_redis.pid, signal.SIGSTOP)
            gate.server = replica

        def fail_over(_since: Ends) -> None:
            proxy.retarget(f"127.0.0.1:{replica.port}")

        with Load(pipeline, city.lines) as load:
            load.reach(0.3)
            print("failed over:", survive(pipeline, gate, promote_and_freeze_the_primary, fail_over, healed_min=A_GOOD_PIECE))
            assert own_redis.pid
            os.kill(own_redis.pid, signal.SIGCONT)  # what it was sent last is done there, late, and reaches nobody
            load.finish()
        city.check(pipeline, "identity", "settlement")
        assert pipeline.stop() == dict.fromkeys(WORKERS, 0)
