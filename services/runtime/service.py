"""What a service brings to its lanes. Pure: bytes and documents in, emissions and writes out; no await, no client, no clock."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias, TypeVar, runtime_checkable

from services.runtime.errors import Refused
from services.runtime.records import Document, Headers, Record, Told, Want, Writes


class Emission(NamedTuple):
    """A record to publish. It goes to the lane's own partition, or to the home of `home` (a person or hospital id) where given.

    `is_late`: it corrects what was told before, because the causing event changes the past (a metric). `told`: how metrics count it besides.
    """

    topic: str
    key: str
    value: bytes | None
    headers: Headers = ()
    home: str | None = None
    is_late: bool = False
    told: Told | None = None


Consequence: TypeAlias = Emission | Refused
"""What a decision leads to: a record to publish; or a part of the event that could not be done, which its record's dead letter tells, while the rest stands."""


class Event(Protocol):
    """A validated event, as far as a lane cares."""

    @property
    def home(self) -> str:
        """The person or hospital whose lane decides it."""
        ...


E = TypeVar("E", bound=Event)
E_contra = TypeVar("E_contra", bound=Event, contravariant=True)

Documents = Mapping[str, Document]
Holders = Mapping[str, str]


class Fold(Protocol[E_contra]):
    """The decisions of one batch, on the documents that were loaded for it."""

    def decide(self, event: E_contra) -> Sequence[Consequence] | None:
        """What `event` leads to; None where `conclude` tells it, together with what the home's next events lead to. If it raises, nothing has changed.

        Raises:
            Refused: The event stands against what is known (`conflicting_duplicate`).
        """
        ...

    def conclude(self, home: str) -> Sequence[Consequence]:
        """What is owed for `home` by now, of which `decide` said nothing. If it raises, nothing has changed."""
        ...

    def writes(self) -> Writes:
        """All changes of the events decided so far."""
        ...


class Service(Protocol[E]):
    """A service as its lanes see it.

    Attributes:
        name: Consumer group and transactional ids are made of it.
        format: The number of the format that its documents are written in. It rises with every change of their form: a process of another number then
            has a view of its own, which heals from the topics, and never reads what it does not know.
        inputs: Topics read, in order of precedence within a batch.
        first: Inputs that a lane reads to their end before the others, each time it is taken.
        rerouted: The internal topic for records that lay in the wrong partition; None where inputs are written by us alone.
        state_topics: The topics that the view follows, and how far it heals: `end`, what this lane wrote itself, to the read_committed end;
            `committed`, an input, to the committed offset.
        lasting: Those of its inputs and state topics that are kept for ever. A lane stands on them from their first record on.
    """

    name: str
    format: int
    inputs: tuple[str, ...]
    first: tuple[str, ...]
    rerouted: str | None
    state_topics: Mapping[str, Literal["end", "committed"]]
    lasting: frozenset[str]

    def read(self, record: Record) -> E:
        """Validate from the bytes alone. Raises: Refused."""
        ...

    def want(self, events: Sequence[E]) -> Want:
        """What deciding `events` needs."""
        ...

    def want_more(self, events: Sequence[E], documents: Documents, holders: Holders) -> Want | None:
        """What it needs besides, now that the first answer is known (a late event needs whole years); documents only."""
        ...

    def fold(self, documents: Documents, holders: Holders) -> Fold[E]:
        """A fold over what was loaded."""
        ...

    def want_healing(self, records: Sequence[Record]) -> Want:
        """The documents that `heal` of these records of state topics touches."""
        ...

    def want_more_healing(self, records: Sequence[Record], documents: Documents) -> Want | None:
        """What `heal` needs besides, now that the first answer is known."""
        ...

    def home_told(self, record: Record) -> str | None:
        """Who is at home in the lane that wrote `record`, of a state topic that is its own; None where it may speak of anybody.

        Raises:
            NotOurs: It is no event of ours. Whatever else is raised says that it cannot be understood.
        """
        ...

    def follow(self, documents: Documents) -> Callable[[Record], None]:
        """A look at records of the lane's own state topics in their order, beginning at `documents`: one that does not follow from what is known, and
        from those before it, is `NotOurs`. Writes and watermark move in one step, so that nothing is ever healed upon itself.
        """
        ...

    def heal(self, records: Sequence[Record], documents: Documents) -> Writes:
        """Bring documents forward by records of state topics. Pure and harmless to repeat."""
        ...


@runtime_checkable
class Patient(Protocol):
    """A service that tries again, each time a lane is taken, what could not be done when it was due.

    Attributes:
        patience: The state topic, written by its lanes alone, whose newest record of each key tells what that is.
    """

    patience: str

    def is_due_again(self, record: Record) -> bool:
        """Whether a record of `patience` tells of something to be done, which is not known to be in vain; then `read` reads it as it does an input."""
        ...


AnyService: TypeAlias = Service[Any]
