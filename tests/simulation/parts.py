"""What a world is made of, so that a test may put something broken in its place."""

from typing import Any

from services.runtime.clock import Clock
from services.runtime.deciding import Budget
from services.runtime.lanes import Lane
from services.runtime.memory_view import MemoryView
from services.runtime.metrics import LaneMetrics
from services.runtime.ports import Broker, View
from services.runtime.service import AnyService

BUDGET = Budget(bytes=4_000)
"""So small that most batches are settled in parts."""


class Parts:
    """As they are. `theme` is that of the seeds that show best what is broken; None: as drawn."""

    theme: str | None = None

    def new_view(self, lanes: int) -> MemoryView:
        """A service's store."""
        return MemoryView(lanes)

    def view(self, inner: View) -> View:
        """What its processes ask."""
        return inner

    def broker(self, inner: Broker, service: AnyService, lane: int) -> Broker:
        """A lane's access to Kafka."""
        return inner

    def lane(self, service: AnyService, lane: int, broker: Broker, view: View, clock: Clock, metrics: LaneMetrics) -> Lane[Any]:
        """A lane."""
        return Lane(service, lane, broker, view, clock, metrics, BUDGET)


class Delegate:
    """Whatever it does not do itself, `inner` does."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
