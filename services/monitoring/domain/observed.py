"""What monitoring sees: a settlement, a timeline, a reversal that waits, a refused duplicate, an operator's closing, a share of a hospital's year. Pure.

Not here: how it is taken from events (`observing.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from schemas.monitoring import HospitalShare
from services.policy.course import Counters
from services.policy.entitlement import Interval


@dataclass(frozen=True, slots=True)
class Settled:
    """One revision of one claim. Amounts in fen.

    Attributes:
        taken_back_fen: What this revision takes back, if it is an adjustment.
        visit_id: The hospital's number of the visit, where it told one.
        counted: Whether the stay counts in its hospital's year: of a person settled by a category, in the county, not reversed.
        share_burden_fen: Its burden there (R25).
    """

    person_id: str
    hospital_id: str
    key: str
    region: str
    year: int
    sequence: int
    revision: int
    first: date
    last: date
    is_stay: bool
    is_reversed: bool
    in_force: bool
    category: str | None
    self_pay_fen: int
    burden_fen: int
    taken_back_fen: int
    counters: Counters
    counted: bool
    share_burden_fen: int
    policy_scope_fen: int
    visit_id: str | None

    @property
    def home(self) -> str:
        """The person."""
        return self.person_id


@dataclass(frozen=True, slots=True)
class StatusKnown:
    """A person's timeline; `died_on` is the earliest death that stands, in any region."""

    person_id: str
    revision: int
    intervals: tuple[Interval, ...]
    died_on: date | None

    @property
    def home(self) -> str:
        """The person."""
        return self.person_id


@dataclass(frozen=True, slots=True)
class ReversalWaits:
    """A reversal that found no claim of its person and region; `on`: the day of its event."""

    person_id: str
    region: str
    claim: str
    on: date

    @property
    def home(self) -> str:
        """The person whom the reversal names."""
        return self.person_id


@dataclass(frozen=True, slots=True)
class Conflict:
    """A claim key that was sent again with other content, and refused. The year is that of the refused content; of a reversal that of its event.

    `partition`, `offset`: where the refused record lay.
    """

    person_id: str
    region: str
    year: int
    claim: str
    partition: int
    offset: int

    @property
    def home(self) -> str:
        """The person whom the refused delivery names."""
        return self.person_id


@dataclass(frozen=True, slots=True)
class Closed:
    """An operator closed an episode of a person's warning, of a kind that operators close."""

    person_id: str
    warning_id: str
    episode: int
    operator: str

    @property
    def home(self) -> str:
        """The person."""
        return self.person_id


@dataclass(frozen=True, slots=True)
class Nothing:
    """A record without consequence: a dead letter for another reason or that cannot be read, an action that changes no warning, a waiting that ends."""

    home: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen, and the event that led to it."""

    data: Settled | StatusKnown | ReversalWaits | Conflict | Closed | Nothing | HospitalShare
    time: str
    cause: Mapping[str, str]

    @property
    def home(self) -> str:
        """The person or hospital whose lane decides it."""
        return self.data.home
