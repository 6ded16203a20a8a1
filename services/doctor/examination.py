"""The whole examination: every check in its order, all at the same time, each with its deadline.

In: a site. Out: findings. Promise: a server that is away is one finding, and does not keep the others from being told; nothing is written to any server.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Final, TypeVar

from aiokafka.errors import KafkaError

from services.doctor import clocks, decrees, doors, rights, store, tokens, topics, views
from services.doctor import cluster as kafka
from services.doctor.cluster import Cluster
from services.doctor.findings import Finding, fail
from services.doctor.site import Site
from services.doctor.store import Store
from services.runtime.errors import Doubt, Stop

_MEND: Final = {
    "kafka": "start Kafka, or mend KAFKA_BOOTSTRAP_SERVERS and the other KAFKA_ variables",
    "redis": "start Redis, or mend REDIS_URL and the other REDIS_ variables",
}

S = TypeVar("S")
Findings = Sequence[Finding]

OF_KAFKA: Final[Sequence[Callable[[Site, Cluster], Awaitable[Findings]]]] = (
    kafka.server,
    kafka.brokers,
    kafka.security,
    tokens.forged,
    rights.rights,
    topics.there,
    topics.led,
    topics.copied,
)
OF_EVERY_BROKER: Final[Sequence[Callable[[Site, Cluster], Awaitable[Findings]]]] = (topics.set_as_described, topics.whole, decrees.editions)
OF_REDIS: Final[Sequence[Callable[[Site, Store], Awaitable[Findings]]]] = (
    store.server,
    store.security,
    views.rights,
    views.evicting,
    views.persisting,
    views.formats,
)
OF_BOTH: Final[Sequence[Callable[[Site, Cluster | None, Store | None], Awaitable[Findings]]]] = (views.memory, clocks.clocks)
OF_SITE: Final[Sequence[Callable[[Site], Awaitable[Findings]]]] = (
    decrees.files,
    decrees.thresholds,
    doors.secret,
    doors.users,
    doors.pages,
    doors.health,
)


async def examine(site: Site) -> Sequence[Finding]:
    """Look at everything."""
    async with AsyncExitStack() as stack:
        (no_kafka, cluster), (no_redis, held) = await asyncio.gather(
            _reach(site, "kafka.server", stack, kafka.reached(site)), _reach(site, "redis.server", stack, store.reached(site))
        )
        checks = [
            *(_run(site, f"kafka.{check.__name__}", check(site, cluster)) for check in OF_KAFKA if cluster is not None),
            *(
                _run(site, f"kafka.{check.__name__}", check(site, cluster))
                for check in OF_EVERY_BROKER
                if cluster is not None and not cluster.unreached
            ),
            *(_run(site, f"redis.{check.__name__}", check(site, held)) for check in OF_REDIS if held is not None),
            *(_run(site, check.__name__, check(site, cluster, held)) for check in OF_BOTH),
            *(_run(site, check.__name__, check(site)) for check in OF_SITE),
        ]
        told = await asyncio.gather(*checks)
    return [*no_kafka, *no_redis, *(finding for findings in told for finding in findings)]


async def _reach(site: Site, check: str, stack: AsyncExitStack, reached: AbstractAsyncContextManager[S]) -> tuple[Findings, S | None]:
    """A server, closed with `stack`; or the finding that it is away."""
    found: list[S] = []

    async def enter() -> Findings:
        found.append(await stack.enter_async_context(reached))
        return []

    away = await _run(site, check, enter())
    return away, (found[0] if found else None)


async def _run(site: Site, check: str, asked: Awaitable[Findings]) -> Findings:
    """What a check finds, or why it could not look, within the deadline."""
    try:
        async with asyncio.timeout(site.deadline_s):
            return await asked
    except TimeoutError:
        why = f"no answer within {site.deadline_s:g} s"
    except (Doubt, Stop) as error:
        why = str(error)
    except (KafkaError, OSError) as error:
        why = f"cannot be looked at ({type(error).__name__})"
    return [fail(check, why, _MEND.get(check.partition(".")[0], "bring Kafka and Redis back") + ", and look again")]
