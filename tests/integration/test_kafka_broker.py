"""What only a real Kafka can do to a broker: batches too large, topics that are not as they should be, a server that is away."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import GroupLoadInProgressError
from aiokafka.protocol.commit import OffsetFetchRequest, OffsetFetchResponse_v3

from deploy.local.servers import Kafka
from schemas.topics import Topic
from services.runtime.errors import Doubt, Stop
from services.runtime.kafka import AioKafkaBroker
from services.runtime.kafka.deadline import is_fenced
from services.runtime.kafka.writer import BATCH_BYTES_MAX
from services.runtime.records import Chunk, Output, TopicPartition
from services.runtime.settings import Settings
from services.runtime.topics import create_topics
from tests import clients
from tests.integration.brokers import CLAIMS, LANES, RESULTS, SERVICE, TOPICS, KafkaPlace, hushed, outputs, read

DEADLINE_S = 1.5
SLACK_S = 4.0
"""What closing a dead producer may take besides, on a busy machine."""

TRIES_MAX = 40

CLAIMS_0 = TopicPartition(CLAIMS, 0)
TOPIC = Topic(owner="o", writers=["w"], readers=["r"], key="k", dead_letters=None, partitions=None, retention_days=400, compacted=False)
COMPACTED = TOPIC.model_copy(update={"partitions": 1, "retention_days": None, "compacted": True})


@pytest.fixture
def settings(kafka_bootstrap: str, topic_prefix: str) -> Settings:
    return Settings(kafka_bootstrap_servers=kafka_bootstrap, prefix=topic_prefix, partitions=LANES)


@pytest.fixture
async def admin(kafka_bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(**clients.aiokafka_at(kafka_bootstrap))
    await client.start()
    with hushed():
        yield client
    await client.close()


@pytest.fixture
async def own_place(own_kafka: Kafka, topic_prefix: str) -> AsyncIterator[KafkaPlace]:
    place = await KafkaPlace.prepare(own_kafka.bootstrap_servers, topic_prefix)
    with hushed():
        yield place
        for broker in place.brokers:
            await broker.close()


async def test_a_large_batch_goes_in_pieces_that_the_topic_takes(settings: Settings, admin: AIOKafkaAdminClient) -> None:
    name = settings.prefix + RESULTS
    await admin.create_topics([NewTopic(name, 1, 1, topic_configs={"max.message.bytes": str(BATCH_BYTES_MAX)})])
    broker = AioKafkaBroker(SERVICE, settings)
    writer = await broker.fence(0)
    large = [Output(RESULTS, 0, b"k" * 500, b"%2000d" % number, (("header", b"h" * 500),)) for number in range(1000)]
    assert (await writer.commit(large, {}))[TopicPartition(RESULTS, 0)] == 1000
    assert [int(record.value or b"") for record in await read(broker, RESULTS)] == list(range(1000)), "in their order"
    with pytest.raises(Stop, match=r"max\.message\.bytes"):
        await writer.commit(outputs(b"v" * BATCH_BYTES_MAX), {})
    await writer.close()


async def test_a_record_above_the_usual_size_goes_alone_where_the_topic_takes_it(settings: Settings, admin: AIOKafkaAdminClient) -> None:
    await admin.create_topics([NewTopic(settings.prefix + RESULTS, 1, 1, topic_configs={"max.message.bytes": "3000000"})])
    broker = AioKafkaBroker(SERVICE, settings)
    writer = await broker.fence(0)
    await writer.commit(outputs(b"1", b"2" * 2_000_000, b"3"), {})
    assert [len(record.value or b"") for record in await read(broker, RESULTS)] == [1, 2_000_000, 1]
    await writer.close()


async def test_a_topic_that_is_not_there_is_a_doubt_after_the_deadline(settings: Settings) -> None:
    writer = await AioKafkaBroker(SERVICE, settings.model_copy(update={"kafka_deadline_ms": 300})).fence(0)
    with pytest.raises(Doubt, match="not done within"):
        await writer.commit(outputs(b"1"), {})
    await writer.close()


async def test_a_fenced_writer_says_so(settings: Settings, admin: AIOKafkaAdminClient) -> None:
    await admin.create_topics([NewTopic(settings.prefix + CLAIMS, 1, 1), NewTopic(settings.prefix + RESULTS, 1, 1)])
    broker = AioKafkaBroker(SERVICE, settings)
    for batch in (outputs(b"1"), []):
        zombie, owner = await broker.fence(0), await broker.fence(0)
        with pytest.raises(Doubt) as doubt:
            await zombie.commit(batch, {CLAIMS_0: 1})
        assert is_fenced(doubt.value)
        await zombie.close()
        await owner.close()


async def test_start_up_names_the_topics_that_are_missing(settings: Settings) -> None:
    with pytest.raises(Stop, match=f"missing.*{settings.prefix}{CLAIMS}.*topics create"):
        await AioKafkaBroker(SERVICE, settings).prepare([CLAIMS])


async def test_start_up_refuses_topics_of_different_partition_numbers(settings: Settings, admin: AIOKafkaAdminClient) -> None:
    await admin.create_topics([NewTopic(settings.prefix + CLAIMS, 2, 1), NewTopic(settings.prefix + RESULTS, 3, 1)])
    with pytest.raises(Stop, match=f"{CLAIMS} 2, .*{RESULTS} 3"):
        await AioKafkaBroker(SERVICE, settings).prepare([CLAIMS, RESULTS])


async def test_topics_are_made_once_as_they_are_described(settings: Settings, admin: AIOKafkaAdminClient) -> None:
    wanted = {CLAIMS: TOPIC, RESULTS: COMPACTED}
    assert sorted(await create_topics(settings, wanted)) == [settings.prefix + CLAIMS, settings.prefix + RESULTS]
    assert await create_topics(settings, wanted) == ()
    broker = AioKafkaBroker(SERVICE, settings)
    await broker.prepare([CLAIMS])
    assert broker.partitions == LANES
    asked = [ConfigResource(ConfigResourceType.TOPIC, settings.prefix + topic) for topic in wanted]
    answers = await admin.describe_configs(asked)
    found = {name: {key: value for key, value, *_ in entries} for answer in answers for _, _, _, name, entries in answer.resources}
    assert found[settings.prefix + CLAIMS]["retention.ms"] == str(400 * 86_400_000)
    assert found[settings.prefix + CLAIMS]["cleanup.policy"] == "delete"
    assert found[settings.prefix + RESULTS]["retention.ms"] == "-1"
    assert found[settings.prefix + RESULTS]["cleanup.policy"] == "compact"


async def test_a_topic_with_another_number_of_partitions_is_refused(settings: Settings, admin: AIOKafkaAdminClient) -> None:
    await admin.create_topics([NewTopic(settings.prefix + CLAIMS, LANES + 1, 1)])
    with pytest.raises(Stop, match=f"{CLAIMS} has {LANES + 1}, wanted are {LANES}"):
        await create_topics(settings, {CLAIMS: TOPIC, RESULTS: TOPIC})


async def test_a_frozen_kafka_is_a_doubt_within_the_deadline_and_nothing_is_lost_or_doubled(
    own_kafka: Kafka, own_place: KafkaPlace
) -> None:
    patient, hasty = own_place.broker, own_place.another(kafka_deadline_ms=int(DEADLINE_S * 1000))
    await commit_one(patient, b"1", 1)
    writer = await hasty.fence(0)
    os.kill(own_kafka.pid or 0, signal.SIGSTOP)
    calls = {
        "commit": writer.commit(outputs(b"2"), {CLAIMS_0: 2}),
        "fence": hasty.fence(1),
        "committed": hasty.committed([CLAIMS_0]),
        "ends": hasty.ends([CLAIMS_0]),
        "read": first_chunk(hasty),
        "prepare": hasty.prepare(TOPICS),
    }
    began = time.monotonic()
    answers = await asyncio.gather(*calls.values(), return_exceptions=True)
    await writer.close()
    took_s = time.monotonic() - began
    os.kill(own_kafka.pid or 0, signal.SIGCONT)
    assert {name: type(answer) for name, answer in zip(calls, answers, strict=True)} == dict.fromkeys(calls, Doubt)
    assert took_s < DEADLINE_S + SLACK_S
    owner = await patient.fence(0)
    committed = (await patient.committed([CLAIMS_0]))[CLAIMS_0]
    assert [record.value for record in await read(patient, RESULTS)] == [b"1", b"2"][:committed], "records and offsets together, or neither"
    await owner.close()


async def test_a_kafka_that_is_gone_is_a_doubt_and_its_return_is_noticed(own_kafka: Kafka, own_place: KafkaPlace) -> None:
    patient, hasty = own_place.broker, own_place.another(kafka_deadline_ms=int(DEADLINE_S * 1000))
    await commit_one(patient, b"1", 1)
    writer = await hasty.fence(0)
    own_kafka.kill()
    began = time.monotonic()
    with pytest.raises(Doubt):
        await writer.commit(outputs(b"2"), {CLAIMS_0: 2})
    with pytest.raises(Doubt):
        await hasty.fence(0)
    with pytest.raises(Doubt):
        await hasty.committed([CLAIMS_0])
    await writer.close()
    assert time.monotonic() - began < 3 * DEADLINE_S + SLACK_S
    own_kafka.start()
    await commit_one(patient, b"2", 2)
    assert [record.value for record in await read(patient, RESULTS)] == [b"1", b"2"]


async def test_a_coordinator_that_is_still_loading_is_doubt_and_not_a_group_that_has_read_nothing(
    kafka_bootstrap: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = (await KafkaPlace.prepare(kafka_bootstrap, topic_prefix)).broker
    await commit_one(broker, b"1", 1)
    ask = AIOKafkaAdminClient._send_request

    async def loading(admin: AIOKafkaAdminClient, request: Any, *args: Any) -> Any:
        if isinstance(request, OffsetFetchRequest):
            return OffsetFetchResponse_v3(0, [], GroupLoadInProgressError.errno)
        return await ask(admin, request, *args)

    monkeypatch.setattr(AIOKafkaAdminClient, "_send_request", loading)
    with pytest.raises(Doubt, match="cannot tell them yet"):
        await broker.committed([CLAIMS_0])
    monkeypatch.undo()
    await (await broker.fence(0)).close()  # waits until the commit's offsets can be read
    assert await broker.committed([CLAIMS_0]) == {CLAIMS_0: 1}
    await broker.close()


async def first_chunk(broker: AioKafkaBroker) -> Chunk:
    """Read from a partition whose end nobody can tell."""
    async with aclosing(broker.read(TopicPartition(RESULTS, 0), 0, 1)) as chunks:
        return await anext(chunks)


async def commit_one(broker: AioKafkaBroker, value: bytes, offset: int) -> None:
    """As a lane does: again until the coordinators have their state."""
    for _ in range(TRIES_MAX):
        try:
            writer = await broker.fence(0)
            await writer.commit(outputs(value), {CLAIMS_0: offset})
            return await writer.close()
        except Doubt:
            continue
    raise AssertionError("the lane cannot be taken")
