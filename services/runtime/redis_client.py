"""The one place that makes clients of Redis: redis-py's, but the arguments of scripts are packed in C. Deadlines are the view's."""

from collections.abc import Mapping
from typing import Any

import hiredis
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.credentials import CredentialProvider

from services.runtime.connections import Connections
from services.runtime.errors import Doubt
from services.runtime.redis_sentinel import ANSWER_S, PrimaryConnection, PrimaryPool, SecuredPrimaryConnection, Sentinels
from services.runtime.secret import Secret, WrongSetting


def connect(settings: Connections) -> Redis:
    """A client of the Redis that `settings` name, or of the primary that sentinels name; it connects at its first call, by the password as it stands then."""
    options: dict[str, Any] = {"socket_connect_timeout": None, "socket_timeout": None, **_tls(settings)}
    if settings.redis_password:
        options["credential_provider"] = _Credentials(settings.redis_username, settings.redis_password)
    pool = _primaries(settings, options) if settings.redis_sentinels else ConnectionPool.from_url(settings.redis_url, **options)
    base = pool.connection_class
    pool.connection_class = type(f"Packing{base.__name__}", (_Packing, base), {})
    return Redis.from_pool(pool)


def _tls(settings: Connections) -> dict[str, Any]:
    """How a connection by TLS is made: the server's certificate and name are checked."""
    if not settings.redis_uses_tls:
        return {}
    files = {"ssl_ca_certs": settings.redis_cafile, "ssl_certfile": settings.redis_certfile, "ssl_keyfile": settings.redis_keyfile}
    return {"ssl_check_hostname": True, **{name: path for name, path in files.items() if path}}


def _primaries(settings: Connections, options: Mapping[str, Any]) -> PrimaryPool:
    """Connections to whom the sentinels name; of REDIS_URL all but host and port holds."""
    own = {name: value for name, value in parse_url(settings.redis_url).items() if name not in ("host", "port", "connection_class")}
    asking: dict[str, Any] = {"decode_responses": True, "retry": Retry(NoBackoff(), 0), "ssl": settings.redis_uses_tls, **_tls(settings)}
    asking |= {"socket_timeout": ANSWER_S, "socket_connect_timeout": ANSWER_S}
    if settings.redis_sentinel_password:
        asking["credential_provider"] = _Credentials(settings.redis_sentinel_username, settings.redis_sentinel_password)
    places = [place.rpartition(":") for place in settings.redis_sentinels.split(",")]
    addresses = [(host.strip("[]"), int(port)) for host, _, port in places]
    sentinels = Sentinels(addresses, sentinel_kwargs=asking)
    kind = SecuredPrimaryConnection if settings.redis_uses_tls else PrimaryConnection
    return PrimaryPool(settings.redis_sentinel_master, sentinels, **{"connection_class": kind, **options, **own})


class _Credentials(CredentialProvider):
    """Name and password, asked for at every connection."""

    def __init__(self, username: str, password: Secret) -> None:
        self._username = username
        self._password = password

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """As redis-py has it.

        Raises:
            Doubt: The password's file cannot be read just now.
        """
        try:
            password = self._password.reveal()
        except WrongSetting as wrong:
            raise Doubt(str(wrong), "redis") from None
        return (self._username, password) if self._username else (password,)

    async def get_credentials_async(self) -> tuple[str] | tuple[str, str]:
        """The same. (What redis-py does without it warns of itself at every connection.) Raises: Doubt."""
        return self.get_credentials()


class _Packing(AbstractConnection):
    """redis-py packs in C for its blocking client only: in Python the 20,000 arguments of a large batch take 25 ms, in C 1 ms."""

    def pack_command(self, *args: Any) -> list[bytes]:
        """The bytes of a command."""
        if args[0] in ("EVALSHA", "EVAL"):
            return [hiredis.pack_command(args)]
        packed: list[bytes] = super().pack_command(*args)
        return packed
