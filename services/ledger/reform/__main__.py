"""`python -m services.ledger.reform`: one run of the laboratory in a process of its own, for the console, whose pages must not wait for it.

In: on standard input a wish as JSON: region, year, figures, readings. Out: on standard output the summary, in which nobody is named. It gives way to whoever
else needs the processor, and may take so much memory and no more. Ends with status 1 and one line on standard error where it cannot be done.
"""

import os
import resource
import sys
from typing import Final

import orjson

from services.ledger.errors import Declined
from services.ledger.reform.crew import Lost
from services.ledger.reform.given import from_patch, today
from services.ledger.reform.running import Task, run
from services.ledger.reform.sites import policies_of, thresholds_of
from services.ledger.reform.sources import kafka_ledger
from services.ledger.reform.wishes import Wish
from services.policy.tree import PolicyError
from services.runtime import logging
from services.runtime.errors import Doubt, Stop
from services.runtime.settings import Settings

MEMORY_BYTES: Final = 4 << 30
"""Of addresses, for each of its processes."""

NICE: Final = 10


def main() -> None:
    """Do it.

    Raises:
        SystemExit: It could not be done; with the line that says why.
    """
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    settings = Settings.from_env()
    logging.configure(settings.model_copy(update={"log_level": "warning"}))
    try:
        wish = Wish.model_validate(orjson.loads(sys.stdin.buffer.read()))
        policies = policies_of(settings)
        base = today(policies, wish.region)
        task = Task(base, [from_patch(base, wish.patch())], wish.year, thresholds_of(policies))
        outcome = run(task, kafka_ledger(settings), lambda _name, _total: lambda _steps: None)
    except (Declined, Doubt, Lost, OSError, PolicyError, Stop) as failed:
        sys.exit(str(failed))
    except MemoryError:
        sys.exit("there is not memory enough")
    sys.stdout.buffer.write(orjson.dumps(outcome.summary))


if __name__ == "__main__":
    main()
