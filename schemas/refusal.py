"""Why a record is refused: the contract's closed list, and the exception that carries it to the dead-letter topic."""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

Reason = Literal[
    "malformed_json",
    "invalid_event",
    "unknown_type",
    "unknown_region",
    "unknown_category",
    "agency_not_competent",
    "source_mismatch",
    "conflicting_duplicate",
    "invalid_amounts",
    "invalid_dates",
    "too_large",
    "processing_failed",
]


FAULTS_MAX: Final = 50
"""How many faults a refusal tells of at most."""


class Fault(NamedTuple):
    """One thing that is wrong: where, and what was expected there, with its unit and how to mend it where we know; never the value found."""

    path: str
    expected: str


class Refused(Exception):
    """A record that will never be settled as it stands.

    Attributes:
        reason: The contract's code.
        field: Dotted path of the first field at fault, or what the record lacks.
        expected: What was expected there, with its unit; never the value found, for logs and dead letters' details must not hold it.
        faults: All faults of the stage at which it was refused, the first one first, at most 50.
    """

    def __init__(self, reason: Reason, field: str, expected: str, more: Sequence[Fault] = ()) -> None:
        """A refusal; for several faults `Refused(reason, *faults[0], faults[1:])`.

        Args:
            reason: The contract's code.
            field: Where the first fault is.
            expected: What was expected there.
            more: The other faults of the same stage.
        """
        self.reason: Reason = reason
        self.field = field
        self.expected = expected
        self.faults = (Fault(field, expected), *more)[:FAULTS_MAX]
        others = f" (and {len(more)} more)" if more else ""
        super().__init__(f"{field}: {expected}{others}")
