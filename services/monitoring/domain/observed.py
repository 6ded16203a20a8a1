"""What monitoring takes from the records that it reads: a settlement, a timeline, a refused duplicate, a share of a hospital's year.

In: validated events of our own topics. Out: an `Observation`, with the event that led to it. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from schemas.hospital import ClaimReversed, ClaimSubmitted
from schemas.identity import TimelineUpdated
from schemas.monitoring import HospitalShare
from schemas.settlement import SettlementResult
from schemas.times import local_day
from services.policy.adjudicate import claim_year
from services.policy.course import Counters
from services.policy.entitlement import Interval, status_of
from services.policy.hospitals import hospital_share
from services.policy.library import Policies
from services.policy.standing import deaths, status_event


@dataclass(frozen=True, slots=True)
class Settled:
    """One revision of one claim. Amounts in fen.

    Attributes:
        taken_back_fen: What this revision takes back, if it is an adjustment.
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
    """A record without consequence: a dead letter for another reason or that cannot be read, an operator's action that changes no warning."""

    home: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen, and the event that led to it."""

    data: Settled | StatusKnown | Conflict | Closed | Nothing | HospitalShare
    time: str
    cause: Mapping[str, str]

    @property
    def home(self) -> str:
        """The person or hospital whose lane decides it."""
        return self.data.home


def settled(policies: Policies, kind: str, result: SettlementResult) -> Settled:
    """What a result of event type `kind` tells.

    Raises:
        ValidationError: Its `claim` is none.
        ValueError: Its claim lacks its dates.
    """
    claim = ClaimSubmitted.model_validate(result.claim)
    share = hospital_share(policies, result, claim)
    burden_fen, scope_fen = share or (result.personal_burden, claim.policy_scope_amount)
    return Settled(
        person_id=result.person_id,
        hospital_id=result.hospital_id,
        key=claim.key,
        region=result.region,
        year=result.year,
        sequence=result.sequence,
        revision=result.revision,
        first=claim.first_date,
        last=claim.date,
        is_stay=claim.visit_type == "inpatient",
        is_reversed=result.outcome == "reversed",
        in_force=result.policy is not None,
        category=result.category,
        self_pay_fen=result.self_pay,
        burden_fen=result.personal_burden,
        taken_back_fen=max(0, -result.delta) if kind == "settlement.adjusted.v1" else 0,
        counters=result.counters,
        counted=share is not None,
        share_burden_fen=burden_fen,
        policy_scope_fen=scope_fen,
    )


def status_known(timeline: TimelineUpdated) -> StatusKnown:
    """What a timeline tells."""
    events = [status_event(told.source, told.id, told.type, told.time, told.data) for told in timeline.events]
    return StatusKnown(timeline.person_id, timeline.revision, status_of(timeline).intervals, next(iter(deaths(events)), None))


def conflict(policies: Policies, data: ClaimSubmitted | ClaimReversed, time_ns: int, partition: int, offset: int) -> Conflict:
    """A refused duplicate of a claim whose dates were checked, or of a reversal. Its region has a policy."""
    if isinstance(data, ClaimReversed):
        return Conflict(data.person_id, data.region, local_day(time_ns).year, data.key, partition, offset)
    year = claim_year(policies.nearest(data.region, data.date), data)
    return Conflict(data.person_id, data.region, year, data.key, partition, offset)
