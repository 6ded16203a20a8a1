"""Counters of a lane, for Prometheus. Labels name service, lane, topic and reason; never a person."""

from collections.abc import Sequence
from typing import Protocol

from services.runtime.records import Output, Record


class LaneMetrics(Protocol):
    """What a lane tells about itself."""

    def taken(self, healed: int) -> None:
        """The lane was taken and its view healed, which took so many records."""
        ...

    def alive(self) -> None:
        """The lane looked at its view and found it right, with nothing to do."""
        ...

    def committed(self, records: Sequence[Record], outputs: Sequence[Output]) -> None:
        """A batch was committed and applied."""
        ...

    def refused(self, topic: str, reason: str) -> None:
        """A record of `topic` became a dead letter."""
        ...

    def late(self, topic: str) -> None:
        """A record of `topic` changed what had been told before."""
        ...


class NoMetrics:
    """For the embedded default and for tests that look elsewhere."""

    def taken(self, healed: int) -> None:
        """Ignore."""

    def alive(self) -> None:
        """Ignore."""

    def committed(self, records: Sequence[Record], outputs: Sequence[Output]) -> None:
        """Ignore."""

    def refused(self, topic: str, reason: str) -> None:
        """Ignore."""

    def late(self, topic: str) -> None:
        """Ignore."""
