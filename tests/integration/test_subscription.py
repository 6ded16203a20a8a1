"""The subscription inside one process: what its consumer may do to it, and what a header may."""

import json
import struct
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.record.util import calc_crc32c
from structlog.testing import capture_logs

from services.runtime.pump import PumpApp
from services.runtime.settings import Settings
from tests import clients
from tests.integration.counting_worker import build
from tests.integration.workers import LANES, World, amount
from tests.unit.runtime.counting import AMOUNTS

PLACE = "WXYZ"

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


@pytest.fixture
async def world(kafka_bootstrap: str, redis_db: str, topic_prefix: str, tmp_path: Path) -> World:
    place = World(kafka_bootstrap, redis_db, topic_prefix, tmp_path)
    await place.make_topics()
    return place


def settings_of(world: World) -> Settings:
    return Settings(kafka_bootstrap_servers=world.bootstrap, redis_url=world.redis_url, prefix=world.prefix)


@pytest.fixture
async def app(world: World) -> AsyncIterator[PumpApp]:
    running = build(settings_of(world))
    await running.start()
    yield running
    await running.stop()


async def test_a_consumer_whose_own_tasks_died_is_made_anew(world: World, app: PumpApp) -> None:
    await world.are(lambda: app.roster.is_ready)
    dying = app.roster.consumer()
    coordinator = dying._coordinator

    async def die(assignment: object) -> None:
        raise RuntimeError

    coordinator._maybe_do_autocommit = die
    coordinator.request_rejoin()
    await world.are(lambda: app.roster.consumer() is not dying and app.roster.is_ready)
    world.publish(0, 20)
    await world.paid_at_least(20)


async def test_a_lane_whose_topic_went_back_is_taken_again(world: World, app: PumpApp) -> None:
    await world.are(lambda: app.roster.is_ready)
    world.publish(0, 100)
    await world.paid_at_least(100)
    consumer = app.roster.consumer()
    with capture_logs() as told:
        for place in consumer.assignment():
            consumer.seek(place, 0)
        await world.are(lambda: any("went back" in line.get("why", "") for line in told))
    world.publish(100, 120)
    await world.paid_at_least(120)
    assert len(await world.paid()) == 120


async def test_a_process_that_is_stopped_leaves_its_lanes_to_others_at_once(world: World, app: PumpApp) -> None:
    await world.are(lambda: app.roster.is_ready and len(app.roster.pulses) == LANES)
    await app.stop()
    assert (app.roster.is_ready, app.roster.pulses) == (False, {})
    other = build(settings_of(world))
    began = time.monotonic()
    await other.start()
    await world.are(lambda: other.roster.is_ready and len(other.roster.pulses) == LANES)
    await other.stop()
    assert time.monotonic() - began < settings_of(world).session_ms / 1000, "nobody waited for a session to end"


async def test_a_header_name_that_is_no_text_stops_nobody(world: World, app: PumpApp) -> None:
    async with AIOKafkaProducer(**clients.aiokafka_at(world.bootstrap)) as outside:
        batch = outside.create_batch()
        for number in range(3):
            headers = [(PLACE, b"1")] if number == 1 else []
            batch.append(timestamp=None, key=None, value=json.dumps(amount(number)).encode(), headers=headers)
        batch._buffer = renamed(batch._build(), "医保".encode("gbk"))
        await outside.send_batch(batch, world.prefix + AMOUNTS, partition=0)
        await outside.flush()
    await world.paid_at_least(3)
    assert len(await world.paid()) == 3
    assert [record.headers for record in await world.read(AMOUNTS)] == [(), (("ҽ??", b"1"),), ()]


def renamed(raw: bytes, name: bytes) -> bytearray:
    """A batch in which the header `PLACE` has another name, and its checksum is right."""
    batch = bytearray(raw)
    at = batch.index(PLACE.encode())
    batch[at : at + len(PLACE)] = name
    struct.pack_into(">I", batch, 17, calc_crc32c(bytes(batch[21:])))
    return batch
