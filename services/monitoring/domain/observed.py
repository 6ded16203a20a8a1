"""What monitoring takes from the records that it reads: a settlement, a timeline, a refused duplicate, a share of a hospital's year.

In: validated events of our own topics. Out: an `Observation`, with the event that led to it. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from schemas.catalogue import STATUS_TYPES
from schemas.hospital import ClaimReversed, ClaimSubmitted
from schemas.identity import AcceptedEvent, StatusRevoked, TimelineUpdated
from schemas.monitoring import HospitalShare
from schemas.settlement import SettlementResult
from schemas.times import instant_ns, local_day
from services.policy.adjudicate import claim_year
from services.policy.course import Counters
from services.policy.entitlement import Interval, status_of
from services.policy.library import Policies
from services.policy.model import HospitalRatio
from services.policy.timeline import StatusEvent, standing


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
    ratio = _ratio_of(policies, result.region, claim.date)
    is_reversed = result.outcome == "reversed"
    assisted_stay = claim.visit_type == "inpatient" and claim.in_county and result.category is not None
    beyond_fen = claim.total_amount - claim.policy_scope_amount if ratio and ratio.basis == "with_out_of_scope" else 0
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
        is_reversed=is_reversed,
        in_force=result.policy is not None,
        category=result.category,
        self_pay_fen=result.self_pay,
        burden_fen=result.personal_burden,
        taken_back_fen=max(0, -result.delta) if kind == "settlement.adjusted.v1" else 0,
        counters=result.counters,
        counted=ratio is not None and assisted_stay and not is_reversed,
        share_burden_fen=result.personal_burden + beyond_fen,
        policy_scope_fen=claim.policy_scope_amount,
    )


def _ratio_of(policies: Policies, region: str, day: date) -> HospitalRatio | None:
    return policies.nearest(region, day).file.hospital_ratio if region in policies.current else None


def status_known(timeline: TimelineUpdated) -> StatusKnown:
    """What a timeline tells."""
    deaths = [
        event.data.effective_date
        for event in standing(map(_status_event, timeline.events))
        if isinstance(event.data, StatusRevoked) and event.data.reason == "death"
    ]
    return StatusKnown(timeline.person_id, timeline.revision, status_of(timeline).intervals, min(deaths, default=None))


def _status_event(event: AcceptedEvent) -> StatusEvent:
    data: Any = STATUS_TYPES[event.type].model_validate(event.data)
    return StatusEvent(event.source, event.id, event.type, event.time, instant_ns(event.time), data)


def conflict(policies: Policies, data: ClaimSubmitted | ClaimReversed, time_ns: int, partition: int, offset: int) -> Conflict:
    """A refused duplicate of a claim whose dates were checked, or of a reversal. Its region has a policy."""
    if isinstance(data, ClaimReversed):
        return Conflict(data.person_id, data.region, local_day(time_ns).year, data.key, partition, offset)
    year = claim_year(policies.nearest(data.region, data.date), data)
    return Conflict(data.person_id, data.region, year, data.key, partition, offset)
