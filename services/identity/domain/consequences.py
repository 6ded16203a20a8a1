"""What identity knows of a person, and what follows from it besides settlement: the deposit on admission (先诊疗后付费). Pure.

Not here: premium subsidies (`premiums.py`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.hospital import AdmissionClosed, AdmissionOpened
from services.identity.domain.room import Room
from services.policy.entitlement import Interval, covering
from services.policy.library import Policies
from services.policy.standing import StatusEvent
from services.policy.timeline import Run, runs


@dataclass(frozen=True, slots=True)
class Issued:
    """The last revision of a record that is issued again when later news changes it. `content` is all but revision and cause."""

    revision: int
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Admission:
    """One admission as far as it is known; closed before it was opened, it waits."""

    opened: AdmissionOpened | None = None
    closed: AdmissionClosed | None = None
    issued: Issued | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """All that identity knows of a person: the accepted events by source and id, in order of acceptance, the room they fill, and what was issued.

    `intervals`: those of the newest timeline, as it tells them.
    """

    person_id: str
    revision: int = 0
    accepted: Mapping[tuple[str, str], StatusEvent] = field(default_factory=dict)
    intervals: Sequence[Mapping[str, Any]] = ()
    room: Room = field(default_factory=Room)
    subsidies: Mapping[tuple[str, int], Issued] = field(default_factory=dict)
    admissions: Mapping[str, Admission] = field(default_factory=dict)

    @property
    def events(self) -> tuple[StatusEvent, ...]:
        """The accepted events, in order of acceptance."""
        return tuple(self.accepted.values())


def timeline_of(policies: Policies, events: Iterable[StatusEvent]) -> list[Run]:
    """The person's runs of status by the rules of each region and day; none of a region whose policy is not here."""
    known = (event for event in events if event.data.region in policies.current)
    return runs(lambda region, day: policies.nearest(region, day).file, known)


def assess_admission(
    policies: Policies, opened: AdmissionOpened, closed: AdmissionClosed | None, intervals: Iterable[Interval]
) -> dict[str, Any]:
    """Category on admission and whether the deposit is waived, by what is known now."""
    policy = policies.nearest(opened.region, opened.admission_date)
    in_force = policy.in_force(opened.admission_date)
    last = closed.discharge_date if closed else None
    own = [interval for interval in intervals if interval.region == opened.region]
    order = list(policy.file.categories)
    found = covering(policy.file.entitlement, own, order, opened.admission_date, last, stay=True) if in_force else []
    waiving = [name for name in found if policy.file.categories[name].deposit_waived]
    reason = _admission_reason(opened, in_force, found, waiving)
    return {
        **opened.wire(),
        "discharge_date": last.isoformat() if last else None,
        "categories": found,
        "category": next(iter([*waiving, *found]), None),
        "deposit_waived": reason is None,
        "reason": reason,
        "clause": policy.file.deposit_waiver.clause if in_force else None,
    }


def _admission_reason(opened: AdmissionOpened, in_force: bool, found: Sequence[str], waiving: Sequence[str]) -> str | None:
    if not in_force:
        return "no_policy_in_force"
    if not found:
        return "no_entitlement"
    if not waiving:
        return "category_without_waiver"
    if not opened.in_city:
        return "not_in_city"
    return None if opened.referred_by_primary_care else "no_primary_care_referral"
