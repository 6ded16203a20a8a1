"""The site that is looked at: its settings, which of its services are meant, what these need."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from services.access.declared import needs_of_all
from services.console.settings import ConsoleSettings
from services.policy.library import SHIPPED
from services.runtime.needs import Needs

SERVICES = ("identity", "settlement", "monitoring", "console")


@dataclass(frozen=True)
class Site:
    """What every check is given.

    Attributes:
        settings: Of this process; who it is to Kafka and Redis, the services are taken to be.
        services: Those that are meant.
        policies: The folder of policy files.
        now_s: The clock of this machine, seconds since 1970.
    """

    settings: ConsoleSettings
    services: tuple[str, ...] = SERVICES
    policies: Path = SHIPPED
    now_s: Callable[[], float] = time.time

    @property
    def needs(self) -> Needs:
        """What the services need of Kafka."""
        needs = needs_of_all(self.settings.prefix)
        return frozenset().union(*(needs[service] for service in self.services))

    @property
    def deadline_s(self) -> float:
        """Of each check, seconds: as long as services wait for an answer."""
        return max(self.settings.kafka_deadline_ms, self.settings.redis_deadline_ms) / 1000

    def without_prefix(self, name: str) -> str:
        """A topic of the site as `schemas/topics.yaml` names it."""
        return name.removeprefix(self.settings.prefix)


def is_loopback(host: str) -> bool:
    """Whether only this machine can be meant."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
