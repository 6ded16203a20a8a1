"""Ways to lose a Redis under load, and what settlement may do until every lane is healed, seen from outside: in Redis' data and in the ledger topic."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import redis

from deploy.local.servers import Redis
from schemas.catalogue import RESULTS
from services.settlement.app import SettlementService
from tests import clients
from tests.integration.pipeline import Pipeline
from tests.integration.secured import secured_url
from tests.integration.topics import PARTITIONS

HEAL_S_MAX = 120
LOOK_EVERY_S = 0.02
COMMIT_S_MAX = 1.0
SETTLE_S_MAX = 60.0
REPLICA_S_MAX = 30

Ends = Mapping[tuple[str, int], int]


def asking(server: Redis) -> redis.Redis:
    """An operator's client, which answers in text and tries nothing twice."""
    return clients.redis_at(secured_url(server), decode_responses=True, socket_timeout=5, retry=None)


class Gate:
    """Settlement's gate on one server, read from the server's own data and not by the script that makes it."""

    def __init__(self, server: Redis, prefix: str) -> None:
        self.server = server
        self._key = f"{prefix}medaid:settlement:healed"

    def healed(self) -> set[str]:
        """The lanes that are marked healed in the present run; none while the server is away."""
        try:
            with asking(self.server) as client:
                info = client.info("server") | client.info("replication")
                marks = client.hgetall(self._key)
        except redis.RedisError:
            return set()
        mark = f"-f{SettlementService.format}"
        run = f"{info['run_id']}-{info['master_replid']}-{marks.get(f'life{mark}', '')}{mark}"
        return {lane for lane, marked in marks.items() if marked == run}

    def is_open(self) -> bool:
        """Whether all lanes are."""
        return len(self.healed()) == PARTITIONS


def survive(pipeline: Pipeline, gate: Gate, lose: Callable[[], None], come_back: Callable[[Ends], None], *, healed_min: int = 1) -> int:
    """Lose the Redis and let it come back: nobody settles until the gate is open, and the lanes heal at least `healed_min` records; how many they did."""
    before = records_healed(pipeline)
    lose()
    since = pipeline.ends([RESULTS])
    assert not gate.is_open(), "nothing was lost"
    nobody_settled(pipeline, gate, since)
    come_back(since)
    until = time.monotonic() + HEAL_S_MAX
    while nobody_settled(pipeline, gate, since):
        assert time.monotonic() < until, f"healed are only {gate.healed()}"
    pipeline.wait(lambda: records_healed(pipeline) >= before + healed_min, HEAL_S_MAX)
    return records_healed(pipeline) - before


def nobody_settled(pipeline: Pipeline, gate: Gate, since: Ends) -> bool:
    """Whether the gate is still shut; then no lane has written more since the loss than the batch that it had in hand."""
    began = {lane: batches_since(pipeline, lane, end, 2) for (_, lane), end in since.items()}
    if gate.is_open():  # looked after the results were read: what is not open now was not open then
        return False
    assert max(began.values()) <= 1, f"settled while only {gate.healed()} were healed: {began}"
    return True


def batches_since(pipeline: Pipeline, lane: int, end: int, count_max: int = 1) -> int:
    """How many transactions have written results of a lane since, aborted and open ones too, at most `count_max`: between two of them lies a marker."""
    count, expected = 0, -1
    for offset in pipeline.offsets(RESULTS, lane, end):
        count += offset != expected
        expected = offset + 1
        if count == count_max:  # whoever settles would be read after for ever
            break
    return count


def records_healed(pipeline: Pipeline) -> int:
    """How many records settlement's lanes have healed their views from, all together."""
    return sum(told["healed"] for told in pipeline.told("lane taken") if told["service"] == "settlement")


def kill_between_commit_and_apply(pipeline: Pipeline, server: Redis) -> None:
    """Kill a Redis that has not been told of a result yet: frozen until one is written to the ledger topic that it can know nothing of."""
    while not settles_without(pipeline, server):
        assert settles_within(pipeline, SETTLE_S_MAX), "nobody settles"
    server.kill()


def settles_without(pipeline: Pipeline, server: Redis) -> bool:
    """Freeze a Redis. Whether results are written nevertheless: of batches that were loaded before; if not, it goes on."""
    assert server.pid
    os.kill(server.pid, signal.SIGSTOP)
    if settles_within(pipeline, COMMIT_S_MAX):
        return True
    os.kill(server.pid, signal.SIGCONT)
    return False


def settles_within(pipeline: Pipeline, seconds: float) -> bool:
    """Whether a result is written within `seconds` from now."""
    since, until = pipeline.ends([RESULTS]), time.monotonic() + seconds
    while pipeline.ends([RESULTS]) == since:
        time.sleep(LOOK_EVERY_S)
        if time.monotonic() > until:
            return False
    return True


def keep_whole_file(server: Redis) -> None:
    """Let the append-only file grow: rewritten, its newest part would hold next to nothing, and a copy of it could be torn."""
    with asking(server) as client:
        client.config_set("auto-aof-rewrite-percentage", 0)


def cut_append_only_file(server: Redis) -> None:
    """Lose the later half of what a killed server has written since it began: seconds of state."""
    newest = max(server.folder.glob("appendonlydir/*.incr.aof"), key=lambda path: int(path.name.split(".")[-3]))
    os.truncate(newest, newest.stat().st_size // 2)


def copy_of_data(server: Redis, to: Path) -> Path:
    """A copy of the files of a running server, as a careless backup makes it: its end may be half written."""
    return Path(shutil.copytree(server.folder / "appendonlydir", to))


def put_back(copy: Path, server: Redis) -> None:
    """Start a server that is down with an earlier copy of its files."""
    shutil.rmtree(server.folder / "appendonlydir")
    shutil.copytree(copy, server.folder / "appendonlydir")
    server.start()


def follow(replica: Redis, primary: Redis) -> None:
    """Make a server a replica of another, and return when it has all that lies there."""
    with asking(replica) as client:
        client.replicaof("127.0.0.1", str(primary.port))
        until = time.monotonic() + REPLICA_S_MAX
        while client.info("replication").get("master_link_status") != "up":
            assert time.monotonic() < until, client.info("replication")
            time.sleep(0.1)
