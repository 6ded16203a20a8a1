"""`python -m services.ledger.verify`: the ledger on Kafka and Redis verified in a process of its own, for whoever must not wait for it.

Prints one number: how many differences there are; `medaid ledger verify` tells which. Ends with status 1 and one line on standard error where a
server is away, or an operator must look.
"""

import asyncio
import sys

from services.ledger.verify.servers import verify_servers
from services.ledger.verify.verification import Verification
from services.policy.library import site_policies
from services.runtime import logging
from services.runtime.errors import Doubt, Stop
from services.runtime.settings import Settings


def main() -> None:
    """Verify, and print how many differences there are.

    Raises:
        SystemExit: It could not be done; with the line that says why.
    """
    settings = Settings.from_env()
    logging.configure(settings.model_copy(update={"log_level": "warning"}))
    verification = Verification(site_policies(settings.policies, settings.readings, spares=True), say=lambda _: None)
    try:
        asyncio.run(verify_servers(verification, settings))
    except (Doubt, Stop) as failed:
        sys.exit(str(failed))
    print(verification.summary.differences)


if __name__ == "__main__":
    main()
