"""Every question to Redis has a deadline, and every failure becomes a `Doubt` that names the server and the kind of error, never a key.

But for a Redis that may evict keys: to wait would not mend that, an operator must, so it is a `Stop`. Not here: trying again, which is the lane's.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError

from services.runtime.errors import Doubt, Stop


@asynccontextmanager
async def in_time(seconds: float, place: str) -> AsyncIterator[None]:
    """Run the body for at most `seconds`; `place` is where the server is.

    Raises:
        Doubt: It failed, whatever the error, which is its cause; or the time is over.
        Stop: Redis may evict keys.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except (RedisError, OSError) as error:  # TimeoutError is an OSError
        if (policy := _policy_in(error)) is not None:
            raise Stop(
                f"redis at {place} may evict keys (maxmemory-policy {policy}), and a counter that is gone would pay again: set maxmemory-policy "
                "noeviction, there and in its configuration, then `medaid ledger rebuild` for each service"
            ) from None
        raise Doubt(f"redis at {place}: {_kind_of(error)}", "redis") from error


def place_of(redis: Redis) -> str:
    """Where the server is, as messages name it; never its password."""
    options = redis.connection_pool.connection_kwargs
    return str(options.get("path") or f"{options.get('host', 'localhost')}:{options.get('port', 6379)}")


def _policy_in(error: Exception) -> str | None:
    """The policy that a script refused; None where that is not what went wrong."""
    words = str(error).split() if isinstance(error, ResponseError) else []
    return words[1] if words[:1] == ["EVICTS"] else None


def _kind_of(error: Exception) -> str:
    """Why we are not let in; else Redis' own code (NOREPLICAS, MISCONF, …) where the client has no name for it, or the error's name; never its text."""
    if isinstance(error, AuthenticationError):
        return "name or password refused: REDIS_USERNAME, REDIS_PASSWORD"
    if isinstance(error, NoPermissionError):
        return "a right is missing: the user of REDIS_USERNAME needs it (ACL)"
    if tls := next((cause for cause in _causes(error) if isinstance(cause, ssl.SSLError)), None):
        if isinstance(tls, ssl.SSLCertVerificationError):
            return f"its certificate is not accepted ({tls.verify_message}): look at REDIS_CAFILE, the host's name and the clock"
        return f"TLS was refused ({tls.reason}): look at REDIS_CERTFILE, and whether this port speaks TLS"
    code = str(error).partition(" ")[0]
    return code if type(error) is ResponseError and code.isalpha() and code.isupper() else type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
