"""The servers that tests run on are real: Kafka keeps, orders and commits, Redis answers; without them the run says so."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from services.runtime.connections import Connections
from services.runtime.redis_client import connect
from tests import clients

PROBE = f"{__file__}::test_redis_keeps_what_it_was_told"


@pytest.fixture
async def topic(kafka_bootstrap: str, topic_prefix: str) -> AsyncIterator[str]:
    name = f"{topic_prefix}probe.v1"
    admin = AIOKafkaAdminClient(**clients.aiokafka_at(kafka_bootstrap))
    await admin.start()
    await admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])
    yield name
    await admin.delete_topics([name])
    await admin.close()


async def values(bootstrap: str, topic: str, isolation_level: str) -> list[bytes]:
    """Every value of the topic up to its present end."""
    partition = TopicPartition(topic, 0)
    async with AIOKafkaConsumer(
        **clients.aiokafka_at(bootstrap), auto_offset_reset="earliest", isolation_level=isolation_level, enable_auto_commit=False
    ) as consumer:
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        found: list[bytes] = []
        while await consumer.position(partition) < end:
            found += [record.value for record in (await consumer.getmany(timeout_ms=200)).get(partition, [])]
        return found


async def test_kafka_keeps_records_in_order(kafka_bootstrap: str, topic: str) -> None:
    async with AIOKafkaProducer(**clients.aiokafka_at(kafka_bootstrap), acks="all", enable_idempotence=True) as producer:
        for value in (b"first", b"second", b"third"):
            await producer.send_and_wait(topic, value)
    assert await values(kafka_bootstrap, topic, "read_committed") == [b"first", b"second", b"third"]


async def test_kafka_shows_only_committed_transactions(kafka_bootstrap: str, topic: str, topic_prefix: str) -> None:
    async with AIOKafkaProducer(**clients.aiokafka_at(kafka_bootstrap), transactional_id=f"{topic_prefix}probe-0") as producer:
        await producer.begin_transaction()
        await (await producer.send(topic, b"given up"))
        await producer.abort_transaction()
        async with producer.transaction():
            await (await producer.send(topic, b"committed"))
    assert await values(kafka_bootstrap, topic, "read_committed") == [b"committed"]
    assert await values(kafka_bootstrap, topic, "read_uncommitted") == [b"given up", b"committed"]


async def test_kafka_takes_values_that_only_we_refuse(kafka_bootstrap: str, topic: str) -> None:
    async with AIOKafkaProducer(**clients.aiokafka_at(kafka_bootstrap), max_request_size=12 * 1024 * 1024) as producer:
        await producer.send_and_wait(topic, bytes(8 * 1024 * 1024))


async def test_redis_keeps_what_it_was_told(redis_db: str) -> None:
    async with connect(Connections(redis_url=redis_db)) as client:
        assert await client.ping()
        assert await client.keys() == []
        assert await client.set("left behind", "for the next test, which must not see it")
        assert (await client.config_get("maxmemory-policy"))["maxmemory-policy"] == "noeviction"


async def test_a_database_is_empty_whoever_had_it_before(redis_db: str) -> None:
    async with connect(Connections(redis_url=redis_db)) as client:
        assert await client.keys() == []


@pytest.mark.parametrize(("ci", "status", "outcome"), [("false", 0, "1 skipped"), ("true", 1, "1 error")])
def test_no_server_is_told_in_one_line_and_fails_in_ci(ci: str, status: int, outcome: str) -> None:
    nothing = {"CI": ci, "PATH": "", "DOCKER_HOST": "tcp://127.0.0.1:1", "HOME": os.environ.get("HOME", "")}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", PROBE],
        env=nothing,
        capture_output=True,
        text=True,
        check=False,
    )
    told = [line for line in run.stdout.splitlines() if "redis-server is missing: apt-get install redis-server" in line]
    assert run.returncode == status, run.stdout
    assert outcome in run.stdout
    assert told
    assert len(told) == 1 or ci == "true"
