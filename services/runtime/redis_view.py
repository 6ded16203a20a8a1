"""A view in Redis: one script a call, atomic, with a deadline. Whatever goes wrong is `Doubt`.

In: wants and writes of lanes. Out: what the scripts answer. Promise: the port's, on one primary at a time that evicts nothing
(`noeviction`) and is Redis 7 or newer. Not here: the scripts (`redis_scripts.py`), making the client (each service's `app.py`), waiting
and trying again (the lanes).
"""

import asyncio
from binascii import crc32
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha1
from typing import Any, TypeAlias

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from services.runtime import redis_scripts
from services.runtime.errors import Doubt
from services.runtime.ports import Closed, Loaded, Moved
from services.runtime.records import Document, Want, Watermark, Writes

BUCKETS = 1 << 16
"""Hashes that share the index: few enough entries in each for Redis to pack them tightly."""

Text: TypeAlias = str | bytes | int


class _Script:
    """A script with the name that Redis knows it by."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.sha = sha1(source.encode(), usedforsecurity=False).hexdigest()


_RUN, _LOAD, _PEEK, _APPLY = (
    _Script(source) for source in (redis_scripts.RUN, redis_scripts.LOAD, redis_scripts.PEEK, redis_scripts.APPLY)
)


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
        self._prefix = prefix
        self._lanes = lanes
        self._deadline_s = deadline_s

    async def run(self) -> str:
        """As the port has it."""
        run: bytes = await self._call(_RUN, [], [])
        return run.decode()

    async def load(self, lane: int, at: Watermark, want: Want) -> Loaded | Closed | Moved:
        """As the port has it."""
        bookings = [text for booking in want.bookings.items() for text in booking]
        arguments = [lane, self._lanes, *_counted(at), *_wanted(want), len(want.bookings), *bookings, len(want.peeks), *want.peeks]
        match await self._call(_LOAD, self._keys(lane, want.documents, [*want.bookings, *want.peeks]), arguments):
            case [b"closed", bytes(run), int(healed)]:
                return Closed(run.decode(), healed == 1)
            case [b"moved", bytes(run)]:
                return Moved(run.decode())
            case answer:
                return _loaded(want, answer)

    async def peek(self, lane: int, want: Want) -> Loaded:
        """As the port has it."""
        arguments = [*_wanted(want), len(want.bookings), *want.bookings, len(want.peeks), *want.peeks]
        keys = self._keys(lane, want.documents, [*want.bookings, *want.peeks])
        return _loaded(want, await self._call(_PEEK, keys, arguments))

    async def apply(self, lane: int, at: Watermark | None, to: Watermark, writes: Writes, healed_in: str | None = None) -> bool:
        """As the port has it."""
        watermark = [text for place in to.items() for text in place]
        arguments: list[Text] = [lane, healed_in or "", *_counted(at or {}), len(watermark), *watermark, len(writes.documents)]
        for changes in writes.documents.values():
            arguments += _changes(changes)
        arguments.append(len(writes.bookings))
        arguments += [text for booking in writes.bookings.items() for text in booking]
        return bool(await self._call(_APPLY, self._keys(lane, writes.documents, writes.bookings), arguments) == 1)

    async def close(self) -> None:
        """Let the connections go.

        Raises:
            Doubt: Not within the deadline.
        """
        try:
            async with asyncio.timeout(self._deadline_s):
                await self._redis.aclose()
        except (RedisError, OSError) as error:
            raise Doubt(f"redis: {type(error).__name__}") from error

    def _keys(self, lane: int, documents: Iterable[str], index_keys: Iterable[str]) -> list[str]:
        """The keys of a script in the order of its arguments."""
        prefix = self._prefix
        keys = [f"{prefix}wm:{lane}", f"{prefix}healed"]
        keys += [f"{prefix}d:{key}" for key in documents]
        keys += [f"{prefix}b:{crc32(key.encode()) % BUCKETS}" for key in index_keys]
        return keys

    async def _call(self, script: _Script, keys: Sequence[str], arguments: Sequence[Text]) -> Any:
        """Run `script`, loading it where Redis does not know it yet.

        Raises:
            Doubt: Whatever went wrong; the message names the kind of error, never a key.
        """
        try:
            async with asyncio.timeout(self._deadline_s):
                try:
                    return await self._redis.evalsha(script.sha, len(keys), *keys, *arguments)
                except NoScriptError:  # tested before anything runs
                    return await self._redis.eval(script.source, len(keys), *keys, *arguments)
        except (RedisError, OSError) as error:  # TimeoutError is an OSError
            raise Doubt(f"redis: {type(error).__name__}") from error


def _counted(watermark: Watermark) -> list[Text]:
    """A watermark behind the number of its topics."""
    return [len(watermark), *(text for place in watermark.items() for text in place)]


def _wanted(want: Want) -> list[Text]:
    """The documents wanted: their number, then each by its fields."""
    arguments: list[Text] = [len(want.documents)]
    for fields in want.documents.values():
        if fields is None:
            arguments.append(-1)
        else:
            arguments.append(len(fields))
            arguments += fields
    return arguments


def _changes(changes: Mapping[str, bytes | None]) -> list[Text]:
    """A document's changes: what is set, then what is deleted."""
    put = [text for name, value in changes.items() if value is not None for text in (name, value)]
    drop = [name for name, value in changes.items() if value is None]
    return [len(put), *put, len(drop), *drop]


def _loaded(want: Want, answer: Sequence[Any]) -> Loaded:
    """What a script found, by the names it was asked by."""
    _, run, watermark, found, booked, peeked = answer
    documents = {key: _document(fields, values) for (key, fields), values in zip(want.documents.items(), found, strict=True)}
    held = zip((*want.bookings, *want.peeks), (*booked, *peeked), strict=True)
    holders = {key: holder.decode() for key, holder in held if holder is not None}
    return Loaded(run.decode(), {topic.decode(): int(offset) for topic, offset in _pairs(watermark)} or None, documents, holders)


def _document(fields: tuple[str, ...] | None, values: Sequence[bytes]) -> Document:
    """A hash, or the fields of it that were wanted and are there."""
    if fields is None:
        return {name.decode(): value for name, value in _pairs(values)}
    return {name: value for name, value in zip(fields, values, strict=True) if value is not None}


def _pairs(flat: Sequence[bytes]) -> Iterable[tuple[bytes, bytes]]:
    """Redis' flat answer of a hash in pairs."""
    return zip(flat[::2], flat[1::2], strict=True)
