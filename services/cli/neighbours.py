"""What the console is told of the services, which are strangers to it: their topics, what each would refuse, and how the ledger is verified."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE

from services.cli.failure import Exit
from services.cli.resending import refusal
from services.cli.services import all_services
from services.console.adapters.outside import Neighbours
from services.console.service import ConsoleService
from services.policy.library import Policies
from services.runtime.errors import Doubt


def neighbours(policies: Policies) -> Neighbours:
    """All services on Kafka and Redis, with a site's policies.

    Raises:
        PolicyError: A fault in the shipped thresholds.
    """
    services = [*all_services(policies), ConsoleService(policies)]
    return Neighbours({service.name: service.inputs for service in services}, lambda record: refusal(policies, record), verify)


async def verify() -> int:
    """Verify the ledger, in a process of its own, for it calculates every claim anew and pages must not wait for it. Returns: how many differences there are.

    Raises:
        Doubt: A server is away, or it was ended.
    """
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", "services.cli", "ledger", "verify", stdout=PIPE, stderr=DEVNULL)
    try:
        told, _ = await child.communicate()
    finally:
        if child.returncode is None:  # nobody waits for it any more
            child.kill()
    if child.returncode not in (Exit.DONE, Exit.DIFFERENT):
        raise Doubt(f"the verification of the ledger ended with status {child.returncode}")
    return len(told.splitlines()) - 1  # the last line sums up
