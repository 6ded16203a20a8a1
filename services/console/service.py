"""What the console's lanes run."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import structlog

from schemas.topics import kept_for_ever
from services.console.adapters.reading import INPUTS, see
from services.console.adapters.wants import first, more
from services.console.domain.desk import FORMAT, Desk
from services.console.domain.records import NotUnderstood
from services.console.domain.seen import Seen
from services.console.handlers import decide
from services.policy.library import Policies
from services.runtime.errors import Unreadable
from services.runtime.logging import places_of
from services.runtime.records import Record, Want, Writes
from services.runtime.service import Documents, Emission, Holders

log = structlog.get_logger(__name__)


class ConsoleFold:
    """The documents of one batch, moved event by event."""

    def __init__(self, documents: Documents) -> None:
        """A fold over what was loaded."""
        self._desk = Desk(documents)

    def decide(self, event: Seen) -> Sequence[Emission]:
        """Move the documents by `event`; of a record that is not understood the place is told and noted.

        So is a record that meets a mistake of ours: it moves nothing else, for nobody sent it to us.

        Raises:
            Unreadable: Not the record is at fault, but the view.
        """
        if isinstance(event.data, NotUnderstood):
            log.error("not understood", record=f"{event.topic}[{event.lane}]@{event.offset}", raised=event.data.why)
        try:
            decide(self._desk, event)
        except Unreadable:
            raise
        except Exception as error:
            self._desk.drop()
            log.error("not taken in", record=f"{event.topic}[{event.lane}]@{event.offset}", raised=places_of(error))
            decide(self._desk, replace(event, data=NotUnderstood(event.topic, event.offset, "Mistake")))
        self._desk.keep()
        return ()

    def conclude(self, home: str) -> Sequence[Emission]:
        """Nothing: the console tells nothing."""
        return ()

    def writes(self) -> Writes:
        """All changes so far."""
        return self._desk.writes()


class ConsoleService:
    """Implements `services.runtime.service.Service`.

    It reads only what medaid itself writes, every dead letter included, and refuses nothing. Each document belongs to the lane that its records lie in.
    """

    name = "console"
    format = FORMAT
    inputs: tuple[str, ...] = INPUTS
    first: tuple[str, ...] = ()
    rerouted: str | None = None
    state_topics: Mapping[str, Literal["end", "committed"]] = dict.fromkeys(INPUTS, "committed")
    lasting: frozenset[str] = kept_for_ever(*INPUTS)

    def __init__(self, policies: Policies) -> None:
        """A console for a site's policies, as they stand today."""
        self._policies = policies

    def read(self, record: Record) -> Seen:
        """What a record tells."""
        return see(self._policies, record)

    def want(self, events: Sequence[Seen]) -> Want:
        """The documents that they name."""
        return Want(first(events))

    def want_more(self, events: Sequence[Seen], documents: Documents, holders: Holders) -> Want | None:
        """The oldest entries of the indexes that they may leave."""
        wanted = more(events, documents)
        return None if wanted is None else Want(wanted)

    def fold(self, documents: Documents, holders: Holders) -> ConsoleFold:
        """A fold over the documents loaded."""
        return ConsoleFold(documents)

    def want_healing(self, records: Sequence[Record]) -> Want:
        """The documents that the records name."""
        return self.want(self._seen(records))

    def want_more_healing(self, records: Sequence[Record], documents: Documents) -> Want | None:
        """The oldest entries of the indexes that they may leave."""
        return self.want_more(self._seen(records), documents, {})

    def home_told(self, record: Record) -> None:
        """Never asked: the console writes nothing from its lanes."""

    def follow(self, documents: Documents) -> Callable[[Record], None]:
        """Never asked, either."""
        return lambda record: None

    def heal(self, records: Sequence[Record], documents: Documents) -> Writes:
        """Bring the documents forward: to heal is to read again."""
        fold = self.fold(documents, {})
        for seen in self._seen(records):
            fold.decide(seen)
        return fold.writes()

    def _seen(self, records: Iterable[Record]) -> list[Seen]:
        return [self.read(record) for record in records]
