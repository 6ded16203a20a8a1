"""A view in Redis: one script a call, atomic, with a deadline. Whatever goes wrong is `Doubt`; only a Redis that may evict keys is a `Stop`.

In: wants and writes of lanes. Out: what the scripts answer. Promise: the port's, on one primary at a time that evicts nothing
(`noeviction`) and is Redis 7 or newer. Views of other formats may lie beside it under the same prefix: none ever reads the keys of
another, and of all of them one at most has an open gate. Not here: the scripts (`redis_scripts.py`), making the client (each service's
`app.py`), waiting and trying again (the lanes), dropping keys (`redis_forgetting.py`).
"""

from binascii import crc32
from collections.abc import AsyncGenerator, Iterable, Sequence
from typing import Self
from urllib.parse import urlsplit
from uuid import uuid4

from redis.asyncio import Redis

from services.runtime import redis_scripts
from services.runtime.errors import WRITTEN_BY_US, Doubt, Stop
from services.runtime.ports import Closed, Loaded, Moved
from services.runtime.records import Want, Watermark, Writes
from services.runtime.redis_calls import Script
from services.runtime.redis_client import connect
from services.runtime.redis_deadline import place_of
from services.runtime.redis_forgetting import Forgetting, formats_of, is_forgetting, life_of, mark_of, root_of
from services.runtime.redis_memory import Memory, Sample
from services.runtime.redis_rights import NamingCalls
from services.runtime.redis_scripts import EVICTED
from services.runtime.redis_sentinel import look_around
from services.runtime.redis_wire import Text, changes_of, counted, loaded_from, wanted
from services.runtime.settings import Settings

BUCKETS = 1 << 16
"""Hashes that share the index: few enough entries in each for Redis to pack them tightly."""

_RUN, _LOAD, _PEEK, _APPLY = (Script(source) for source in (redis_scripts.RUN, redis_scripts.LOAD, redis_scripts.PEEK, redis_scripts.APPLY))


class RedisView(NamingCalls):
    """The port `View` over one Redis primary. Several lanes may call at once."""

    def __init__(self, redis: Redis, prefix: str, lanes: int, deadline_s: float, format: int = 1) -> None:
        """Take over `redis`: its answers must come as bytes, and from now on it tries nothing twice (a second answer hides the first).

        Args:
            redis: The client; `close` closes it.
            prefix: Of every key, `medaid:settlement:` for instance.
            lanes: How many must be healed for the gate to open.
            deadline_s: Within it each call has answered or raised, seconds.
            format: The number of the format that documents are written in; 1 is that of before there were numbers, whose keys carry none.

        Raises:
            ValueError: The client decodes its answers.
        """
        super().__init__(redis, deadline_s)
        self._prefix = prefix
        self.root = root_of(prefix, format)
        self._format, self._mark = format, mark_of(format)
        self._lanes = lanes
        self._was_emptied = False
        self._sample = Sample(prefix)

    @classmethod
    def of(cls, settings: Settings, service: str, format: int, lanes: int) -> Self:
        """The view of a service, where its lanes have it, over a client of its own."""
        made = cls(connect(settings), f"{settings.prefix}medaid:{service}:", lanes, settings.redis_deadline_ms / 1000, format)
        made.user = f"user {settings.redis_username or urlsplit(settings.redis_url).username or 'default'}"
        return made

    async def run(self) -> str:
        """As the port has it.

        Raises:
            Doubt: Redis is away, or the view is being emptied.
            Stop: It may evict keys, or could when it was last asked, and was not rebuilt since; or a replica of it may.
        """
        async with self.in_time():
            await look_around(self._redis)
        run: bytes = await self.call(_RUN, self._keys(0, (), ()), [self._mark, uuid4().hex])
        if EVICTED in run.decode():
            raise Stop(
                f"redis at {place_of(self._redis)} could evict keys, and nobody can tell which are gone: `medaid ledger rebuild` for each service"
            )
        if is_forgetting(run.decode()):
            raise Doubt("redis: the view is being emptied; if nobody does so, `medaid ledger rebuild` once more", "redis")
        return run.decode()

    async def load(self, lane: int, at: Watermark, want: Want) -> Loaded | Closed | Moved:
        """As the port has it."""
        bookings = [text for booking in want.bookings.items() for text in booking]
        arguments: list[Text] = [self._mark, lane, self._lanes, *counted(at), *wanted(want)]
        arguments += [len(want.bookings), *bookings, len(want.peeks), *want.peeks]
        match await self.call(_LOAD, self._keys(lane, want.documents, [*want.bookings, *want.peeks]), arguments):
            case [b"closed", bytes(run)]:
                return Closed(run.decode())
            case [b"moved", bytes(run)]:
                return Moved(run.decode())
            case answer:
                return loaded_from(want, answer)

    async def peek(self, lane: int, want: Want) -> Loaded:
        """As the port has it."""
        arguments = [self._mark, *wanted(want), len(want.bookings), *want.bookings, len(want.peeks), *want.peeks]
        keys = self._keys(lane, want.documents, [*want.bookings, *want.peeks])
        return loaded_from(want, await self.call(_PEEK, keys, arguments))

    async def apply(self, lane: int, at: Watermark | None, to: Watermark, writes: Writes, healed_in: str | None = None) -> bool:
        """As the port has it."""
        watermark = [text for place in to.items() for text in place]
        arguments: list[Text] = [self._mark, lane, healed_in or "", *counted(at or {}), len(watermark), *watermark, len(writes.documents)]
        for changes in writes.documents.values():
            arguments += changes_of(changes)
        arguments.append(len(writes.bookings))
        arguments += [text for booking in writes.bookings.items() for text in booking]
        return bool(await self.call(_APPLY, self._keys(lane, writes.documents, writes.bookings), arguments) == 1)

    async def empty(self) -> None:
        """As the port has it.

        Raises:
            Doubt: Redis is away, or somebody else empties it.
            Stop: It was emptied by this process before.
        """
        if self._was_emptied:
            raise Stop(WRITTEN_BY_US)
        async for _ in self.forget():
            pass
        self._was_emptied = True

    async def forget(self) -> AsyncGenerator[int, None]:
        """Drop everything, in steps, for the lanes to heal from nothing; until it is done they cannot. To be repeated where it was broken off.

        Yields:
            The number of keys dropped so far.

        Raises:
            Doubt: Redis is away; lanes wait until somebody repeats it.
        """
        async for dropped in self._forgetting(self._format, 0).run():
            yield dropped

    async def others(self) -> Sequence[int]:
        """The formats, other than this one's, of which keys are left.

        Raises:
            Doubt: Redis is away.
        """
        return [format for format in await self._formats() if format != self._format]

    async def check_format(self) -> None:
        """For whoever only reads: whether this view is the one that the services keep.

        Raises:
            Doubt: Redis is away, or has this view in other formats only.
        """
        formats = await self._formats()
        if formats and self._format not in formats:
            raise Doubt(
                f"redis: the view lies there in format {formats[-1]}, this medaid reads {self._format}: use the version that the services run"
            )

    async def forget_other(self, format: int) -> AsyncGenerator[int, None]:
        """Drop what is left of another format, in steps, while this one's gate is open: then no lane of the other is at work.

        Yields:
            The number of keys dropped so far.

        Raises:
            Doubt: Redis is away, the gate is shut, or somebody else does it; to be repeated later.
        """
        async for dropped in self._forgetting(format, self._lanes).run():
            yield dropped

    async def memory(self) -> Memory:
        """About how many bytes the view takes in each of its formats, and all of Redis. Raises: Doubt."""
        async with self.in_time():
            return await self._sample.draw(self._redis)

    async def _formats(self) -> list[int]:
        async with self.in_time():
            fields = await self._redis.hkeys(f"{self._prefix}healed")
        return formats_of(field for field in fields if isinstance(field, bytes))

    def _forgetting(self, format: int, gate_lanes: int) -> Forgetting:
        keys = [f"{self.root}wm:0", f"{self._prefix}healed"]
        watermarks = [f"{root_of(self._prefix, format)}wm:{lane}" for lane in range(self._lanes)]
        patterns = [f"{root_of(self._prefix, format)}{kind}:*" for kind in ("d", "b")]
        return Forgetting(self, keys, watermarks, patterns, [self._mark, gate_lanes, life_of(format)])

    def _keys(self, lane: int, documents: Iterable[str], index_keys: Iterable[str]) -> list[str]:
        """The keys of a script in the order of its arguments."""
        root = self.root
        keys = [f"{root}wm:{lane}", f"{self._prefix}healed"]
        keys += [f"{root}d:{key}" for key in documents]
        keys += [f"{root}b:{crc32(key.encode()) % BUCKETS}" for key in index_keys]
        return keys
