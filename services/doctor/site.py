"""The site that is looked at: its settings, which of its services are meant, what these need."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address

from services.access.declared import needs_of_all
from services.console.settings import ConsoleSettings
from services.doctor.findings import Finding, fail
from services.policy.library import Policies, site_policies
from services.policy.tree import PolicyError, ReadingError
from services.runtime.needs import Needs

SERVICES = ("identity", "settlement", "monitoring", "console")


@dataclass(frozen=True)
class Site:
    """What every check is given.

    Attributes:
        settings: Of this process; who it is to Kafka and Redis, the services are taken to be.
        services: Those that are meant.
        now_s: The clock of this machine, seconds since 1970.
    """

    settings: ConsoleSettings
    services: tuple[str, ...] = SERVICES
    now_s: Callable[[], float] = time.time

    @cached_property
    def needs(self) -> Needs:
        """What the services need of Kafka."""
        needs = needs_of_all(self.settings.prefix)
        return frozenset().union(*(needs[service] for service in self.services))

    @cached_property
    def policies(self) -> Policies | Finding:
        """Its policies, faulty ones told apart, or why none load."""
        try:
            return site_policies(self.settings.policies, self.settings.readings, spares=True)
        except ReadingError as error:
            mend = "`medaid policy show REGION` lists its readings and their values"
            return fail("policy.readings", f"MEDAID_READINGS: {str(error).splitlines()[0]}", mend)
        except PolicyError as error:
            return fail("policy", f"MEDAID_POLICIES: {str(error).splitlines()[0]}", "name the folder of the site's policy files, or none")

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
