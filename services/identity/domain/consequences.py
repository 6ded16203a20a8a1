"""What follows from a person's timeline besides settlement: premium subsidies (资助参保) and the deposit on admission (先诊疗后付费). Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

from schemas.hospital import AdmissionClosed, AdmissionOpened
from schemas.identity import StatusGranted
from services.identity.domain.room import Room
from services.policy.entitlement import Interval, covering
from services.policy.library import Policies
from services.policy.loader import Policy
from services.policy.model import Entitlement
from services.policy.standing import StatusEvent, standing
from services.policy.timeline import Run, first_day, runs

GENEROSITY = ("full", "fixed", "none")


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
    return runs(partial(_entitlement, policies), _of_known_regions(policies, events))


def _of_known_regions(policies: Policies, events: Iterable[StatusEvent]) -> Iterable[StatusEvent]:
    return (event for event in events if event.data.region in policies.current)


def subsidies_due(
    policies: Policies, person_id: str, events: Sequence[StatusEvent], known: Iterable[Run]
) -> dict[tuple[str, int], dict[str, Any]]:
    """For each region and year in which a status takes effect what is paid of the premium: the most generous, ties by the policy's order."""
    enrolled = _enrolments(policies, events)
    due: dict[tuple[str, int], list[tuple[int, int, dict[str, Any]]]] = {}
    for run in known:
        interval = run.interval
        policy = policies.nearest(interval.region, interval.start)
        if not policy.in_force(interval.start):
            continue
        year = (interval.region, interval.start.year)
        content = _subsidy(policy, run, enrolled.get(year))
        rank = (GENEROSITY.index(content["subsidy"]), list(policy.file.categories).index(interval.category))
        due.setdefault(year, []).append((*rank, content))
    return {
        (region, year): _addressed(person_id, region, year, min(found, key=lambda item: item[:2])[2])
        for (region, year), found in due.items()
    }


def no_subsidy(person_id: str, region: str, year: int) -> dict[str, Any]:
    """What is due when no grant of the year is left."""
    content = {
        "category": None,
        "subsidy": "none",
        "reason": None,
        "paid_after_enrolment": False,
        "waiting_period_waived": False,
        "clause": None,
    }
    return _addressed(person_id, region, year, content)


def _addressed(person_id: str, region: str, year: int, content: Mapping[str, Any]) -> dict[str, Any]:
    return {"subsidy_id": f"{person_id}/{region}/{year}", "person_id": person_id, "region": region, "year": year, **content}


def _enrolments(policies: Policies, events: Sequence[StatusEvent]) -> dict[tuple[str, int], date]:
    """For each region and year the earliest enrolment that a grant taking effect in the year tells."""
    earliest: dict[tuple[str, int], date] = {}
    for event in standing(_of_known_regions(policies, events)):
        grant = event.data
        if isinstance(grant, StatusGranted) and grant.enrolled_on:
            start = first_day(_entitlement(policies, grant.region, grant.effective_date), grant.effective_date)
            key = (grant.region, start.year)
            earliest[key] = min(grant.enrolled_on, earliest.get(key, grant.enrolled_on))
    return earliest


def _entitlement(policies: Policies, region: str, day: date) -> Entitlement:
    """The region's rules of the day."""
    return policies.nearest(region, day).file.entitlement


def _subsidy(policy: Policy, run: Run, enrolled_on: date | None) -> dict[str, Any]:
    """What one grant brings."""
    category = policy.file.categories[run.interval.category]
    rules = policy.file.premium_subsidy
    subsidy, reason = category.subsidy or "none", None
    if category.subsidy is None:
        reason = "figures_not_published"
    elif category.subsidy == "none":
        reason = "category_without_subsidy"
    elif rules.not_if_enrolled_before_grant and enrolled_on is not None and enrolled_on < run.granted_on:
        subsidy, reason = "none", "already_enrolled"
    paid = subsidy != "none"
    return {
        "category": run.interval.category,
        "subsidy": subsidy,
        "reason": reason,
        "paid_after_enrolment": paid and rules.paid_after_enrolment,
        "waiting_period_waived": paid and rules.waiting_period_waived,
        "clause": rules.clause,
    }


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
