"""The fold that all services share: a state for each person (or hospital), a pure decision for each event, the difference written at the end."""

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from services.runtime.records import Document, Writes
from services.runtime.service import Consequence, E

S = TypeVar("S")
Changes = Mapping[str, Mapping[str, bytes | None]]


class Decision(NamedTuple, Generic[S]):
    """What an event leads to: the state after it, the records to publish and what could not be done, index keys to hold.

    `is_owed`: what it leads to is told by the service's `conclude`, together with what the home's next events lead to; nothing is emitted before.
    """

    state: S
    emissions: Sequence[Consequence] = ()
    bookings: Mapping[str, str] | None = None
    is_owed: bool = False


class StateFold(Generic[E, S]):
    """Decide events one by one; a decision that raises leaves the state as it was.

    Args:
        decode: A home's state from the documents that were loaded.
        decide: The service's handler.
        encode: What changed from one state to another, as fields of documents.
        conclude: What is owed for a state.
    """

    def __init__(
        self,
        decode: Callable[[str], S],
        decide: Callable[[S, E], Decision[S]],
        encode: Callable[[S, S], Changes],
        conclude: Callable[[S], Decision[S]] = Decision,
    ) -> None:
        self._decode = decode
        self._decide = decide
        self._encode = encode
        self._conclude = conclude
        self._before: dict[str, S] = {}
        self._after: dict[str, S] = {}
        self._bookings: dict[str, str] = {}

    def decide(self, event: E) -> Sequence[Consequence] | None:
        """As the port has it. Raises: Refused, and whatever goes wrong in deciding; then nothing has changed."""
        home = event.home
        if home not in self._after:
            self._before[home] = self._after[home] = self._decode(home)
        decision = self._take(home, self._decide(self._after[home], event))
        return None if decision.is_owed else decision.emissions

    def conclude(self, home: str) -> Sequence[Consequence]:
        """As the port has it. Raises: Whatever goes wrong in deciding; then nothing has changed."""
        return self._take(home, self._conclude(self._after[home])).emissions

    def _take(self, home: str, decision: Decision[S]) -> Decision[S]:
        self._after[home] = decision.state
        if decision.bookings:
            self._bookings |= decision.bookings
        return decision

    def writes(self) -> Writes:
        """All changes so far."""
        documents: dict[str, dict[str, bytes | None]] = {}
        for home, after in self._after.items():
            before = self._before[home]
            if after is not before:
                for key, fields in self._encode(before, after).items():
                    documents.setdefault(key, {}).update(fields)
        return Writes(documents, self._bookings)


def difference(before: Document, after: Mapping[str, bytes]) -> dict[str, bytes | None]:
    """The fields to write so that a document `before` becomes `after`."""
    changed: dict[str, bytes | None] = {name: value for name, value in after.items() if before.get(name) != value}
    return changed | {name: None for name in before if name not in after}
