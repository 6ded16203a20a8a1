"""What a lane tells about itself, for whoever watches: figures by service, lane, topic and codes of ours; never a person, an id or an amount."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from services.runtime.errors import DoubtKind
from services.runtime.records import Output, Record


class Committed(NamedTuple):
    """A batch that was committed and applied.

    Attributes:
        records: What was settled.
        outputs: What was written.
        late: The topics of records that changed what had been told before, once a record.
        batch_s: From the first look at the records until the view had followed, waiting for the gate included; seconds.
        commit_s: Of that the transaction.
    """

    records: Sequence[Record]
    outputs: Sequence[Output]
    late: Sequence[str] = ()
    batch_s: float = 0.0
    commit_s: float = 0.0


class LaneMetrics(Protocol):
    """What a lane tells about itself."""

    def taken(self, healed: int) -> None:
        """The lane was taken and its view healed, which took so many records."""
        ...

    def alive(self) -> None:
        """The lane looked at its view and found it right, with nothing to do."""
        ...

    def committed(self, batch: Committed) -> None:
        """A batch was committed and applied."""
        ...

    def doubted(self, kind: DoubtKind) -> None:
        """The lane is in doubt, and will be taken again."""
        ...


class NoMetrics:
    """For the embedded default and for tests that look elsewhere."""

    def taken(self, healed: int) -> None:
        """Ignore."""

    def alive(self) -> None:
        """Ignore."""

    def committed(self, batch: Committed) -> None:
        """Ignore."""

    def doubted(self, kind: DoubtKind) -> None:
        """Ignore."""
