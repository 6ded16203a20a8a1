"""Which sessions are open, known to every process of the console: in Redis, or in memory for the demo. Both pass one behaviour suite.

A session is open from its login until it is logged out or has lasted its time; one that the register does not know is over. So a lost Redis ends all sessions,
and none that was ended comes back with it: people log in again, and nothing else needs healing. It is no part of the view, and a rebuild leaves it alone.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.runtime.errors import Doubt


class Register(Protocol):
    """The open sessions. Every method raises `Doubt` when Redis is away: then nobody is known, and nothing is shown."""

    async def open(self, session: str, lasts_s: int) -> None:
        """Open it, for so many seconds at most."""
        ...

    async def is_open(self, session: str) -> bool:
        """Whether it is."""
        ...

    async def end(self, session: str) -> None:
        """End it, in every process."""
        ...


class MemoryRegister:
    """The port `Register` within one process."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._until_s: dict[str, float] = {}
        self._now_s = now_s

    async def open(self, session: str, lasts_s: int) -> None:
        """As the port has it."""
        now_s = self._now_s()
        self._until_s = {known: until_s for known, until_s in self._until_s.items() if until_s > now_s} | {session: now_s + lasts_s}

    async def is_open(self, session: str) -> bool:
        """As the port has it."""
        return self._until_s.get(session, 0.0) > self._now_s()

    async def end(self, session: str) -> None:
        """As the port has it."""
        self._until_s.pop(session, None)


class RedisRegister:
    """The port `Register` in Redis, a key a session that goes with its time."""

    def __init__(self, redis: Redis, prefix: str, deadline_s: float) -> None:
        """Take over `redis`, which `close` closes. Each call has answered or raised within `deadline_s`."""
        self._redis = redis
        self._prefix = prefix
        self._deadline_s = deadline_s

    async def open(self, session: str, lasts_s: int) -> None:
        """As the port has it."""
        await self._in_time(self._redis.set(self._prefix + session, b"", ex=lasts_s))

    async def is_open(self, session: str) -> bool:
        """As the port has it."""
        return bool(await self._in_time(self._redis.exists(self._prefix + session)))

    async def end(self, session: str) -> None:
        """As the port has it."""
        await self._in_time(self._redis.delete(self._prefix + session))

    async def close(self) -> None:
        """Let the connections go. Raises: Doubt, not within the deadline."""
        await self._in_time(self._redis.aclose())

    async def _in_time(self, asked: Awaitable[Any]) -> Any:
        """The answer.

        Raises:
            Doubt: Whatever went wrong.
        """
        try:
            async with asyncio.timeout(self._deadline_s):
                return await asked
        except (RedisError, OSError) as error:  # TimeoutError is an OSError
            raise Doubt(f"redis, asked for a session: {type(error).__name__}") from error
