"""Which right of Kafka a service lacks, while it is not ready: told on readiness and in the log, by resource and for whom.

aiokafka tells a missing right in many ways, some of which look like a server that is away, and some like nothing at all: it waits. So whoever is not ready
is not asked why; Kafka is asked what we may do. Not here: asking (`kafka/rights.py`), rights of Redis, which each call names (`redis_view.py`).
"""

from contextlib import suppress

import structlog

from services.runtime.clock import Clock
from services.runtime.errors import Doubt
from services.runtime.kafka.deadline import within
from services.runtime.kafka.rights import connected, missing, principal_of, told
from services.runtime.needs import lanes, with_prefix
from services.runtime.roster import Roster
from services.runtime.service import AnyService
from services.runtime.settings import Settings

LOOK_S = 5.0
"""Between two looks, while a service is not ready."""

log = structlog.get_logger(__name__)


async def lacking(service: AnyService, settings: Settings, partitions: int) -> str:
    """The rights that `service` lacks, in words; empty where it has all of them. Topics that are not there are no matter of rights.

    Raises:
        Doubt: Kafka is away.
    """
    async with within(settings.kafka_deadline_ms / 1000, "ask for our rights"), connected(settings) as connection:
        needs = await missing(connection, with_prefix(lanes(service), settings.prefix), max(partitions, 1))
    return f"kafka: {told(needs, principal_of(settings))}" if needs else ""


async def keep_named(roster: Roster, settings: Settings, clock: Clock) -> None:
    """Look until cancelled, whenever the service is not ready."""
    while True:
        await clock.sleep(LOOK_S)
        found = ""
        if not roster.is_ready:
            with suppress(Doubt):  # away: that is told by whoever waits for it
                found = await lacking(roster.service, settings, roster.broker.partitions)
        if found and found != roster.lacks:
            log.error("a right is missing", service=roster.service.name, why=found)
        roster.lacks = found
