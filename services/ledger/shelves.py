"""A view in Redis to walk along: the keys of its documents and its index, besides what the port `View` tells of given keys."""

from collections.abc import AsyncIterator

from services.runtime.redis_client import connect
from services.runtime.redis_view import RedisView
from services.runtime.settings import Settings

KEYS_A_STEP = 1_000
"""Keys looked at in one question to Redis."""


class RedisShelves(RedisView):
    """A service's view as the check of the ledger walks along it."""

    async def documents(self) -> AsyncIterator[str]:
        """The key of every document, some perhaps twice.

        Raises:
            Doubt: Redis is away.
        """
        beginning = f"{self._prefix}d:"
        async for keys in self._scan(f"{beginning}*"):
            for key in keys:
                yield key.decode(errors="replace").removeprefix(beginning)

    async def holders(self) -> AsyncIterator[tuple[str, str]]:
        """Every claim key with its holder, some perhaps twice.

        Raises:
            Doubt: Redis is away.
        """
        async for keys in self._scan(f"{self._prefix}b:*"):
            async with self._in_time():
                pipeline = self._redis.pipeline(transaction=False)
                for key in keys:
                    pipeline.hgetall(key)
                buckets = await pipeline.execute()
            for bucket in buckets:
                for key, holder in bucket.items():
                    yield key.decode(errors="replace"), holder.decode(errors="replace")

    async def _scan(self, pattern: str) -> AsyncIterator[list[bytes]]:
        cursor = 0
        while True:
            async with self._in_time():
                cursor, keys = await self._redis.scan(cursor, pattern, KEYS_A_STEP)
            yield [key for key in keys if isinstance(key, bytes)]
            if cursor == 0:
                return


def shelves(settings: Settings, service: str, lanes: int) -> RedisShelves:
    """The view of `service`, under the prefix that its app gives it."""
    return RedisShelves(connect(settings.redis_url), f"{settings.prefix}medaid:{service}:", lanes, settings.redis_deadline_ms / 1000)
