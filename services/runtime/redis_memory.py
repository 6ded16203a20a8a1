"""How much of Redis a view takes, estimated: to ask for the size of every key would hold Redis up, so a few keys are drawn by chance each time.

In: the answers of RANDOMKEY, MEMORY USAGE, DBSIZE and INFO. Promise: some thousand keys drawn are remembered, so that the estimate is within a few
percent where a view is large; of small ones it is rough, and nobody needs it.
"""

import re
from collections import Counter, deque
from collections.abc import Mapping
from typing import NamedTuple

from redis.asyncio import Redis

DRAWN = 200
"""Keys drawn each time: less than 2 ms of Redis' time."""

REMEMBERED = 4_000
"""Keys remembered."""


class Memory(NamedTuple):
    """Bytes of Redis: of each format of the view, of all that is in it, and the most that it may use."""

    views: Mapping[int, int]
    used: int
    max: int


class Sample:
    """Keys drawn by chance. `prefix`: what the view's keys begin with, in all formats."""

    def __init__(self, prefix: str) -> None:
        self._ours = re.compile(re.escape(prefix.encode()) + rb"(?:f(\d+):)?(?:d|b|wm):")
        self._drawn: deque[tuple[int | None, int]] = deque(maxlen=REMEMBERED)

    async def draw(self, redis: Redis) -> Memory:
        """Draw some keys more. Raises: As the client does."""
        async with redis.pipeline(transaction=False) as asked:
            asked.info("memory")
            asked.dbsize()
            for _ in range(DRAWN):
                asked.randomkey()
            told, keys, *drawn = await asked.execute()
        found = [key for key in drawn if key is not None]
        async with redis.pipeline(transaction=False) as asked:
            for key in found:
                asked.memory_usage(key)
            sizes = await asked.execute() if found else []
        self._drawn += [(self._format_of(key), size) for key, size in zip(found, sizes, strict=True) if size is not None]
        return Memory(self._views(int(keys)), int(told["used_memory"]), int(told["maxmemory"] or told["total_system_memory"]))

    def _format_of(self, key: bytes) -> int | None:
        """The format that a key is of; None where it is none of the view's."""
        found = self._ours.match(key)
        return None if found is None else int(found[1] or 1)

    def _views(self, keys: int) -> Mapping[int, int]:
        sizes = Counter[int]()
        for format, size in self._drawn:
            if format is not None:
                sizes[format] += size
        return {format: size * keys // len(self._drawn) for format, size in sizes.items()}
