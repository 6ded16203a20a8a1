"""Scripts asked of one Redis primary: one round trip each, with a deadline. Whatever goes wrong is `Doubt`."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from hashlib import sha1
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError

from services.runtime.redis_deadline import in_time
from services.runtime.redis_wire import Text


class Script:
    """A script with the name that Redis knows it by."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.sha = sha1(source.encode(), usedforsecurity=False).hexdigest()


class RedisCalls:
    """One client, whose every call answers or raises within a deadline."""

    def __init__(self, redis: Redis, deadline_s: float) -> None:
        """Take over `redis`: its answers must come as bytes, and from now on it tries nothing twice (a second answer hides the first).

        Raises:
            ValueError: The client decodes its answers.
        """
        if redis.connection_pool.connection_kwargs.get("decode_responses"):
            raise ValueError("the Redis client must not decode responses: values are bytes")
        redis.set_retry(Retry(NoBackoff(), 0))
        self._redis = redis
        self._deadline_s = deadline_s

    async def close(self) -> None:
        """Let the connections go.

        Raises:
            Doubt: Not within the deadline.
        """
        async with self.in_time():
            await self._redis.aclose()

    async def scan(self, cursor: int, pattern: str, count: int) -> tuple[int, list[bytes]]:
        """The next keys that look like `pattern`, about `count` looked at, and the cursor to go on with; 0: all were looked at.

        Raises:
            Doubt: Redis is away.
        """
        async with self.in_time():
            following, keys = await self._redis.scan(cursor, pattern, count)
        return int(following), [key for key in keys if isinstance(key, bytes)]

    async def call(self, script: Script, keys: Sequence[str | bytes], arguments: Sequence[Text]) -> Any:
        """Run `script`, loading it where Redis does not know it yet. Raises: Doubt."""
        async with self.in_time():
            try:
                return await self._redis.evalsha(script.sha, len(keys), *keys, *arguments)
            except NoScriptError:  # tested before anything runs
                return await self._redis.eval(script.source, len(keys), *keys, *arguments)

    def in_time(self) -> AbstractAsyncContextManager[None]:
        """Run the body within the deadline. Raises: Doubt, Stop."""
        return in_time(self._deadline_s, self._redis)
