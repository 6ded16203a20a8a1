"""What other formats have left of a service's view, dropped while the gate of this one is open: then no lane of theirs is at work, and Redis, which evicts
nothing, would otherwise keep it for ever. The process that holds lane 0 does it, and looks again now and then.
"""

import structlog

from services.runtime.clock import Clock
from services.runtime.errors import Doubt
from services.runtime.roster import LastingView, Roster

SWEEP_S = 30.0
"""Between two looks."""

log = structlog.get_logger(__name__)


async def keep_swept(roster: Roster, clock: Clock) -> None:
    """Look and drop until cancelled."""
    while True:
        await clock.sleep(SWEEP_S)
        if 0 in roster.pulses and roster.is_ready and roster.view is not None:
            try:
                await sweep(roster.service.name, roster.view)
            except Doubt as doubt:
                log.warning("another format's keys not dropped yet", service=roster.service.name, why=str(doubt))


async def sweep(service: str, view: LastingView) -> None:
    """Drop what other formats have left.

    Raises:
        Doubt: The gate is shut, or Redis is away; to be repeated.
    """
    for format in await view.others():
        dropped = [keys async for keys in view.forget_other(format)]
        log.info("another format's keys dropped", service=service, format=format, keys=dropped[-1])
