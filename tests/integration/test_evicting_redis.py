"""A real Redis that may evict keys is refused in every call, also when its policy changes as lanes run; where it could have, the view is rebuilt first."""

from collections.abc import AsyncIterator

import pytest
import redis as blocking

from deploy.local.servers import Redis as Server
from services.runtime.connections import Connections
from services.runtime.errors import Stop
from services.runtime.ports import Loaded
from services.runtime.records import Want, Watermark, Writes
from services.runtime.redis_client import connect
from services.runtime.redis_view import RedisView
from tests import clients

START: Watermark = {"results": 10}
NEXT: Watermark = {"results": 14}
PAID = Writes(documents={"year": {"paid": b"210000"}}, bookings={"H1/C1": "P1"})
MORE = Writes(documents={"year": {"paid": b"260000"}})
POLICIES = ("allkeys-lru", "allkeys-random", "volatile-ttl")
WITH_ROOM = "64mb"


@pytest.fixture
async def view(own_redis: Server) -> AsyncIterator[RedisView]:
    """A view of one lane, healed, with one claim paid."""
    view = RedisView(connect(Connections(redis_url=own_redis.url)), "test:", 1, deadline_s=5)
    assert await view.apply(0, None, START, PAID, healed_in=await view.run())
    yield view
    await view.close()


@pytest.fixture
def operator(own_redis: Server) -> blocking.Redis:
    return clients.redis_at(own_redis.url)


async def refused(view: RedisView) -> str:
    """What each call says, which is the same."""
    said = set()
    for call in (view.run, lambda: view.load(0, START, Want()), lambda: view.peek(0, Want()), lambda: view.apply(0, START, NEXT, MORE)):
        with pytest.raises(Stop) as stopped:
            await call()
        said.add(str(stopped.value))
    with pytest.raises(Stop) as stopped:
        await anext(view.forget())
    (line,) = said | {str(stopped.value)}
    return line


async def emptied(view: RedisView) -> None:
    """As `medaid ledger rebuild` begins."""
    async for _ in view.forget():
        pass


@pytest.mark.parametrize("policy", POLICIES)
async def test_every_call_refuses_a_redis_that_may_evict_and_writes_nothing(view: RedisView, operator: blocking.Redis, policy: str) -> None:
    operator.config_set("maxmemory", WITH_ROOM)
    operator.config_set("maxmemory-policy", policy)
    line = await refused(view)
    assert f"may evict keys (maxmemory-policy {policy})" in line
    assert "noeviction" in line
    assert operator.hgetall("test:d:year") == {b"paid": b"210000"}
    assert operator.hgetall("test:wm:0") == {b"results": b"10"}


async def test_what_could_be_evicted_meanwhile_is_rebuilt_before_anything_is_decided_on_it(
    view: RedisView, operator: blocking.Redis
) -> None:
    operator.config_set("maxmemory", WITH_ROOM)
    operator.config_set("maxmemory-policy", "allkeys-lru")
    await refused(view)
    operator.delete("test:d:year")  # as Redis itself may
    operator.config_set("maxmemory-policy", "noeviction")
    with pytest.raises(Stop, match="could evict keys, and nobody can tell which are gone: `medaid ledger rebuild`"):
        await view.run()
    assert not isinstance(await view.load(0, START, Want()), Loaded)
    assert not await view.apply(0, START, NEXT, MORE)
    await emptied(view)
    assert await view.apply(0, None, START, PAID, healed_in=await view.run())
    assert isinstance(await view.load(0, START, Want()), Loaded)


@pytest.mark.parametrize(("memory", "policy"), [("0", "allkeys-lru"), (WITH_ROOM, "volatile-ttl")])
async def test_where_nothing_can_have_been_evicted_the_lane_goes_on_when_the_policy_is_mended(
    view: RedisView, operator: blocking.Redis, memory: str, policy: str
) -> None:
    """Without a limit nothing is evicted, and keys of ours never expire."""
    operator.config_set("maxmemory", memory)
    operator.config_set("maxmemory-policy", policy)
    await refused(view)
    operator.config_set("maxmemory-policy", "noeviction")
    assert isinstance(await view.load(0, START, Want()), Loaded)
    assert await view.apply(0, START, NEXT, MORE)
