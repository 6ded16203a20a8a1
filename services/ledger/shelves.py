"""A view in Redis to walk along: the keys of its documents and its index, besides what the port `View` tells of given keys."""

from collections.abc import AsyncIterator

from services.runtime.redis_view import RedisView

KEYS_A_STEP = 1_000
"""Keys looked at in one question to Redis."""


class RedisShelves(RedisView):
    """A service's view as the check of the ledger walks along it."""

    async def documents(self) -> AsyncIterator[str]:
        """The key of every document, some perhaps twice.

        Raises:
            Doubt: Redis is away.
        """
        beginning = f"{self.root}d:"
        async for keys in self._scan(f"{beginning}*"):
            for key in keys:
                yield key.decode(errors="replace").removeprefix(beginning)

    async def holders(self) -> AsyncIterator[tuple[str, str]]:
        """Every claim key with its holder, some perhaps twice.

        Raises:
            Doubt: Redis is away.
        """
        async for keys in self._scan(f"{self.root}b:*"):
            async with self.in_time():
                pipeline = self._redis.pipeline(transaction=False)
                for key in keys:
                    pipeline.hgetall(key)
                buckets = await pipeline.execute()
            for bucket in buckets:
                for key, holder in bucket.items():
                    yield key.decode(errors="replace"), holder.decode(errors="replace")

    async def _scan(self, pattern: str) -> AsyncIterator[list[bytes]]:
        cursor, is_begun = 0, False
        while cursor or not is_begun:
            cursor, keys = await self.scan(cursor, pattern, KEYS_A_STEP)
            is_begun = True
            yield keys
