"""What becomes of a view whose store is lost, full, frozen or away: a new run, or `Doubt` within the deadline, and nothing by halves."""

import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import redis as blocking
from redis.asyncio import Redis

from deploy.local.servers import Redis as Server
from services.runtime.connections import Connections
from services.runtime.errors import Doubt
from services.runtime.memory_view import MemoryView
from services.runtime.ports import Closed, Loaded, View
from services.runtime.records import Want, Watermark, Writes
from services.runtime.redis_client import connect
from services.runtime.redis_view import RedisView
from tests import clients

START: Watermark = {"results": 10}
NEXT: Watermark = {"results": 14}
WANT = Want(documents={"year": None}, peeks=frozenset({"H1/C1"}))
PAID = Writes(documents={"year": {"paid": b"210000"}}, bookings={"H1/C1": "P1"})
MORE = Writes(documents={f"year-{number}": {"paid": b"x" * 1000} for number in range(2000)}, bookings={"H1/C2": "P2"})
DEADLINE_S = 0.5


@pytest.fixture
async def view(own_redis: Server) -> AsyncIterator[RedisView]:
    """A view of one lane, healed, with one claim paid."""
    view = RedisView(connect(Connections(redis_url=own_redis.url)), "test:", 1, DEADLINE_S)
    await pay(view)
    yield view
    await view.close()


@pytest.fixture
def operator(own_redis: Server) -> blocking.Redis:
    return clients.redis_at(own_redis.url)


async def pay(view: View) -> None:
    assert await view.apply(0, None, START, PAID, healed_in=await view.run())


async def assert_paid_and_open(view: View) -> None:
    answer = await view.load(0, START, WANT)
    assert isinstance(answer, Loaded)
    assert (answer.watermark, answer.documents, answer.holders) == (START, PAID.documents, PAID.bookings)


async def assert_only_paid(view: View) -> None:
    everything = Want(documents={"year": None, **dict.fromkeys(MORE.documents)}, peeks=frozenset({"H1/C1", "H1/C2"}))
    seen = await view.peek(0, everything)
    assert (seen.watermark, seen.holders) == (START, PAID.bookings)
    assert {key: document for key, document in seen.documents.items() if document} == PAID.documents


async def assert_doubt_in_time(view: View) -> None:
    for call in (view.run, lambda: view.load(0, START, WANT), lambda: view.peek(0, WANT), lambda: view.apply(0, START, NEXT, MORE)):
        began_s = time.monotonic()
        with pytest.raises(Doubt):
            await call()
        assert time.monotonic() - began_s < DEADLINE_S + 0.5


async def restart(server: Server, view: RedisView, *, empty: bool = False) -> None:
    """The loop slept meanwhile, so the first call may still find the connection of before."""
    server.restart(empty=empty)
    with suppress(Doubt):
        await view.run()


async def test_memory_begins_a_new_run_empty_or_with_a_snapshot() -> None:
    view = MemoryView(1)
    await pay(view)
    first, snapshot = await view.run(), view.snapshot()
    assert await view.apply(0, START, NEXT, MORE)
    view.lose(snapshot)
    assert await view.run() != first
    assert await view.load(0, START, WANT) == Closed(await view.run())
    await assert_only_paid(view)
    second = await view.run()
    view.lose()
    assert await view.run() not in (first, second)
    assert await view.peek(0, WANT) == Loaded(await view.run(), None, {"year": {}})


async def test_a_restart_is_a_new_run_and_keeps_what_was_on_disk(view: RedisView, own_redis: Server) -> None:
    before = await view.run()
    await restart(own_redis, view)
    after = await view.run()
    assert after != before
    assert await view.load(0, START, WANT) == Closed(after)
    assert not await view.apply(0, START, NEXT, MORE, healed_in=before)
    await assert_only_paid(view)
    assert await view.apply(0, START, START, Writes(), healed_in=after)
    await assert_paid_and_open(view)


async def test_an_emptied_restart_is_a_new_run_of_a_new_lane(view: RedisView, own_redis: Server) -> None:
    before = await view.run()
    await restart(own_redis, view, empty=True)
    assert await view.run() != before
    assert await view.load(0, START, WANT) == Closed(await view.run())
    assert await view.peek(0, WANT) == Loaded(await view.run(), None, {"year": {}})


async def test_a_promotion_is_a_new_run_of_the_same_process(view: RedisView, operator: blocking.Redis) -> None:
    before = await view.run()
    operator.replicaof("127.0.0.1", "1")
    with pytest.raises(Doubt):
        await view.apply(0, START, NEXT, MORE)
    with pytest.raises(Doubt):
        await view.load(0, START, WANT)
    operator.replicaof("NO", "ONE")
    assert await view.run() != before
    assert await view.load(0, START, WANT) == Closed(await view.run())
    await assert_only_paid(view)


async def test_forgotten_scripts_are_loaded_again(view: RedisView, operator: blocking.Redis) -> None:
    operator.script_flush()
    await assert_paid_and_open(view)
    operator.script_flush()
    assert await view.apply(0, START, NEXT, Writes())


@pytest.mark.parametrize("headroom_bytes", [-1_000_000, 1_000_000, 2_500_000], ids=["full", "room for half", "full while it writes"])
async def test_a_full_store_takes_a_write_whole_or_not_at_all(view: RedisView, operator: blocking.Redis, headroom_bytes: int) -> None:
    operator.config_set("maxmemory", operator.info("memory")["used_memory"] + headroom_bytes)
    if headroom_bytes < 0:
        with pytest.raises(Doubt):
            await view.load(0, START, Want(bookings={"H1/C2": "P2"}))
    try:
        written = await view.apply(0, START, NEXT, MORE)
    except Doubt:
        await assert_only_paid(view)
        operator.config_set("maxmemory", 0)
        written = await view.apply(0, START, NEXT, MORE)
    assert written
    seen = await view.peek(0, Want(documents=dict.fromkeys(MORE.documents), peeks=frozenset(MORE.bookings)))
    assert (seen.watermark, seen.documents, seen.holders) == (NEXT, MORE.documents, MORE.bookings)


async def test_a_primary_without_its_replicas_takes_nothing(view: RedisView, operator: blocking.Redis) -> None:
    operator.config_set("min-replicas-to-write", 1)
    with pytest.raises(Doubt):
        await view.apply(0, START, NEXT, MORE)
    operator.config_set("min-replicas-to-write", 0)
    await assert_only_paid(view)


async def test_a_foreign_value_under_our_prefix_is_doubt_and_the_watermark_stays(view: RedisView, operator: blocking.Redis) -> None:
    operator.set("test:d:year-1999", "not a hash")
    with pytest.raises(Doubt):
        await view.apply(0, START, NEXT, MORE)
    operator.delete("test:d:year-1999")
    await assert_only_paid(view)


async def test_a_dead_server_is_doubt_until_it_is_back(view: RedisView, own_redis: Server, operator: blocking.Redis) -> None:
    operator.config_set("appendfsync", "always")  # once written, its file has all that it answered; else up to two seconds may be lost
    own_redis.kill()
    await assert_doubt_in_time(view)
    await restart(own_redis, view)
    await assert_only_paid(view)


async def test_a_primary_without_its_replicas_says_so(view: RedisView, operator: blocking.Redis) -> None:
    operator.config_set("min-replicas-to-write", "1")
    with pytest.raises(Doubt, match=r"^redis at 127\.0\.0\.1:\d+: NOREPLICAS$"):
        await view.apply(0, START, NEXT, MORE)
    operator.config_set("min-replicas-to-write", "0")
    assert await view.apply(0, START, NEXT, MORE)


async def test_a_frozen_server_is_doubt_and_its_late_answers_reach_nobody(view: RedisView, own_redis: Server) -> None:
    assert own_redis.pid
    os.kill(own_redis.pid, signal.SIGSTOP)
    try:
        await assert_doubt_in_time(view)
    finally:
        os.kill(own_redis.pid, signal.SIGCONT)
    assert [len(part) for part in (await view.run()).split("-")] == [40, 40, 32]
    seen = await view.peek(0, Want(documents={"year": None, "year-7": None}))
    if seen.watermark == NEXT:  # the write that was given up may have been done after all, but then whole
        assert seen.documents["year-7"] == MORE.documents["year-7"]
    else:
        assert (seen.watermark, seen.documents["year-7"]) == (START, {})


async def test_no_call_is_tried_twice(own_redis: Server) -> None:
    """A client as redis-py makes it would wait and try three times more; a lane's own tries are enough, and they heal first."""
    patient = RedisView(Redis.from_url(own_redis.url), "test:", 1, deadline_s=30)
    own_redis.kill()
    began_s = time.monotonic()
    with pytest.raises(Doubt):
        await patient.run()
    assert time.monotonic() - began_s < 0.5
    await patient.close()


async def test_a_client_that_decodes_is_refused() -> None:
    with pytest.raises(ValueError, match="decode"):
        RedisView(Redis(decode_responses=True), "test:", 1, DEADLINE_S)
