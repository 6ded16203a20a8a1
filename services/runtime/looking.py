"""What is looked at now and then beside the lanes, for metrics alone.

Promise: no lane waits for it, and nothing that fails in it stops anybody: what cannot be known now is told by no figure at all, and the reason by one line
in the log. Not here: what is looked at (`looks.py`), what lanes count (`prometheus.py`), and what is known without asking anybody (`states.py`).
"""

from typing import Protocol

import structlog

from services.runtime.clock import Clock
from services.runtime.complaints import Complaints
from services.runtime.errors import Doubt, Stop

log = structlog.get_logger(__name__)


class Look(Protocol):
    """Something to be looked at, every so many seconds."""

    every_s: float

    async def look(self) -> None:
        """Look, and set what figures say. Raises: Doubt, Stop."""
        ...

    def forget(self) -> None:
        """It cannot be seen now: figures say nothing."""
        ...

    async def close(self) -> None:
        """Let go of what it holds."""
        ...


async def keep_looking(look: Look, service: str, clock: Clock) -> None:
    """Look until cancelled."""
    complaints = Complaints(clock)
    try:
        while True:
            await clock.sleep(look.every_s)
            try:
                await look.look()
            except (Doubt, Stop) as error:  # of a Stop lanes tell, and end the process
                look.forget()
                if complaints.is_new(str(error)):
                    log.warning("not seen for metrics", service=service, look=type(look).__name__, why=str(error))
            except Exception:  # our own mistake, which concerns no lane
                look.forget()
                log.exception("a look for metrics failed", service=service, look=type(look).__name__)
    finally:
        await look.close()
