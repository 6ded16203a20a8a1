"""A Redis with a replica and three sentinels, which promote it within some seconds; in plain text, or by TLS with users and a password for sentinels too."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import redis
from redis.exceptions import ResponseError

from deploy.local.errors import program
from deploy.local.process import HOST, Server, is_free
from deploy.local.redis import Redis
from tests.clients import redis_at
from tests.integration.secured import REDIS_PASSWORD, REDIS_USER, Authority, SecuredRedis, Shown, secured_url

NAME = "city"
SENTINEL_USER, SENTINEL_PASSWORD = "medaid-asks", "CANARY-sentinel-c3d8"
QUORUM = 2
FOLLOWS_S_MAX = 60.0


class Sentinel(Server):
    """One sentinel; what it has learned lies in its file and outlives stop and kill."""

    name = "sentinel"

    def __init__(self, folder: Path, settings: Callable[[int], str]) -> None:
        """`settings` are lines for its port."""
        super().__init__(folder)
        self._settings = settings

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{HOST}:{self.port}"

    def answers(self) -> bool:
        """Whether it listens."""
        return not is_free(self.port)

    def _command(self) -> Sequence[str]:
        path = self.folder / "sentinel.conf"
        if not path.exists():
            path.write_text(f"bind {HOST}\nprotected-mode no\ndir {self.folder}\n{self._settings(self.port)}")
        return [program("redis-server", "redis-server"), str(path), "--sentinel"]


@dataclass(frozen=True)
class Guard:
    """What all of them are secured by."""

    authority: Authority
    shown: Shown

    def redis(self, folder: Path) -> Redis:
        """A Redis by TLS, which knows our user, also as a replica."""
        return SecuredRedis(folder, self.authority, self.shown)

    def lines(self, port: int) -> str:
        """Of a sentinel's file: TLS for its own port and towards Redis, a user for us, another for the sentinels among themselves."""
        return (
            f"port 0\ntls-port {port}\ntls-replication yes\ntls-auth-clients no\n"
            f"tls-cert-file {self.shown.certificate}\ntls-key-file {self.shown.key}\ntls-ca-cert-file {self.authority.file}\n"
            f"user default off\nuser {SENTINEL_USER} on >{SENTINEL_PASSWORD} ~* &* +@all\n"
            f"sentinel sentinel-user {SENTINEL_USER}\nsentinel sentinel-pass {SENTINEL_PASSWORD}\n"
        )

    def variables(self) -> dict[str, str]:
        """By which a process of ours is let in."""
        return {
            "REDIS_USERNAME": REDIS_USER,
            "REDIS_PASSWORD": REDIS_PASSWORD,
            "REDIS_CAFILE": str(self.authority.file),
            "REDIS_SENTINEL_USERNAME": SENTINEL_USER,
            "REDIS_SENTINEL_PASSWORD": SENTINEL_PASSWORD,
        }


class ReplicatedRedis:
    """A primary, a replica, three sentinels."""

    def __init__(self, folder: Path, guard: Guard | None = None, down_after_ms: int = 1_000) -> None:
        """`down_after_ms` is how long the primary must be silent before sentinels call it down."""
        self._guard = guard
        self._down_after_ms = down_after_ms
        self.make: Callable[[Path], Redis] = guard.redis if guard else Redis
        self.primary, self.replica = self.make(folder / "redis-1"), self.make(folder / "redis-2")
        self.sentinels = [Sentinel(folder / f"sentinel-{number}", self._settings) for number in range(3)]
        self._running = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            for server in (self.primary, self.replica):
                starting.enter_context(server)
            with self.client(self.replica) as client:
                client.replicaof(HOST, self.primary.port)
            self.wait_for_replica(self.replica)
            for sentinel in self.sentinels:
                starting.enter_context(sentinel)
            self.wait(self._sees_all, "sentinels do not know each other and the replica")
            self._running = starting.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._running.close()

    @property
    def variables(self) -> dict[str, str]:
        """For a process of ours; of REDIS_URL only the scheme and the database count."""
        own = {"REDIS_SENTINELS": ",".join(sentinel.address for sentinel in self.sentinels), "REDIS_SENTINEL_MASTER": NAME}
        return {"REDIS_URL": "rediss:///0", **self._guard.variables(), **own} if self._guard else {"REDIS_URL": "redis:///0", **own}

    def client(self, server: Redis) -> redis.Redis:
        """An operator's client of a Redis."""
        return redis_at(secured_url(server), decode_responses=True, socket_timeout=5, retry=None)

    def asking(self, sentinel: Sentinel) -> redis.Redis:
        """An operator's client of a sentinel."""
        if self._guard is None:
            return redis_at(f"redis://{sentinel.address}", decode_responses=True, socket_timeout=5)
        place = f"rediss://{SENTINEL_USER}:{SENTINEL_PASSWORD}@{sentinel.address}?ssl_ca_certs={self._guard.authority.file}"
        return redis_at(place, decode_responses=True, socket_timeout=5)

    def fail_over(self) -> None:
        """Kill the primary, if it lives, and return when most sentinels name the replica; from then on the two have changed their names."""
        self.primary.kill()
        self.primary, self.replica = self.replica, self.primary
        self.wait_until_named(self.primary)

    def change(self) -> None:
        """Let sentinels change the two, as an operator may."""
        with self.asking(self.sentinels[0]) as client:
            client.execute_command("SENTINEL FAILOVER", NAME)
        self.primary, self.replica = self.replica, self.primary
        self.wait_until_named(self.primary)
        self.wait_for_replica(self.replica)

    @contextmanager
    def deaf_replica(self) -> Iterator[None]:
        """The replica is let in no more by its primary, and hears nothing."""
        with self.client(self.replica) as client:
            client.config_set("masterauth", "another")
            with self.client(self.primary) as primary:
                primary.execute_command("CLIENT", "KILL", "TYPE", "replica")
            yield
            client.config_set("masterauth", REDIS_PASSWORD)

    def come_back(self) -> None:
        """Start whoever was killed; it begins as a primary, until sentinels make it a replica."""
        self.replica.start()
        self.wait_for_replica(self.replica)

    def wait_until_named(self, server: Redis) -> None:
        """Until most sentinels name it as the primary."""
        self.wait(lambda: sum(self.named(sentinel) == server.port for sentinel in self.sentinels) >= QUORUM, "nobody was promoted")

    def named(self, sentinel: Sentinel) -> int:
        """The port of the primary, as one sentinel has it."""
        with self.asking(sentinel) as client:
            return int(client.execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME", NAME)[1])

    def monitor(self, sentinel: Sentinel, name: str, server: Redis) -> None:
        """Let one sentinel call a server the primary of that name, as if it had heard of a fail-over, or not."""
        with self.asking(sentinel) as client:
            with suppress(ResponseError):  # it knows nobody of that name yet
                client.sentinel_remove(name)
            client.sentinel_monitor(name, HOST, server.port, QUORUM)
            if self._guard:
                client.sentinel_set(name, "auth-user", REDIS_USER)
                client.sentinel_set(name, "auth-pass", REDIS_PASSWORD)

    def forget(self, name: str) -> None:
        """Let no sentinel know anybody of that name."""
        for sentinel in self.sentinels:
            with self.asking(sentinel) as client, suppress(ResponseError):
                client.sentinel_remove(name)

    def wait_for_replica(self, server: Redis) -> None:
        """Until it follows its primary."""

        def follows() -> bool:
            try:
                with self.client(server) as client:
                    found = client.info("replication")
            except redis.RedisError:  # who is made a replica hangs up on everybody
                return False
            return bool(found["role"] == "slave" and found["master_link_status"] == "up")

        self.wait(follows, "the replica does not follow")

    def wait(self, condition: Callable[[], bool], why: str) -> None:
        """Until it holds."""
        until = time.monotonic() + FOLLOWS_S_MAX
        while not condition():
            assert time.monotonic() < until, why
            time.sleep(0.05)

    def _sees_all(self) -> bool:
        for sentinel in self.sentinels:
            with self.asking(sentinel) as client:
                (told,) = client.sentinel_masters().values()
            if told["num-other-sentinels"] < len(self.sentinels) - 1 or told["num-slaves"] < 1:
                return False
        return True

    def _settings(self, port: int) -> str:
        guard = self._guard
        users = f"sentinel auth-user {NAME} {REDIS_USER}\nsentinel auth-pass {NAME} {REDIS_PASSWORD}\n" if guard else ""
        return (
            (guard.lines(port) if guard else f"port {port}\n")
            + f"sentinel monitor {NAME} {HOST} {self.primary.port} {QUORUM}\n"
            + users
            + f"sentinel down-after-milliseconds {NAME} {self._down_after_ms}\nsentinel failover-timeout {NAME} 10000\n"
        )
