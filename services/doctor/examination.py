"""The whole examination: every check in its order, all at the same time, each with its deadline.

In: a site. Out: findings. Promise: a server that is away is one finding, and does not keep the others from being told; nothing is written to any server.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
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

OF_KAFKA: Final[Mapping[str, Callable[[Site, Cluster], Awaitable[Findings]]]] = {
    "kafka.server": kafka.server,
    "kafka.broker": kafka.brokers,
    "kafka.security": kafka.security,
    "kafka.tokens": tokens.forged,
    "kafka.right": rights.rights,
    "kafka.topic": topics.there,
    "kafka.leader": topics.led,
    "kafka.replicas": topics.copied,
}
OF_EVERY_BROKER: Final[Mapping[str, Callable[[Site, Cluster], Awaitable[Findings]]]] = {
    "kafka.setting": topics.set_as_described,
    "kafka.front": topics.whole,
    "editions": decrees.editions,
}
OF_REDIS: Final[Mapping[str, Callable[[Site, Store], Awaitable[Findings]]]] = {
    "redis.server": store.server,
    "redis.security": store.security,
    "redis.right": views.rights,
    "redis.eviction": views.evicting,
    "redis.persistence": views.persisting,
    "redis.format": views.formats,
    "policy.running": decrees.running,
}
OF_BOTH: Final[Mapping[str, Callable[[Site, Cluster | None, Store | None], Awaitable[Findings]]]] = {
    "redis.memory": views.memory,
    "clocks": clocks.clocks,
}
OF_SITE: Final[Mapping[str, Callable[[Site], Awaitable[Findings]]]] = {
    "policy": decrees.files,
    "thresholds": decrees.thresholds,
    "console.secret": doors.secret,
    "console.users": doors.users,
    "console.pages": doors.pages,
    "health": doors.health,
}


async def examine(site: Site) -> Sequence[Finding]:
    """Look at everything."""
    async with AsyncExitStack() as stack:
        (no_kafka, cluster), (no_redis, held) = await asyncio.gather(
            _reach(site, "kafka.server", stack, kafka.reached(site)), _reach(site, "redis.server", stack, store.reached(site))
        )
        asked: dict[str, Awaitable[Findings]] = {}
        if cluster is not None:
            asked |= {name: check(site, cluster) for name, check in OF_KAFKA.items()}
        if cluster is not None and not cluster.unreached:
            asked |= {name: check(site, cluster) for name, check in OF_EVERY_BROKER.items()}
        if held is not None:
            asked |= {name: check(site, held) for name, check in OF_REDIS.items()}
        asked |= {name: check(site, cluster, held) for name, check in OF_BOTH.items()}
        asked |= {name: check(site) for name, check in OF_SITE.items()}
        told = await asyncio.gather(*(_run(site, name, findings) for name, findings in asked.items()))
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
