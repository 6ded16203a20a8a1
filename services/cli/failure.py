"""How a command ends when it cannot do what was asked: one clear line on standard error, and the status that says who must act."""

import sys
from collections.abc import Sequence
from enum import IntEnum
from typing import NoReturn

from schemas.foreign import visible


class Exit(IntEnum):
    """What a command's exit status says."""

    DONE = 0
    BUG = 1
    USAGE = 2
    REFUSED = 3
    DIFFERENT = 4
    AWAY = 5


class Failure(Exception):
    """Ends the command with `status`; its text is the line told."""

    def __init__(self, status: Exit, line: str) -> None:
        super().__init__(line)
        self.status = status


def refuse(faults: Sequence[str]) -> NoReturn:
    """End the command because of `faults` of a file, a line each.

    Raises:
        Failure: With the last of them.
    """
    for fault in faults[:-1]:
        print(f"medaid: {visible(fault)}", file=sys.stderr)
    raise Failure(Exit.REFUSED, faults[-1])
