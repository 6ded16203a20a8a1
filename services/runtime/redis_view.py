"""A view in Redis: one script a call, atomic, with a deadline. Whatever goes wrong is `Doubt`; only a Redis that may evict keys is a `Stop`.

In: wants and writes of lanes. Out: what the scripts answer. Promise: the port's, on one primary at a time that evicts nothing
(`noeviction`) and is Redis 7 or newer. Not here: the scripts (`redis_scripts.py`), making the client (each service's `app.py`), waiting
and trying again (the lanes).
"""

from binascii import crc32
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from hashlib import sha1
from typing import Any
from uuid import uuid4

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError

from services.runtime import redis_scripts
from services.runtime.errors import Doubt, Stop
from services.runtime.ports import Closed, Loaded, Moved
from services.runtime.records import Want, Watermark, Writes
from services.runtime.redis_deadline import in_time, place_of
from services.runtime.redis_scripts import EVICTED, FORGETTING
from services.runtime.redis_wire import Text, changes_of, counted, loaded_from, wanted

FORGET_KEYS = 1_000
"""Keys looked at in one step of `forget`."""

BUCKETS = 1 << 16
"""Hashes that share the index: few enough entries in each for Redis to pack them tightly."""


class _Script:
    """A script with the name that Redis knows it by."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.sha = sha1(source.encode(), usedforsecurity=False).hexdigest()


_RUN, _LOAD, _PEEK, _APPLY = (
    _Script(source) for source in (redis_scripts.RUN, redis_scripts.LOAD, redis_scripts.PEEK, redis_scripts.APPLY)
)
_FORGET, _DROP = _Script(redis_scripts.FORGET), _Script(redis_scripts.DROP)


class RedisView:
    """The port `View` over one Redis primary. Several lanes may call at once."""

    def __init__(self, redis: Redis, prefix: str, lanes: int, deadline_s: float) -> None:
        """Take over `redis`: its answers must come as bytes, and from now on it tries nothing twice (a second answer hides the first).

        Args:
            redis: The client; `close` closes it.
            prefix: Of every key, `medaid:settlement:` for instance.
            lanes: How many must be healed for the gate to open.
            deadline_s: Within it each call has answered or raised, seconds.

        Raises:
            ValueError: The client decodes its answers.
        """
        if redis.connection_pool.connection_kwargs.get("decode_responses"):
            raise ValueError("the Redis client must not decode responses: values are bytes")
        redis.set_retry(Retry(NoBackoff(), 0))
        self._redis = redis
        self._place = place_of(redis)
        self._prefix = prefix
        self._lanes = lanes
        self._deadline_s = deadline_s

    async def run(self) -> str:
        """As the port has it.

        Raises:
            Doubt: Redis is away, or the view is being emptied.
            Stop: It may evict keys, or could when it was last asked, and was not rebuilt since.
        """
        run: bytes = await self._call(_RUN, self._keys(0, (), ()), [uuid4().hex])
        if EVICTED in run.decode():
            raise Stop(
                f"redis at {self._place} could evict keys, and nobody can tell which are gone: `medaid ledger rebuild` for each service"
            )
        if is_forgetting(run.decode()):
            raise Doubt("redis: the view is being emptied; if nobody does so, `medaid ledger rebuild` once more")
        return run.decode()

    async def load(self, lane: int, at: Watermark, want: Want) -> Loaded | Closed | Moved:
        """As the port has it."""
        bookings = [text for booking in want.bookings.items() for text in booking]
        arguments = [self._lanes, *counted(at), *wanted(want), len(want.bookings), *bookings, len(want.peeks), *want.peeks]
        match await self._call(_LOAD, self._keys(lane, want.documents, [*want.bookings, *want.peeks]), arguments):
            case [b"closed", bytes(run)]:
                return Closed(run.decode())
            case [b"moved", bytes(run)]:
                return Moved(run.decode())
            case answer:
                return loaded_from(want, answer)

    async def peek(self, lane: int, want: Want) -> Loaded:
        """As the port has it."""
        arguments = [*wanted(want), len(want.bookings), *want.bookings, len(want.peeks), *want.peeks]
        keys = self._keys(lane, want.documents, [*want.bookings, *want.peeks])
        return loaded_from(want, await self._call(_PEEK, keys, arguments))

    async def apply(self, lane: int, at: Watermark | None, to: Watermark, writes: Writes, healed_in: str | None = None) -> bool:
        """As the port has it."""
        watermark = [text for place in to.items() for text in place]
        arguments: list[Text] = [lane, healed_in or "", *counted(at or {}), len(watermark), *watermark, len(writes.documents)]
        for changes in writes.documents.values():
            arguments += changes_of(changes)
        arguments.append(len(writes.bookings))
        arguments += [text for booking in writes.bookings.items() for text in booking]
        return bool(await self._call(_APPLY, self._keys(lane, writes.documents, writes.bookings), arguments) == 1)

    async def forget(self) -> AsyncGenerator[int, None]:
        """Drop everything, in steps, for the lanes to heal from nothing; until it is done they cannot. To be repeated where it was broken off.

        Yields:
            The number of keys dropped so far.

        Raises:
            Doubt: Redis is away; lanes wait until somebody repeats it.
        """
        mine, lanes = FORGETTING + uuid4().hex, [f"{self._prefix}wm:{lane}" for lane in range(1, self._lanes)]
        await self._call(_FORGET, [*self._keys(0, (), ()), *lanes], [mine])
        dropped = 0
        for kind in ("d", "b"):
            cursor = None
            while cursor != 0:
                async with self._in_time():
                    cursor, keys = await self._redis.scan(cursor or 0, f"{self._prefix}{kind}:*", FORGET_KEYS)
                dropped += await self._drop(mine, keys) if keys else 0
                yield dropped
        await self._drop(mine, [])  # a new life may begin

    async def _drop(self, mine: str, keys: Sequence[str | bytes]) -> int:
        """Drop keys, or with none end the forgetting.

        Raises:
            Doubt: It is no longer ours.
        """
        dropped = int(await self._call(_DROP, [*self._keys(0, (), ()), *keys], [mine]))
        if dropped < 0:
            raise Doubt("redis: somebody else has begun to empty the view")
        return dropped

    async def close(self) -> None:
        """Let the connections go.

        Raises:
            Doubt: Not within the deadline.
        """
        async with self._in_time():
            await self._redis.aclose()

    def _keys(self, lane: int, documents: Iterable[str], index_keys: Iterable[str]) -> list[str]:
        """The keys of a script in the order of its arguments."""
        prefix = self._prefix
        keys = [f"{prefix}wm:{lane}", f"{prefix}healed"]
        keys += [f"{prefix}d:{key}" for key in documents]
        keys += [f"{prefix}b:{crc32(key.encode()) % BUCKETS}" for key in index_keys]
        return keys

    async def _call(self, script: _Script, keys: Sequence[str | bytes], arguments: Sequence[Text]) -> Any:
        """Run `script`, loading it where Redis does not know it yet. Raises: Doubt."""
        async with self._in_time():
            try:
                return await self._redis.evalsha(script.sha, len(keys), *keys, *arguments)
            except NoScriptError:  # tested before anything runs
                return await self._redis.eval(script.source, len(keys), *keys, *arguments)

    def _in_time(self) -> AbstractAsyncContextManager[None]:
        """Run the body within the deadline. Raises: Doubt, Stop."""
        return in_time(self._deadline_s, self._place)


def is_forgetting(run: str) -> bool:
    """Whether `run` is that of a view that is being emptied."""
    return FORGETTING in run
