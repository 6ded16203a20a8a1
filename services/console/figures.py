"""The metrics that the console tells besides what every service does: the warnings that stand, as its indexes count them."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry

from services.console.adapters.outside import Outside
from services.console.domain import places
from services.console.domain.desk import value_in
from services.runtime.figures import Figure
from services.runtime.records import Want
from services.runtime.roster import Roster

OPEN_WARNINGS: Final = Figure(
    "medaid_open_warnings",
    "gauge",
    "Warnings whose cause stands and that nobody has closed, by region, kind, level and state (open, acknowledged)",
    ("region", "kind", "level", "state"),
    note="Told by the console's process that has lane 0, once a minute.",
)
STANDING: Final = ("/open", "/acknowledged")


class WarningsLook:
    """How many warnings stand: one question a minute for the ends of all indexes, which are a document a lane and region."""

    every_s = 60.0

    def __init__(self, registry: CollectorRegistry, roster: Roster, outside: Outside, regions: Sequence[str]) -> None:
        self._roster = roster
        self._outside = outside
        self._regions = tuple(regions)
        self._open = OPEN_WARNINGS.gauge(registry)

    async def look(self) -> None:
        """As the port has it."""
        counts = await self._counts() if 0 in self._roster.pulses else {}
        self.forget()
        for labels, count in counts.items():
            self._open.labels(*labels).set(count)

    def forget(self) -> None:
        """As the port has it."""
        self._open.clear()

    async def close(self) -> None:
        """Nothing is held."""

    async def _counts(self) -> Counter[tuple[str, str, str, str]]:
        """By region, kind, level and state, the years and lanes added up."""
        heads = [places.heads(lane, region) for lane in range(self._outside.partitions) for region in self._regions]
        documents = await self._outside.documents(Want(dict.fromkeys(heads)))
        counts = Counter[tuple[str, str, str, str]]()
        for fields in documents.values():
            for name, value in fields.items():
                if name.endswith(STANDING):
                    region, _, kind, level, state = name.split("/")
                    first, following = value_in(value)
                    counts[region, kind, level, state] += following - first
        return counts
