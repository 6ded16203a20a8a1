"""Every question to Redis has a deadline, and every failure becomes a `Doubt` that names the server and the kind of error, never a key.

But for a Redis that may evict keys: to wait would not mend that, an operator must, so it is a `Stop`. Not here: trying again, which is the lane's.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.asyncio.sentinel import MasterNotFoundError, SentinelConnectionPool
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError

from services.runtime.errors import Doubt, Stop


@asynccontextmanager
async def in_time(seconds: float, redis: Redis) -> AsyncIterator[None]:
    """Run the body, which asks `redis`, for at most `seconds`.

    Raises:
        Doubt: It failed, whatever the error, which is its cause; or the time is over.
        Stop: Redis may evict keys.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except (RedisError, OSError) as error:  # TimeoutError is an OSError
        place = place_of(redis)
        if (policy := _policy_in(error)) is not None:
            raise Stop(
                f"redis at {place} may evict keys (maxmemory-policy {policy}), and a counter that is gone would pay again: set maxmemory-policy "
                "noeviction, there and in its configuration, then `medaid ledger rebuild` for each service"
            ) from None
        raise Doubt(f"redis at {place}: {kind_of(error)}", "redis") from error


def place_of(redis: Redis) -> str:
    """Where the server is, as messages name it; never its password. Under Sentinel its name, and where it was last."""
    pool = redis.connection_pool
    if isinstance(pool, SentinelConnectionPool):
        return f"{pool.service_name} ({':'.join(map(str, pool.master_address or ('not found yet',)))})"
    options = pool.connection_kwargs
    return str(options.get("path") or f"{options.get('host', 'localhost')}:{options.get('port', 6379)}")


def _policy_in(error: Exception) -> str | None:
    """The policy that a script refused; None where that is not what went wrong."""
    words = str(error).split() if isinstance(error, ResponseError) else []
    return words[1] if words[:1] == ["EVICTS"] else None


def kind_of(error: Exception, prefix: str = "REDIS_") -> str:
    """Why we are not let in; else Redis' own code (NOREPLICAS, MISCONF, …) where the client has no name for it, or the error's name; never its text.

    Args:
        error: What the client raised.
        prefix: What the variables of name and password begin with.
    """
    if isinstance(error, MasterNotFoundError):
        return str(error)  # our own words: redis_sentinel.py
    if isinstance(error, AuthenticationError):
        return f"name or password refused: {prefix}USERNAME, {prefix}PASSWORD"
    if isinstance(error, NoPermissionError):
        return f"a right is missing: the user of {prefix}USERNAME needs it (ACL)"
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
