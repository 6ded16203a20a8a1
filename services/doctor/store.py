"""Redis reached: what it says of itself, how the connection is secured, and who we are there. Out: `Store`, which the checks of Redis are given."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from redis.exceptions import NoPermissionError

from services.doctor.findings import Finding, fail, ok, warn
from services.doctor.site import Site, is_loopback
from services.runtime.redis_calls import RedisCalls
from services.runtime.redis_client import connect
from services.runtime.redis_deadline import place_of

OLDEST = 7


class Told(NamedTuple):
    """The clock of Redis, and ours right before and after it was asked; seconds since 1970."""

    at_s: float
    before_s: float
    after_s: float


class Calls(RedisCalls):
    """A client that is asked a command at a time."""

    async def ask(self, *command: str) -> Any:
        """The answer; None where we have no right to it.

        Raises:
            Doubt: Redis is away.
        """
        async with self.in_time():
            try:
                return await self._redis.execute_command(*command)  # type: ignore[no-untyped-call]
            except NoPermissionError:
                return None


@dataclass(frozen=True)
class Store:
    """What Redis says of itself.

    Attributes:
        calls: The client.
        place: Where it is.
        info: INFO's lines; None where we may not ask.
        user: Who we are there; empty where we may not ask.
        clock: Its clock; None where we may not ask.
    """

    calls: Calls
    place: str
    info: Mapping[str, Any] | None
    user: str
    clock: Told | None

    @property
    def is_old(self) -> bool:
        """Whether it cannot run our scripts."""
        version = self.text("redis_version").partition(".")[0]
        return version.isdigit() and int(version) < OLDEST

    def number(self, name: str) -> int:
        """One of INFO's numbers; 0 where it is not told."""
        return int((self.info or {}).get(name) or 0)

    def text(self, name: str) -> str:
        """One of INFO's texts; empty where it is not told."""
        return str((self.info or {}).get(name, ""))


@asynccontextmanager
async def reached(site: Site) -> AsyncIterator[Store]:
    """Redis, asked what it is.

    Raises:
        Doubt: It is away, or does not let us in.
    """
    redis = connect(site.settings)
    calls = Calls(redis, site.settings.redis_deadline_ms / 1000)
    try:
        info, user = await calls.ask("INFO"), await calls.ask("ACL", "WHOAMI")
        before_s = site.now_s()
        told = await calls.ask("TIME")
        clock = None if told is None else Told(_seconds(told), before_s, site.now_s())
        yield Store(calls, place_of(redis), info, "" if user is None else user.decode(errors="replace"), clock)
    finally:
        await calls.close()


async def server(site: Site, store: Store) -> Sequence[Finding]:
    """It is there: version, role."""
    if store.info is None:
        return [ok("redis.server", f"{store.place} reached; what it is it does not tell us")]
    what = f"{store.place} reached, Redis {store.text('redis_version')}, {store.text('role')}"
    if store.is_old:
        return [fail("redis.server", f"{what}: older than {OLDEST}", f"use Redis {OLDEST} or later, whose scripts run whole or not at all")]
    if store.text("role") == "slave":
        return [fail("redis.server", f"{what}: a replica takes no writes", "let REDIS_URL, or REDIS_SENTINELS, name the primary")]
    if store.number("cluster_enabled"):
        return [
            fail(
                "redis.server",
                f"{what}, in cluster mode: a view's keys would lie apart",
                "use one primary, with replicas, without cluster-enabled",
            )
        ]
    return [ok("redis.server", what)]


async def security(site: Site, store: Store) -> Sequence[Finding]:
    """TLS or not, and who we are."""
    url = urlsplit(site.settings.redis_url)
    user = f"user {store.user}" if store.user else "an unnamed user"
    if url.scheme == "unix" or (url.scheme == "redis" and is_loopback(url.hostname or "localhost")):
        return [ok("redis.security", f"{user}, plain text that does not leave this machine")]
    if url.scheme == "redis":
        what = f"{user}, plain text: documents of persons, and the password, can be read on the way"
        return [warn("redis.security", what, "REDIS_URL=rediss://…, REDIS_CAFILE, and tls-port in Redis")]
    if store.user == "default":
        mend = "REDIS_USERNAME and a user of its own (ACL SETUSER) with the rights that docs/doctor.md lists"
        return [warn("redis.security", "TLS, user default, who may do everything", mend)]
    return [ok("redis.security", f"{user}, TLS")]


def _seconds(told: Sequence[Any]) -> float:
    return int(told[0]) + int(told[1]) * 1e-6
