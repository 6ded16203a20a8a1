"""The one place that makes clients of Redis: redis-py's, but the arguments of scripts are packed in C. Deadlines are the view's."""

from typing import Any
from urllib.parse import urlsplit

import hiredis
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.credentials import CredentialProvider

from services.runtime.connections import Connections
from services.runtime.errors import Doubt
from services.runtime.secret import WrongSetting


def connect(settings: Connections) -> Redis:
    """A client of the Redis that `settings` name; it connects at its first call, by the password as it stands then."""
    options: dict[str, Any] = {"socket_connect_timeout": None, "socket_timeout": None}
    if urlsplit(settings.redis_url).scheme == "rediss":
        files = {"ssl_ca_certs": settings.redis_cafile, "ssl_certfile": settings.redis_certfile, "ssl_keyfile": settings.redis_keyfile}
        options |= {"ssl_check_hostname": True, **{name: path for name, path in files.items() if path}}
    if settings.redis_password:
        options["credential_provider"] = _Credentials(settings)
    pool = ConnectionPool.from_url(settings.redis_url, **options)
    base = pool.connection_class
    pool.connection_class = type(f"Packing{base.__name__}", (_Packing, base), {})
    return Redis.from_pool(pool)


class _Credentials(CredentialProvider):
    """Name and password, asked for at every connection."""

    def __init__(self, settings: Connections) -> None:
        self._settings = settings

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """As redis-py has it.

        Raises:
            Doubt: The password's file cannot be read just now.
        """
        try:
            password = self._settings.redis_password.reveal()
        except WrongSetting as wrong:
            raise Doubt(str(wrong), "redis") from None
        return (self._settings.redis_username, password) if self._settings.redis_username else (password,)


class _Packing(AbstractConnection):
    """redis-py packs in C for its blocking client only: in Python the 20,000 arguments of a large batch take 25 ms, in C 1 ms."""

    def pack_command(self, *args: Any) -> list[bytes]:
        """The bytes of a command."""
        if args[0] in ("EVALSHA", "EVAL"):
            return [hiredis.pack_command(args)]
        packed: list[bytes] = super().pack_command(*args)
        return packed
