"""Why a record is refused: the contract's closed list, and the exception that carries it to the dead-letter topic."""

from typing import Literal

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


class Refused(Exception):
    """A record that will never be settled as it stands.

    Attributes:
        reason: The contract's code.
        field: Dotted path of the field at fault, or what the record lacks.
        expected: What was expected there, with its unit; never the value found, for logs and dead letters' details must not hold it.
    """

    def __init__(self, reason: Reason, field: str, expected: str) -> None:
        super().__init__(f"{field}: {expected}")
        self.reason: Reason = reason
        self.field = field
        self.expected = expected
