"""Kafka stopped, killed, moved, slow, or with the ends of transactions lost, under load: services wait and go on; each revision once, in order, as replayed."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from deploy.local.servers import Kafka
from schemas.catalogue import CLAIMS, RESULTS, SETTLEMENT_REROUTED
from tests.integration.faults.city import City
from tests.integration.faults.conftest import Start
from tests.integration.faults.cutting import EndTxnDelayer, EndTxnLoser, Loss
from tests.integration.faults.kafkas import Cluster, TwoDoors
from tests.integration.faults.load import Load, aborted, healed, prove
from tests.integration.faults.proxy import Proxy
from tests.integration.pipeline import Pipeline
from tests.integration.topics import Event

pytestmark = [pytest.mark.prove, pytest.mark.kafka]

WORKERS = ("identity-1", "settlement-1", "settlement-2")
DEADLINE_S = 3.0
SETTINGS = {"MEDAID_KAFKA_DEADLINE_MS": str(round(1_000 * DEADLINE_S))}
READY_S_MAX = 90
AWAY_S = 30.0
SLOW_S = 0.2
LOSS_GAP_S = 0.4
TRANSACTIONS = "__transaction_state"
NOBODY: Mapping[str, str] = {}


class InterruptedLoad(Load):
    """A load on a Kafka that is away for a while: its pace is that of the rest."""

    away_s = 0.0

    @contextmanager
    def interrupted(self) -> Iterator[None]:
        """While Kafka is away."""
        began_s = time.monotonic()
        yield
        self.away_s += time.monotonic() - began_s

    def finish(self, claims_a_second: float = 500) -> None:
        self.join()
        self._seconds -= self.away_s
        super().finish(claims_a_second)


def begin(pipeline: Pipeline, fails: Mapping[str, str] = NOBODY) -> None:
    """Start the workers, and return when every lane of settlement was taken; `fails` is who is to fail by itself, and where."""
    for name in WORKERS:
        pipeline.start(name, fails=fails.get(name, ""))
    pipeline.wait(lambda: {told["lane"] for told in taken(pipeline)} == {0, 1, 2, 3}, READY_S_MAX)


def taken(pipeline: Pipeline) -> list[Event]:
    return [told for told in pipeline.told("lane taken") if told["service"] == "settlement"]


def doubts(pipeline: Pipeline) -> int:
    return sum(told["service"] == "settlement" for told in pipeline.told("lane in doubt"))


def settled(pipeline: Pipeline) -> int:
    """Where the ledger ends, all partitions together."""
    return sum(pipeline.ends([RESULTS]).values())


def wait_for_takes(pipeline: Pipeline, more_than: int) -> None:
    """Return when some lane of settlement was taken once more: the workers are at work again."""
    pipeline.wait(lambda: len(taken(pipeline)) > more_than, READY_S_MAX)


def end(pipeline: Pipeline, city: City) -> tuple[int, int]:
    """Hold all against the replay, stop all; records of aborted transactions, and heals."""
    city.check(pipeline, "identity", "settlement")
    found = aborted(pipeline), healed(pipeline)
    assert set(pipeline.stop().values()) == {0}
    print(f"{found[0]} records of aborted transactions, {found[1]} heals, {len(taken(pipeline))} takes")
    return found


def behind(proxy: Proxy, folder: Path) -> TwoDoors:
    """A Kafka whose back door leads through `proxy`."""
    kafka = TwoDoors(folder / "kafka", proxy.address)
    kafka.start()
    proxy.retarget(kafka.back_door)
    return kafka


@pytest.fixture
def ending(tmp_path: Path) -> Iterator[tuple[EndTxnDelayer, Kafka]]:
    """A Kafka that can be met while it ends a transaction."""
    with EndTxnDelayer("") as proxy, behind(proxy, tmp_path) as kafka:
        yield proxy, kafka


def await_an_end(proxy: EndTxnDelayer, pipeline: Pipeline) -> None:
    """Return when Kafka hears that a transaction of settlement is to end, whose answer will come too late."""
    proxy.delay_from_end_of(f"{pipeline.prefix}settlement-", 2 * DEADLINE_S)
    assert proxy.begun.wait(READY_S_MAX)


def test_a_broker_stopped_for_thirty_seconds_under_load(
    ending: tuple[EndTxnDelayer, Kafka], redis_db: str, city: City, start: Start
) -> None:
    proxy, kafka = ending
    pipeline = start(kafka.bootstrap_servers, redis_db, KAFKA_BOOTSTRAP_SERVERS=proxy.address, **SETTINGS)
    begin(pipeline)
    with InterruptedLoad(pipeline, city.lines) as load:
        load.reach(0.3)
        with load.interrupted():
            await_an_end(proxy, pipeline)
            kafka.stop()
            proxy.delay(0.0)
            time.sleep(AWAY_S)
            assert doubts(pipeline) > 0
            kafka.start()
        load.finish()
    prove(sum(end(pipeline, city)), "nobody was caught in a batch")


def test_a_broker_killed_again_and_again_under_load(ending: tuple[EndTxnDelayer, Kafka], redis_db: str, city: City, start: Start) -> None:
    chance = Random(9)
    proxy, kafka = ending
    pipeline = start(kafka.bootstrap_servers, redis_db, KAFKA_BOOTSTRAP_SERVERS=proxy.address, **SETTINGS)
    begin(pipeline)
    with InterruptedLoad(pipeline, city.lines) as load:
        for share in (0.1, 0.4, 0.7):
            load.reach(share + chance.uniform(0, 0.05))
            before = len(taken(pipeline))
            with load.interrupted():
                await_an_end(proxy, pipeline)
                kafka.kill()
                proxy.delay(0.0)
                kafka.start()
            wait_for_takes(pipeline, before)
        load.finish()
    prove(sum(end(pipeline, city)), "nobody was caught in a batch")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    two = Cluster(tmp_path)
    try:
        two.start()
        yield two
    finally:
        two.stop()


def test_leaders_that_move_away_and_back_under_load(cluster: Cluster, redis_db: str, city: City, start: Start, tmp_path: Path) -> None:
    """The node that leads half of the partitions and coordinates half of the transactions is killed while a batch waits to be committed; it comes
    back, and leads again."""
    hold = tmp_path / "hold"
    hold.touch()
    pipeline = start(
        cluster.bootstrap_servers, redis_db, MEDAID_TEST_HOLD=str(hold)
    )  # Kafka's deadline as shipped: the held batch has so long
    begin(pipeline, {"settlement-2": "sent:wait:20"})
    topics = [TRANSACTIONS, *(pipeline.prefix + topic for topic in (CLAIMS, RESULTS, SETTLEMENT_REROUTED))]
    assert all(cluster.led_by(2, topic) for topic in topics)
    with Load(pipeline, city.lines) as load:
        load.hold(0.5)
        pipeline.wait(hold.with_suffix(".reached").exists, READY_S_MAX)
        before = len(taken(pipeline))
        prove(not pipeline.told("lane in doubt", "settlement-2"), "the batch was given up before the node died")  # nobody else ends it
        cluster.second.kill()
        pipeline.wait(lambda: not any(cluster.led_by(2, topic) for topic in topics), READY_S_MAX)
        wait_for_takes(pipeline, before)
        cluster.second.start()
        pipeline.wait(lambda: cluster.is_whole(topics), READY_S_MAX)
        load.go_on()
        cluster.move_leaders_back()
        pipeline.wait(lambda: all(cluster.led_by(2, topic) for topic in topics), READY_S_MAX)
        prove(load.share < 0.95, "the leaders moved back when the load was over")
        load.finish()
    prove(sum(end(pipeline, city)), "nobody was caught in a batch")


def test_a_kafka_that_is_slow_and_then_hangs(ending: tuple[EndTxnDelayer, Kafka], redis_db: str, city: City, start: Start) -> None:
    """It begins to hang when it has heard of the end of a transaction and not answered yet."""
    proxy, kafka = ending
    pipeline = start(kafka.bootstrap_servers, redis_db, KAFKA_BOOTSTRAP_SERVERS=proxy.address, **SETTINGS)
    begin(pipeline)
    with Load(pipeline, city.lines) as load:
        load.hold(0.6)
        load.reach(0.1)
        proxy.delay(SLOW_S)
        load.reach(0.3)
        before = settled(pipeline)
        pipeline.wait(lambda: settled(pipeline) > before, READY_S_MAX)
        assert doubts(pipeline) == 0, "a slow Kafka is no reason for doubt"
        await_an_end(proxy, pipeline)
        pipeline.wait(lambda: doubts(pipeline) >= 2, READY_S_MAX)
        proxy.delay(0.0)
        load.go_on()
        load.finish()
    _, heals = end(pipeline, city)
    prove(heals, "no answer about a committed transaction came too late")


def test_ends_of_transactions_that_are_lost(redis_db: str, city: City, start: Start, tmp_path: Path) -> None:
    """EndTxn, or its answer, dozens of times: Kafka has committed or it has not, and nobody tells."""
    with EndTxnLoser("", LOSS_GAP_S) as proxy, behind(proxy, tmp_path) as kafka:
        pipeline = start(kafka.bootstrap_servers, redis_db, KAFKA_BOOTSTRAP_SERVERS=proxy.address, **SETTINGS)
        begin(pipeline)
        with Load(pipeline, city.lines) as load:
            proxy.losing = True
            load.finish()
            proxy.losing = False
        _, heals = end(pipeline, city)
        print({loss.name: count for loss, count in proxy.lost.items()})
        assert min(proxy.lost[loss] for loss in Loss) >= 6
        prove(
            heals, "no transaction was committed whose answer was lost"
        )  # one that Kafka has not heard of, the client asks for again by itself
