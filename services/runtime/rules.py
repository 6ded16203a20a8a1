"""What a process decides by, region by region, as far as log, health and metrics tell of it. To this room editions and faults are texts.

In: `Rules` of whoever wires a service. Out: each fault in the log at start, and what is otherwise than when the service was started last, which lies in
Redis beside its view and may be lost with it. Promise: no lane waits for any of it. Not here: what the texts mean (`services/policy`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog
from prometheus_client import CollectorRegistry

from services.runtime import redis_scripts
from services.runtime.clock import Clock
from services.runtime.errors import Doubt, Stop
from services.runtime.figures import FAULTY_REGION
from services.runtime.redis_calls import RedisCalls, Script
from services.runtime.redis_view import RedisView
from services.runtime.roster import Roster

AGAIN_S: Final = 5.0
"""Before Redis is asked once more, where it is away, or the view is not there yet."""

FAULTY: Final = "faulty"
"""What is kept of a region whose files have faults."""

_EXCHANGE: Final = Script(redis_scripts.EXCHANGE)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Rules:
    """What a service decides by.

    Attributes:
        editions: By region what its files say, in a few words.
        faulty: The regions whose files have faults, and these, a line each; their events are set aside.
        notes: What is no fault, and worth telling at start.
    """

    editions: Mapping[str, str] = field(default_factory=dict)
    faulty: Mapping[str, Sequence[str]] = field(default_factory=dict)
    notes: Sequence[str] = ()

    def kept(self) -> Mapping[str, str]:
        """What is kept of them from one start to the next."""
        return {**self.editions, **dict.fromkeys(self.faulty, FAULTY)}


NO_RULES: Final = Rules()
"""Of a service that decides by none."""


def tell_faults(service: str, rules: Rules, registry: CollectorRegistry) -> None:
    """Every fault, and every note, as a line of the log; each region, faulty or not, as a figure."""
    figure = FAULTY_REGION.gauge(registry)
    for region in rules.kept():
        figure.labels(service, region).set(region in rules.faulty)
    for region, faults in rules.faulty.items():
        for fault in faults:
            log.error("a policy file has a fault", service=service, region=region, fault=fault)
        log.error("a region is not served until its policy files are mended", service=service, region=region)
    for note in rules.notes:
        log.warning("policies and thresholds", service=service, note=note)


async def tell_changes(rules: Rules, roster: Roster, prefix: str, clock: Clock) -> None:
    """Once Redis is there: what is otherwise than at the last start of the service, in this process or another."""
    service = roster.service.name
    while True:
        try:
            if isinstance(roster.view, RedisView):
                return _tell(service, await exchanged(roster.view, key_of(prefix, service), rules.kept()), rules.kept())
        except (Doubt, Stop):  # of which the lanes tell
            pass
        await clock.sleep(AGAIN_S)


def key_of(prefix: str, service: str) -> str:
    """Where a service's rules are kept; no format of a view holds such a key."""
    return f"{prefix}medaid:{service}:rules"


async def exchanged(calls: RedisCalls, key: str, kept: Mapping[str, str]) -> Mapping[str, str]:
    """Keep `kept` instead of what was kept, and return that; nothing where nothing was.

    Raises:
        Doubt: Redis is away.
        Stop: As `RedisCalls.in_time`.
    """
    answer: list[bytes] = await calls.call(_EXCHANGE, [key], [text for pair in kept.items() for text in pair])
    return read(answer)


def read(answer: Sequence[bytes]) -> Mapping[str, str]:
    """Fields and values in turn, as Redis tells a hash."""
    texts = [text.decode(errors="replace") for text in answer]
    return dict(zip(texts[::2], texts[1::2], strict=True))


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> Mapping[str, tuple[str, str]]:
    """By region what was and what is, where they differ; "none" where there was or is no file."""
    regions = sorted({*before, *now})
    return {region: pair for region in regions if len(set(pair := (before.get(region, "none"), now.get(region, "none")))) > 1}


def _tell(service: str, before: Mapping[str, str], now: Mapping[str, str]) -> None:
    if not before:
        log.info("policies; what they were at the last start is not known", service=service, policies=dict(now))
    elif differences := changed(before, now):
        told = {region: f"{was} -> {is_now}" for region, (was, is_now) in differences.items()}
        log.warning("policies have changed since the last start", service=service, changed=told)
    else:
        log.info("policies are those of the last start", service=service)
