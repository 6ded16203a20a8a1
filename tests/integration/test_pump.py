"""A service on a real Kafka and a real Redis, in processes of its own: what is settled once stays settled once, whatever happens to them."""

import json
import re
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from deploy.local.servers import Kafka, Redis
from tests.integration.workers import FACTOR, LANES, World, expected
from tests.unit.runtime.counting import AMOUNTS, FACTORS, PAID, UNREADABLE

HALF, ALL = 1_000, 2_000

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


@pytest.fixture
async def world(kafka_bootstrap: str, redis_db: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[World]:
    place = World(kafka_bootstrap, redis_db, topic_prefix, tmp_path)
    await place.make_topics()
    yield place
    place.close()


@pytest.fixture
def far_world(own_kafka: Kafka, own_redis: Redis, topic_prefix: str, tmp_path: Path) -> Iterator[World]:
    place = World(own_kafka.bootstrap_servers, own_redis.url, topic_prefix, tmp_path)
    yield place
    place.close()


async def test_a_killed_process_loses_nothing_and_doubles_nothing(world: World) -> None:
    doomed, other = world.work(), world.work()
    await world.are(
        lambda: doomed.is_ready() and other.is_ready() and len(doomed.lanes()) == len(other.lanes()) == LANES // 2, [doomed, other]
    )
    world.publish(0, HALF)
    await world.paid_at_least(1)
    doomed.end(signal.SIGKILL)
    world.publish(HALF, ALL)
    await world.paid_at_least(ALL)
    assert other.end() == 0
    paid = await world.paid()
    assert {result["key"]: result["paid"] for result in paid} == expected(ALL)
    assert len(paid) == ALL, "each once"


async def test_a_frozen_process_that_wakes_is_fenced(world: World) -> None:
    frozen, other = world.work(), world.work()
    await world.are(
        lambda: frozen.is_ready() and other.is_ready() and len(frozen.lanes()) == len(other.lanes()) == LANES // 2, [frozen, other]
    )
    world.publish(0, HALF)
    await world.paid_at_least(1)
    frozen.process.send_signal(signal.SIGSTOP)
    world.publish(HALF, ALL)
    await world.paid_at_least(ALL)
    frozen.process.send_signal(signal.SIGCONT)
    await world.are(
        lambda: frozen.is_ready() and other.is_ready() and len(frozen.lanes()) == len(other.lanes()) == LANES // 2, [frozen, other]
    )
    assert (frozen.end(), other.end()) == (0, 0)
    paid = await world.paid()
    assert ({result["key"]: result["paid"] for result in paid}, len(paid)) == (expected(ALL), ALL)


async def test_a_redis_that_was_emptied_is_filled_from_kafka(far_world: World, own_redis: Redis) -> None:
    await far_world.make_topics()
    worker = far_world.work()
    far_world.publish(0, HALF)
    await far_world.paid_at_least(1)
    own_redis.kill()
    far_world.publish(HALF, ALL)
    own_redis.restart(empty=True)
    far_world.publish(0, HALF)
    await far_world.paid_at_least(ALL)
    await far_world.are(worker.is_ready, [worker])
    assert worker.end() == 0
    paid = await far_world.paid()
    assert ({result["key"]: result["paid"] for result in paid}, len(paid)) == (expected(ALL), ALL)


async def test_first_inputs_are_read_to_their_ends_before_the_others(world: World) -> None:
    world.publish(0, HALF)
    world.publish_factors(FACTORS)
    worker = world.work(MEDAID_BATCH_RECORDS_MAX="7")
    await world.paid_at_least(HALF)
    assert worker.end() == 0
    paid = await world.paid()
    assert {result["key"]: result["paid"] for result in paid} == expected(HALF, FACTOR)
    assert {result["revision"] for result in paid} == {0}, "no amount was settled before its factor was known"


async def test_strange_records_do_not_stop_those_behind_them(world: World) -> None:
    worker = world.work()
    with world.producer() as send:
        send(AMOUNTS, b"\xff{", partition=0, headers=[("reply_to", b"nobody.v1"), ("content-type", b"\xff\xfe")])
        send(AMOUNTS, None, key=None, partition=0)
        send(AMOUNTS, UNREADABLE, key=b"\xff", partition=0)
        send(AMOUNTS, json.dumps({"person": "P1", "key": "large", "amount": 1, "pad": "x" * 900_000}), partition=0)
    world.publish(0, 20)
    await world.paid_at_least(21)
    refused = [json.loads(record.value or b"")["data"] for record in await world.read(f"{AMOUNTS}.dlq")]
    assert [(letter["offset"], letter["reason"]) for letter in refused] == [
        (0, "malformed_json"),
        (1, "malformed_json"),
        (2, "processing_failed"),
    ]
    assert worker.end() == 0
    assert UNREADABLE.decode() not in worker.log.read_text()


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_compressed_records_are_read(world: World, codec: str) -> None:
    worker = world.work()
    with world.producer(**{"compression.type": codec}) as send:
        for number in range(200):
            send(AMOUNTS, json.dumps({"person": "P1", "key": f"k{number}", "amount": 100}), partition=0)
    await world.paid_at_least(200)
    assert worker.end() == 0


async def test_servers_that_are_away_at_the_start_are_waited_for(far_world: World, own_kafka: Kafka, own_redis: Redis) -> None:
    await far_world.make_topics()
    own_kafka.stop()
    own_redis.stop()
    worker = far_world.work()
    await far_world.are(lambda: bool(worker.lines("waiting for kafka")), [worker])
    assert (worker.ask("/live")[0], worker.ask("/ready")[0]) == (200, 503)
    own_kafka.start()
    await far_world.are(lambda: bool(worker.lines("lane in doubt")), [worker])
    assert (worker.ask("/live")[0], worker.ask("/ready")[0]) == (200, 503)
    own_redis.start()
    await far_world.are(worker.is_ready, [worker])
    far_world.publish(0, 20)
    await far_world.paid_at_least(20)
    assert worker.end() == 0
    ours = [line["event"] for line in worker.lines() if line["event"] != "lane taken" and "logger" not in line]
    assert ours == ["health and metrics served", "waiting for kafka", "lane in doubt"], "one line for each server that was away"


async def test_a_process_that_waits_for_its_servers_ends_when_it_is_told(tmp_path: Path) -> None:
    world = World("127.0.0.1:1", "redis://127.0.0.1:1/0", "", tmp_path)
    worker = world.work()
    await world.are(lambda: bool(worker.lines("waiting for kafka")), [worker])
    assert worker.end() == 0


async def test_a_kafka_that_was_away_is_found_again(far_world: World, own_kafka: Kafka) -> None:
    await far_world.make_topics()
    worker = far_world.work(MEDAID_KAFKA_DEADLINE_MS="2000")
    await far_world.are(worker.is_ready, [worker])
    far_world.publish(0, HALF)
    await far_world.paid_at_least(1)
    own_kafka.kill()
    own_kafka.start()
    far_world.publish(HALF, ALL)
    await far_world.paid_at_least(ALL)
    await far_world.are(worker.is_ready, [worker])
    assert worker.end() == 0
    paid = await far_world.paid()
    assert ({result["key"]: result["paid"] for result in paid}, len(paid)) == (expected(ALL), ALL)


async def test_missing_topics_end_the_process_with_one_clear_line(
    kafka_bootstrap: str, redis_db: str, topic_prefix: str, tmp_path: Path
) -> None:
    world = World(kafka_bootstrap, redis_db, topic_prefix, tmp_path)
    worker = world.work()
    assert worker.process.wait(30) == 1
    [line] = worker.lines("stopped, an operator must look")
    assert re.search(f"missing in Kafka: {topic_prefix}amounts", line["why"])
    assert [told["level"] for told in worker.lines()].count("error") == 1


async def test_a_ledger_that_kafka_has_lost_ends_the_process(world: World) -> None:
    worker = world.work()
    world.publish(0, 20)
    await world.paid_at_least(20)
    assert worker.end() == 0
    await world.make_anew(PAID)
    worker = world.work()
    assert worker.process.wait(60) == 1
    [line] = worker.lines("stopped, an operator must look")
    assert "Kafka has lost records" in line["why"]


async def test_metrics_count_what_was_settled(world: World) -> None:
    worker = world.work()
    world.publish(0, 50)
    await world.paid_at_least(50)
    with world.producer() as send:
        send(AMOUNTS, b"{", partition=0)
    refused = 'medaid_dead_letters_total{lane="0",reason="malformed_json",service="counting",topic="amounts.v1"} 1.0'
    await world.are(lambda: refused in worker.ask("/metrics")[1], [worker])
    metrics = worker.ask("/metrics")[1]
    written = re.findall(r'medaid_records_written_total\{lane="\d",service="counting",topic="paid.v1"\} (\d+)', metrics)
    assert sum(map(int, written)) == 50
    assert (worker.ask("/nowhere")[0], worker.end()) == (404, 0)
