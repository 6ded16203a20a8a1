"""What a Redis may suffer without losing anything: each trouble begins, is held for as long as a test likes, and is over."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha1

from deploy.local.servers import Redis
from services.runtime import redis_scripts
from tests import clients
from tests.integration.faults.losing import asking
from tests.integration.faults.proxy import Proxy

DEADLINE_S = 1.0
"""The services' own, for each question to Redis."""

SLOW_S = 0.3
PAUSE_S = 8.0
FLUSH_EVERY_S = 0.02
APPLY = sha1(redis_scripts.APPLY.encode()).hexdigest().encode()
APPLIES = 4
CUT_EVERY_S = 0.5
RARER = 1.25
"""Each time lines are cut it takes so much longer to the next, so that a slow machine has its turn too."""


class Line(Proxy):
    """The way to a Redis, which can be cut where a batch has been committed and is to be applied; `on_cut` happens before."""

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.applies_to_lose = 0
        self.on_cut: Callable[[], None] | None = None

    async def on_request(self, chunk: bytes) -> bytes:
        """The next batches of settlement to be applied never come, and nor does anything else on their lines."""
        if self.applies_to_lose and APPLY in chunk and b"medaid:settlement:" in chunk:
            self.applies_to_lose -= 1
            if self.on_cut is not None:
                self.on_cut()
            raise ConnectionResetError("cut")
        return chunk


@dataclass(frozen=True)
class Site:
    """A Redis, and the way by which the services reach it."""

    server: Redis
    proxy: Line

    def set(self, name: str, value: int) -> None:
        """One of the server's settings."""
        with asking(self.server) as client:
            client.config_set(name, value)


@contextmanager
def down(site: Site) -> Iterator[None]:
    """Killed as soon as a batch was committed, before that is applied."""
    site.proxy.on_cut = site.server.kill
    site.proxy.applies_to_lose = 1
    yield
    site.proxy.on_cut = None
    site.server.start()


@contextmanager
def full(site: Site) -> Iterator[None]:
    """Out of memory: what would write is refused."""
    site.set("maxmemory", 1)
    yield
    site.set("maxmemory", 0)


@contextmanager
def read_only(site: Site) -> Iterator[None]:
    """A replica of nobody for a while."""
    with asking(site.server) as client:
        client.replicaof("127.0.0.1", "1")
        yield
        client.replicaof("NO", "ONE")


@contextmanager
def without_replicas(site: Site) -> Iterator[None]:
    """A primary that must have a replica and has none."""
    site.set("min-replicas-to-write", 1)
    yield
    site.set("min-replicas-to-write", 0)


@contextmanager
def paused(site: Site) -> Iterator[None]:
    """It answers nobody, not even whoever would end the pause."""
    with asking(site.server) as client:
        client.client_pause(int(PAUSE_S * 1000))
    yield
    while not site.server.answers():
        pass


@contextmanager
def slower_than_the_deadline(site: Site) -> Iterator[None]:
    """It does all that it is told, and its answers come too late."""
    with slow(site, 1.5 * DEADLINE_S):
        yield


@contextmanager
def slow(site: Site, seconds: float = SLOW_S) -> Iterator[None]:
    site.proxy.delay(seconds)
    with clients.redis_at(f"redis://{site.proxy.address}") as client:
        began = time.monotonic()
        client.ping()
        assert time.monotonic() - began >= seconds
    yield
    site.proxy.delay(0)


@contextmanager
def forgetting_its_scripts(site: Site) -> Iterator[None]:
    with asking(site.server) as client:
        with again_and_again(client.script_flush, FLUSH_EVERY_S):
            yield
        assert client.info("errorstats")["errorstat_NOSCRIPT"]["count"] > 0


@contextmanager
def hanging_up(site: Site) -> Iterator[None]:
    """The server closes the lines of all its clients."""

    def hang_up() -> int:
        return int(client.client_kill_filter(_type="normal", skipme=True))

    with asking(site.server) as client, again_and_again(hang_up, CUT_EVERY_S, RARER):
        yield


@contextmanager
def losing_answers(site: Site) -> Iterator[None]:
    """Lines are cut on their way: what was asked is done, and nobody told so."""
    site.proxy.delay(SLOW_S / 10)
    with again_and_again(site.proxy.cut, CUT_EVERY_S, RARER):
        yield
    site.proxy.delay(0)


@contextmanager
def losing_questions(site: Site) -> Iterator[None]:
    """Lines are cut before the view is brought up to what was committed."""
    site.proxy.applies_to_lose = APPLIES
    yield
    assert site.proxy.applies_to_lose == 0


@contextmanager
def again_and_again(act: Callable[[], int], every_s: float, rarer: float = 1.0) -> Iterator[None]:
    """Do it beside whatever happens meanwhile; `act` returns what it has struck, which must be something in the end."""
    over = threading.Event()
    struck: list[int] = []

    def keep_on() -> None:
        while not over.wait(every_s * rarer ** len(struck)):
            struck.append(act())

    thread = threading.Thread(target=keep_on, daemon=True)
    thread.start()
    yield
    assert thread.is_alive(), f"it failed after {len(struck)} times"
    over.set()
    thread.join()
    assert sum(struck) > 0
