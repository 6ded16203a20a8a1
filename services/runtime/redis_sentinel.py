"""The primary of a Redis under Sentinel: whom most of the sentinels name, asked at every new connection and every few seconds.

In: sentinels, and how connections are made. Out: the pool for `redis_client.py`. Promise: a connection leads to whom a majority of REDIS_SENTINELS
named last, and who calls himself the primary; none to a former one is used again. Sentinels never go back to an earlier fail-over, and two majorities
share one of them: so no lane is taken at a forgotten primary once another was healed at the new one. Not here: deadlines (`redis_deadline.py`); what
a replica lacks, which the run of a view shows (`redis_scripts.py`).
"""

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Any

import structlog
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel, SentinelConnectionPool, SentinelManagedConnection
from redis.exceptions import RedisError

from services.runtime.errors import Doubt, Stop
from services.runtime.redis_deadline import kind_of

ANSWER_S = 1.0
"""So long a sentinel or a replica may take for its answer; the others are asked meanwhile."""

ASK_EVERY_S = 5.0
"""How long a connection that stands is used before the sentinels are asked again."""

Address = tuple[str, int]

log = structlog.get_logger(__name__)


class Sentinels(Sentinel):
    """All sentinels of a site. (redis-py believes the first that answers, and forgets some of them when several connections ask at once.)"""

    async def discover_master(self, service_name: str) -> Address:
        """Whom most of the sentinels name.

        Raises:
            MasterNotFoundError: Nobody; the text says why.
        """
        asked = [asyncio.create_task(_named(sentinel, service_name)) for sentinel in self.sentinels]
        answers: Counter[Address | str] = Counter()
        try:
            for answer in asyncio.as_completed(asked):
                answers[await answer] += 1
                if (found := _majority(answers, len(asked))) is not None:
                    return found
        finally:
            for task in asked:
                task.cancel()
        raise MasterNotFoundError(f"{len(asked)} sentinels asked (REDIS_SENTINELS): {_counted(answers)}")


async def _named(sentinel: Redis, name: str) -> Address | str:
    """Whom one sentinel names, or why nobody."""
    try:
        address = await sentinel.execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME", name)
    except (RedisError, OSError) as error:
        return kind_of(error, "REDIS_SENTINEL_")
    except Doubt as doubt:  # the file of its password
        return str(doubt)
    return (str(address[0]), int(address[1])) if address else f"knows no primary {name} (REDIS_SENTINEL_MASTER)"


def _majority(answers: Counter[Address | str], count: int) -> Address | None:
    """Whom more than half of `count` name."""
    return next((address for address, votes in answers.items() if isinstance(address, tuple) and 2 * votes > count), None)


def _counted(answers: Counter[Address | str]) -> str:
    """What they answered, and how many so."""
    said = {answer if isinstance(answer, str) else "names {}:{}".format(*answer): votes for answer, votes in answers.items()}
    return ", ".join(f"{votes} {answer}" for answer, votes in said.items())


class PrimaryConnection(SentinelManagedConnection):
    """A connection that is let go at once where a replica answers: it would tell what is past."""

    async def connect_to(self, address: Address) -> None:
        """As the library has it.

        Raises:
            MasterNotFoundError: Who is there is no primary.
        """
        await super().connect_to(address)
        await self.send_command("INFO", "replication")
        if b"role:master" not in await self.read_response(disable_decoding=True):
            await self.disconnect(nowait=True)
            raise MasterNotFoundError("it is not, or no longer, the primary that sentinels call it")


class SecuredPrimaryConnection(PrimaryConnection, SSLConnection):
    """The same by TLS."""


class PrimaryPool(SentinelConnectionPool):
    """Connections to the primary."""

    def __init__(self, name: str, sentinels: Sentinels, **options: Any) -> None:
        """The primary that sentinels call `name`; `options` are the library's."""
        super().__init__(name, sentinels, **options)
        self._asked_at_s = 0.0
        self._told: set[str] = set()

    async def get_master_address(self) -> Address:
        """Ask for it. Raises: MasterNotFoundError."""
        self._asked_at_s = asyncio.get_running_loop().time()
        address: Address = await self.sentinel_manager.discover_master(self.service_name)
        self.master_address = address
        return address

    async def ensure_connection(self, connection: AbstractConnection) -> None:
        """As the library has it, but never to a former primary; where no majority answers, one that stands goes on."""
        assert isinstance(connection, SentinelManagedConnection), "the pool's own"
        if connection.is_connected and asyncio.get_running_loop().time() - self._asked_at_s > ASK_EVERY_S:
            with suppress(MasterNotFoundError):
                await self.get_master_address()
        if (connection.host, connection.port) != self.master_address:
            await connection.disconnect(nowait=True)
        await super().ensure_connection(connection)

    async def aclose(self) -> None:
        """Let all connections go, those to sentinels too."""
        await super().aclose()
        await self.sentinel_manager.aclose()

    async def look_at_replicas(self) -> None:
        """Whether every replica that answers would be a primary for us.

        Raises:
            Stop: One may evict keys.
        """
        replicas = await self.sentinel_manager.discover_slaves(self.service_name)
        await asyncio.gather(*(self._look_at(address) for address in replicas))

    async def _look_at(self, replica: Address) -> None:
        """One replica; that it does not answer is told once.

        Raises:
            Stop: It may evict keys.
        """
        place = "{}:{}".format(*replica)
        try:
            async with asyncio.timeout(ANSWER_S), Redis.from_pool(self._pool_at(replica)) as client:
                policy = (await client.info("memory")).get("maxmemory_policy", "unknown")
        except (RedisError, OSError) as error:
            if place not in self._told:
                self._told.add(place)
                log.warning("replica does not let us ask", place=place, why=kind_of(error))
            return
        if policy != "noeviction":
            raise Stop(
                f"redis at {place}, a replica of {self.service_name}, may evict keys once it is the primary (maxmemory-policy {policy}): "
                "set maxmemory-policy noeviction, there and in its configuration"
            )

    def _pool_at(self, replica: Address) -> ConnectionPool:
        """Connections to a replica, as those to the primary are."""
        options = {name: value for name, value in self.connection_kwargs.items() if name != "connection_pool"}
        kind = SSLConnection if issubclass(self.connection_class, SSLConnection) else Connection
        return ConnectionPool(connection_class=kind, host=replica[0], port=replica[1], **options)


async def look_around(redis: Redis) -> None:
    """Before a lane is taken: that no fail-over was missed, and no replica can spoil the next one. Without Sentinel there is nothing to look at.

    Raises:
        MasterNotFoundError: Most of the sentinels name no primary.
        Stop: A replica may evict keys.
    """
    if isinstance(redis.connection_pool, PrimaryPool):
        await redis.connection_pool.get_master_address()
        await redis.connection_pool.look_at_replicas()
