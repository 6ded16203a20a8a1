"""What the register of sessions promises, held by that in memory and that in Redis alike."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from services.console.adapters.register import MemoryRegister, RedisRegister, Register
from services.runtime.connections import Connections
from services.runtime.errors import Doubt
from services.runtime.redis_client import connect
from services.runtime.redis_view import RedisView


@dataclass(frozen=True)
class Kept:
    """A register, and how time passes for it, milliseconds."""

    register: Register
    expire: Callable[[str], Awaitable[None]]


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
async def kept(request: pytest.FixtureRequest) -> AsyncIterator[Kept]:
    """A register without sessions."""
    if request.param == "memory":
        clock = [0.0]

        async def later(_: str) -> None:
            clock[0] += 3_600

        yield Kept(MemoryRegister(lambda: clock[0]), later)
        return
    client = connect(Connections(redis_url=request.getfixturevalue("redis_db")))
    register = RedisRegister(client, "test:s:", 10)

    async def expire(session: str) -> None:
        assert 3_500 < await client.ttl(f"test:s:{session}") <= 3_600
        await client.pexpire(f"test:s:{session}", 0)

    yield Kept(register, expire)
    await register.close()


async def test_a_session_is_open_from_its_opening_to_its_end(kept: Kept) -> None:
    assert not await kept.register.is_open("a")
    await kept.register.open("a", 3_600)
    await kept.register.open("b", 3_600)
    assert await kept.register.is_open("a")
    await kept.register.end("a")
    await kept.register.end("never begun")
    assert [await kept.register.is_open(session) for session in ("a", "b", "")] == [False, True, False]


async def test_a_session_is_over_after_its_time(kept: Kept) -> None:
    await kept.register.open("a", 3_600)
    await kept.expire("a")
    assert not await kept.register.is_open("a")


@pytest.mark.redis
async def test_a_rebuild_of_the_view_ends_no_session_and_a_lost_redis_ends_all(redis_db: str) -> None:
    client = connect(Connections(redis_url=redis_db))
    register, view = (
        RedisRegister(client, "medaid:console:s:", 10),
        RedisView(connect(Connections(redis_url=redis_db)), "medaid:console:", 2, 10),
    )
    await register.open("a", 3_600)
    assert [dropped async for dropped in view.forget()][-1] == 0
    assert await register.is_open("a")
    await client.flushdb()
    assert not await register.is_open("a")
    await view.close()
    await register.close()


async def test_a_redis_that_is_away_is_a_doubt() -> None:
    register = RedisRegister(connect(Connections(redis_url="redis://127.0.0.1:1/0")), "test:s:", 10)
    for asked in (register.open("a", 1), register.is_open("a"), register.end("a")):
        with pytest.raises(Doubt, match="redis, asked for a session"):
            await asked
    await register.close()
