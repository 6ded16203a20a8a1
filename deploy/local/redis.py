"""One `redis-server` from the path, under the settings of deploy/redis/redis.conf."""

import shutil
from collections.abc import Sequence

from deploy.local.errors import program
from deploy.local.jars import ROOT
from deploy.local.process import HOST, Server, ask

SETTINGS = ROOT / "deploy" / "redis" / "redis.conf"


def redis_answers(address: tuple[str, int]) -> bool:
    """Whether a Redis at `address` takes commands; not while it still loads its file."""
    return ask(address, b"PING\r\n").startswith(b"+PONG")


class Redis(Server):
    """A Redis of one's own; its append-only file lies in `folder` and outlives stop, kill and restart."""

    name = "redis"

    @property
    def url(self) -> str:
        """Its address, as REDIS_URL takes it: database 0."""
        return f"redis://{HOST}:{self.port}/0"

    @property
    def address(self) -> str:
        """The same as `url`."""
        return self.url

    def answers(self) -> bool:
        """Whether it takes commands."""
        return redis_answers((HOST, self.port))

    def _command(self) -> Sequence[str]:
        server = program("redis-server", "redis-server")
        settings = shutil.copy(SETTINGS, self.folder / "redis.conf")  # its own: CONFIG REWRITE, which sentinels send, writes into it
        return [server, str(settings), "--bind", HOST, "--port", str(self.port), "--dir", str(self.folder), "--databases", "64"]
