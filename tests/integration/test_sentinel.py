"""Real sentinels: their majority says where the primary is, at every new connection and every few seconds; a forgotten one is not asked again."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy.local.errors import Unobtainable
from deploy.local.process import HOST
from deploy.local.redis import Redis
from services.runtime import redis_sentinel
from services.runtime.errors import Doubt, Stop
from services.runtime.ports import Closed, Loaded
from services.runtime.records import Want, Watermark, Writes
from services.runtime.redis_view import RedisView
from services.runtime.settings import Settings
from tests.integration.secured import Authority
from tests.integration.sentinels import NAME, Guard, ReplicatedRedis

START: Watermark = {"results": 10}
WANT = Want(documents={"year": None}, peeks=frozenset({"H1/C1"}))
PAID = Writes(documents={"year": {"paid": b"210000"}}, bookings={"H1/C1": "P1"})
PROMOTED_S_MAX = 30.0
TOWN = "town"

pytestmark = pytest.mark.redis


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplicatedRedis]:
    """By TLS, with users, also at the sentinels."""
    folder = tmp_path_factory.mktemp("guarded")
    authority = Authority(folder, "authority")
    try:
        with ReplicatedRedis(folder, Guard(authority, authority.sign("servers"))) as site:
            yield site
    except Unobtainable as reason:
        pytest.skip(str(reason))


@pytest.fixture
async def view(site: ReplicatedRedis, topic_prefix: str) -> AsyncIterator[RedisView]:
    view = view_of(site, topic_prefix)
    yield view
    await view.close()


def view_of(site: ReplicatedRedis, prefix: str, **changed: str) -> RedisView:
    return RedisView.of(Settings.from_env({**site.variables, "MEDAID_PREFIX": prefix, **changed}), "settlement", 1, 1)


async def pay(view: RedisView) -> None:
    assert await view.apply(0, None, START, PAID, healed_in=await view.run())


async def patiently(view: RedisView) -> Any:
    """What the view answers once somebody is the primary again, and what was said meanwhile."""
    said, until = set(), time.monotonic() + PROMOTED_S_MAX
    while True:
        try:
            return await view.load(0, START, WANT), said
        except Doubt as doubt:
            said.add(str(doubt))
            assert time.monotonic() < until, said
            await asyncio.sleep(0.1)


@pytest.fixture
def other(site: ReplicatedRedis, tmp_path: Path) -> Iterator[Redis]:
    """Another Redis, which can be called the primary under another name."""
    with site.make(tmp_path / "other") as server:
        yield server
    site.forget(TOWN)


async def test_a_primary_that_most_sentinels_have_left_is_left(
    site: ReplicatedRedis, other: Redis, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is alive and takes writes as ever: nothing but the sentinels says that it is the primary no more."""
    monkeypatch.setattr(redis_sentinel, "ASK_EVERY_S", 0.0)
    for sentinel in site.sentinels:
        site.monitor(sentinel, TOWN, site.primary)
    view = view_of(site, topic_prefix, REDIS_SENTINEL_MASTER=TOWN)
    await pay(view)
    run = await view.run()
    site.monitor(site.sentinels[0], TOWN, other)
    assert isinstance(await view.load(0, START, WANT), Loaded)
    site.monitor(site.sentinels[1], TOWN, other)
    answer, _ = await patiently(view)
    assert isinstance(answer, Closed)
    assert answer.run != run
    await view.close()


async def test_a_replica_is_never_taken_for_the_primary(site: ReplicatedRedis, other: Redis, topic_prefix: str) -> None:
    """Where sentinels name one, for whatever reason, not even questions that write nothing are asked there."""
    for sentinel in site.sentinels:
        site.monitor(sentinel, TOWN, site.replica)
    view = view_of(site, topic_prefix, REDIS_SENTINEL_MASTER=TOWN)
    for ask in (view.run, lambda: view.peek(0, WANT), view.others):
        with pytest.raises(Doubt, match="it is not, or no longer, the primary that sentinels call it"):
            await ask()
    await view.close()


WAYS_TO_FAIL: Mapping[str, tuple[Mapping[str, str], str]] = {
    "another name": ({"REDIS_SENTINEL_MASTER": "village"}, "3 knows no primary village (REDIS_SENTINEL_MASTER)"),
    "nobody there": ({"REDIS_SENTINELS": f"{HOST}:1,{HOST}:2"}, "2 sentinels asked (REDIS_SENTINELS): 2 ConnectionError"),
    "wrong password": ({"REDIS_SENTINEL_PASSWORD": "CANARY-other"}, "REDIS_SENTINEL_USERNAME, REDIS_SENTINEL_PASSWORD"),
    "no password": ({"REDIS_SENTINEL_USERNAME": "", "REDIS_SENTINEL_PASSWORD": ""}, "REDIS_SENTINEL_USERNAME, REDIS_SENTINEL_PASSWORD"),
    "plain text": ({"REDIS_URL": "redis:///0", "REDIS_CAFILE": ""}, "3 ConnectionError"),
    "wrong password at Redis": ({"REDIS_PASSWORD": "CANARY-other"}, "name or password refused: REDIS_USERNAME, REDIS_PASSWORD"),
}


@pytest.mark.parametrize("way", WAYS_TO_FAIL)
async def test_whoever_does_not_find_the_primary_is_told_why(site: ReplicatedRedis, way: str) -> None:
    changed, told = WAYS_TO_FAIL[way]
    view = view_of(site, "", **changed)
    try:
        with pytest.raises(Doubt) as doubt:
            await view.run()
    finally:
        await view.close()
    assert told in str(doubt.value)
    assert "CANARY" not in str(doubt.value)


async def test_a_replica_that_may_evict_stops_the_service_before_it_is_the_primary(site: ReplicatedRedis, view: RedisView) -> None:
    await view.run()
    with site.client(site.replica) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            with pytest.raises(Stop, match=rf"redis at {HOST}:{site.replica.port}, a replica of {NAME}, may evict keys"):
                await view.run()
        finally:
            client.config_set("maxmemory-policy", "noeviction")
    await view.run()


async def test_one_sentinel_of_three_may_be_away_or_hang(site: ReplicatedRedis, view: RedisView) -> None:
    """Two may not: a lane that is taken waits for a majority."""
    lost, frozen, _ = site.sentinels
    lost.kill()
    try:
        await view.run()
        frozen.kill()
        with pytest.raises(Doubt, match="2 ConnectionError"):
            await view.run()
        assert await view.others() == [], "the connection that stands goes on"
    finally:
        lost.start()
        frozen.start()
    await view.run()


async def test_a_killed_primary_is_followed_by_its_replica_in_another_run(site: ReplicatedRedis, view: RedisView) -> None:
    """What was replicated is there, and the gate is shut. (The last test of this site, which has no replica afterwards.)"""
    await fail_over(site, view)


@pytest.mark.prove
async def test_in_plain_text_it_is_the_same_and_the_former_primary_comes_back_as_a_replica(tmp_path: Path, topic_prefix: str) -> None:
    with ReplicatedRedis(tmp_path) as site:
        view = view_of(site, topic_prefix)
        await fail_over(site, view)
        site.come_back()
        assert isinstance(await view.load(0, START, WANT), Loaded)
        await view.close()


async def fail_over(site: ReplicatedRedis, view: RedisView) -> None:
    """Kill the primary of a view, and go on with the replica, once its lane is healed there."""
    await pay(view)
    before = await view.run()
    with site.client(site.primary) as client:
        client.wait(1, 10_000)
    site.fail_over()
    answer, said = await patiently(view)
    assert isinstance(answer, Closed)
    assert answer.run != before
    assert all(text.startswith(f"redis at {NAME} (127.0.0.1:") for text in said)
    assert await view.apply(0, START, START, Writes(), healed_in=answer.run)
    assert await view.load(0, START, WANT) == Loaded(answer.run, START, PAID.documents, PAID.bookings)
