"""The open warnings of a region and year, by kind and level.

In: records of `monitoring.warnings.v1`, of each warning in order. Promise: of each warning its newest record counts; whom it is about is not told.
"""

from collections import Counter
from dataclasses import dataclass, field

from schemas.catalogue import WARNING_TYPES
from schemas.envelope import read_event
from schemas.monitoring import Warning
from schemas.refusal import Refused
from services.runtime.records import Record

_TYPES = dict.fromkeys(WARNING_TYPES, Warning)


@dataclass(slots=True)
class OpenWarnings:
    """One partition's warnings, or several's one after the other.

    Attributes:
        ends: By partition the offset behind the newest record that counts, 0 where none does.
    """

    region: str
    year: int
    ends: dict[int, int] = field(default_factory=dict)
    _levels: dict[str, tuple[str, str]] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Take in one record. One that is no warning counts for nothing here, as for everybody else who reads them."""
        try:
            event = read_event(record.value, record.headers, _TYPES, bytes_max=None)
        except Refused:
            return
        warning = event.data
        if (warning.region, warning.year) != (self.region, self.year):
            return
        self.ends[record.partition] = record.offset + 1
        if event.type == "monitoring.warning.resolved.v1":
            self._levels.pop(warning.warning_id, None)
        else:
            self._levels[warning.warning_id] = (warning.kind, warning.level)

    def rows(self) -> list[dict[str, str | int | None]]:
        """How many are open, by kind and level."""
        return [{"kind": kind, "level": level, "open": count} for (kind, level), count in sorted(Counter(self._levels.values()).items())]
