"""What the console tells of the other services, which it meets on the ledger: their topics, what each would refuse, how the ledger is verified, and
another policy tried on it.
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from contextlib import suppress

from services.console.adapters.outside import Neighbours
from services.console.service import ConsoleService
from services.ledger.letters.resending import refusal
from services.ledger.services import all_services
from services.policy.library import Policies
from services.runtime.errors import Doubt

VERIFY = (sys.executable, "-m", "services.ledger.verify")
REFORM = (sys.executable, "-m", "services.ledger.reform")


def neighbours(policies: Policies) -> Neighbours:
    """All services on Kafka and Redis, with a site's policies.

    Raises:
        PolicyError: A fault in the thresholds of all regions.
    """
    services = [*all_services(policies, spares=True), ConsoleService(policies)]
    return Neighbours({service.name: service.inputs for service in services}, lambda record: refusal(policies, record), verify, reform)


async def verify() -> int:
    """Verify the ledger, in a process of its own, for it calculates every claim anew and pages must not wait for it. Returns: how many differences there are.

    Raises:
        Doubt: It could not be done, or was ended; with the last line that it wrote.
    """
    child = await asyncio.create_subprocess_exec(*VERIFY, stdout=PIPE, stderr=PIPE)
    try:
        told, errors = await child.communicate()
    finally:
        if child.returncode is None:  # nobody waits for it any more
            child.kill()
    if child.returncode:
        last = _last_line(errors)
        raise Doubt(f"status {child.returncode}" + (f", {last}" if last else ""))
    return int(told)


async def reform(wish: bytes) -> bytes:
    """Try a policy on the ledger, in a process of its own, which may start others; whoever cancels this ends them all. Returns: the summary, as JSON.

    Raises:
        Doubt: It could not be done, or was ended; with the last line that it wrote.
    """
    child = await asyncio.create_subprocess_exec(*REFORM, stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True)
    try:
        told, errors = await child.communicate(wish)
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            await child.wait()
    if child.returncode:
        raise Doubt(_last_line(errors) or f"status {child.returncode}")
    return told


def _last_line(errors: bytes) -> str:
    return errors.decode(errors="replace").strip().rpartition("\n")[2][:500]
