"""What only real servers can say to whoever watches: how far a lane is behind, how much of Redis a view takes."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

import pytest

from services.runtime.connections import Connections
from services.runtime.errors import Doubt
from services.runtime.kafka.lag import Lag, Lags
from services.runtime.records import TopicPartition, Writes
from services.runtime.redis_client import connect
from services.runtime.redis_view import RedisView
from services.runtime.settings import Settings
from tests.integration.brokers import CLAIMS, TIMELINES, KafkaPlace, hushed, outputs

INPUTS = (CLAIMS, TIMELINES)
CLAIMS_0, TIMELINES_0 = TopicPartition(CLAIMS, 0), TopicPartition(TIMELINES, 0)
KEYS, FIELD = 3_000, b"v" * 40


@pytest.fixture
async def place(kafka_bootstrap: str, topic_prefix: str) -> AsyncIterator[KafkaPlace]:
    kafka = await KafkaPlace.prepare(kafka_bootstrap, topic_prefix)
    with hushed():
        yield kafka
        await kafka.close()


async def at_last(lags: Lags) -> Sequence[Lag]:
    """Once the coordinator of a Kafka that has just begun can be asked."""
    for _ in range(300):
        with suppress(Doubt):
            return await lags.of([0, 1])
        await asyncio.sleep(0.1)
    return await lags.of([0, 1])


async def test_a_lag_counts_what_waits_and_how_long_but_no_markers(place: KafkaPlace) -> None:
    """Of two lanes; a transaction of our own in an input leaves a marker at its end, which nobody ever settles."""
    points = place.broker.points()
    lags = Lags(place.broker, INPUTS, lambda: points)
    assert await at_last(lags) == [Lag(0, 0, 0.0, 0), Lag(1, 0, 0.0, 0)]
    sent_s = time.time()
    await place.send(CLAIMS, 0, [b"1", b"2", b"3"])
    own = await place.another().fence(1)
    await own.commit(outputs(b"1", topic=TIMELINES), {})
    await own.close()

    async def found(records: int) -> Lag:
        for _ in range(500):  # Kafka answers a commit before others can read its offsets, and before its markers lie there
            lag, idle = await lags.of([0, 1])
            assert idle == Lag(1, 0, 0.0, 0)
            if lag.records == records:
                return lag
            await asyncio.sleep(0.02)
        raise AssertionError(lag)

    lag = await found(3 + 2)
    assert 0 < lag.seconds <= time.time() - sent_s
    writer = await place.broker.fence(0)
    await writer.commit([], {CLAIMS_0: 2, TIMELINES_0: 1})
    lag = await found(1)
    assert (lag.read, lag.seconds > 0) == (3, True)
    await writer.commit([], {CLAIMS_0: 3})
    assert await found(0) == Lag(0, 0, 0.0, 4)
    await writer.close()
    await points.close()


@pytest.fixture
async def view(redis_db: str) -> AsyncIterator[RedisView]:
    made = RedisView(connect(Connections(redis_url=redis_db)), "test:", 1, deadline_s=10, format=3)
    yield made
    await made.close()


async def test_the_memory_of_a_view_is_about_what_its_keys_take(view: RedisView, redis_db: str) -> None:
    """Beside keys that are not its own: sessions of the same service, and another service's view."""
    assert (await view.memory()).views == {}
    documents = {f"P{number}": {f"c{field}": FIELD for field in range(20)} for number in range(KEYS)}
    assert await view.apply(0, None, {"results": 1}, Writes(documents), healed_in=await view.run())
    async with connect(Settings(redis_url=redis_db)) as client, client.pipeline(transaction=False) as asked:
        for number in range(KEYS):
            asked.set(f"test:s:{number}", b"x" * 500)
            asked.hset(f"another:f3:d:{number}", mapping={"field": b"x" * 500})
            asked.memory_usage(f"test:f3:d:P{number}")
        answers = await asked.execute()
    true_bytes = sum(answers[2::3])
    for _ in range(9):
        await view.memory()
    memory = await view.memory()
    assert memory.views.keys() == {3}
    assert memory.views[3] == pytest.approx(true_bytes, rel=0.25)
    assert true_bytes < memory.used < memory.max
