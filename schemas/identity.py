"""What agencies send, and what the identity service tells: status events, applications, timelines, premium subsidies, admissions."""

import datetime
from typing import Any, Self

from pydantic import Field, model_validator

from schemas.codes import AdmissionReason, LossReason, LostBy, Subsidy, SubsidyReason
from schemas.fields import Code, Day, Id, Instant, Model, Number, Ordinal, Personal, Year, Yuan
from schemas.refusal import Fault, Refused


class StatusGranted(Personal):
    """`identity.status.granted.v1`: an agency certifies a status (认定)."""

    region: Code = Field(description="the city whose fund assists")
    category: Code = Field(description="救助对象类别, a code of the region's policy")
    effective_date: Day = Field(description="day in +08:00 from which the status holds; may lie ahead")
    birth_date: Day | None = Field(default=None, description="date of birth")
    enrolled_on: Day | None = Field(default=None, description="date of basic-insurance enrolment (参保)")
    document_no: str | None = Field(default=None, min_length=1, max_length=128, description="number of the certifying document")


class StatusRevoked(Personal):
    """`identity.status.revoked.v1`: a status ends."""

    region: Code = Field(description="the city whose fund assists")
    category: Code = Field(description="救助对象类别 that ends; a death ends all of the region")
    effective_date: Day = Field(description="day in +08:00 on which it was lost; for a death the day of death")
    reason: LossReason = Field(description="ordinary, fraud (弄虚作假) or death")


class StatusChanged(Personal):
    """`identity.status.changed.v1`: one status is exchanged for another (类别变化)."""

    region: Code = Field(description="the city whose fund assists")
    from_category: Code = Field(description="救助对象类别 that ends")
    to_category: Code = Field(description="救助对象类别 that begins, also if the first was never held")
    effective_date: Day = Field(description="day in +08:00 of the change")

    @model_validator(mode="after")
    def _two_categories(self) -> Self:
        if self.from_category == self.to_category:
            raise ValueError("two different categories in from_category and to_category")
        return self


class EventVoided(Personal):
    """`identity.status.voided.v1`: an earlier or later event of the same source counts as never sent."""

    region: Code = Field(description="the city whose fund assists")
    voids: str = Field(min_length=1, max_length=1024, description="`id` of the voided event, of the same source, person and region")


class ApplicationApproved(Personal):
    """`identity.application.approved.v1`: help was applied for (依申请救助), and the application approved."""

    region: Code = Field(description="the city whose fund assists")
    category: Code = Field(description="救助对象类别 under which it was applied for")
    applied_on: Day = Field(description="day of the application, in +08:00")
    from_: Day = Field(alias="from", description="first day of service or discharge that it concerns")
    to: Day = Field(description="last day of service or discharge that it concerns")


class AcceptedEvent(Model):
    """An identity event as the timeline keeps it."""

    source: str = Field(description="CloudEvents source of the event")
    id: str = Field(description="CloudEvents id of the event")
    type: str = Field(description="CloudEvents type of the event")
    time: Instant = Field(description="CloudEvents time, of the first delivery")
    data: dict[str, Any] = Field(description="its data, normalised")


class Interval(Model):
    """One run of one status."""

    region: Id = Field(description="the city")
    category: Code = Field(description="救助对象类别")
    from_: Day = Field(alias="from", description="first day of entitlement")
    to: Day | None = Field(default=None, description="last covered day, the month's grace included; absent or null: open")
    lost_on: Day | None = Field(default=None, description="effective date of the loss")
    lost_by: LostBy | None = Field(default=None, description="what ended it")
    changed_to: Code | None = Field(default=None, description="category that took its place, where it was changed")


class Application(Model):
    """An approved application: claims of its days count as applied for on `applied_on` under its category."""

    region: Id = Field(description="the city")
    category: Code = Field(description="救助对象类别 under which it was applied for")
    applied_on: Day = Field(description="day of the application")
    from_: Day = Field(alias="from", description="first day of service or discharge that it concerns")
    to: Day = Field(description="last day of service or discharge that it concerns")


class TimelineUpdated(Personal):
    """`identity.timeline.updated.v1`: everything known of a person's statuses; the newest record replaces all earlier ones."""

    revision: Ordinal = Field(description="rises with every change")
    birth_date: Day | None = Field(default=None, description="of the grants in any region, the latest effective one that carries it")
    intervals: list[Interval] = Field(description="runs of statuses, by region, category and first day")
    applications: list[Application] = Field(
        default_factory=list, description="approved applications, by region, category and days; not there before they were told"
    )
    events: list[AcceptedEvent] = Field(min_length=1, description="the accepted events that it follows from, in order of acceptance")


class Cause(Model):
    """The event that led to a record."""

    source: str = Field(description="CloudEvents source")
    id: str = Field(description="CloudEvents id")


class SubsidyDue(Personal):
    """`identity.premium_subsidy.due.v1`: what the fund pays of a person's premium of a year (资助参保)."""

    subsidy_id: str = Field(description="<person_id>/<region>/<year>")
    revision: Number = Field(description="0, then 1, 2, ... when later news changes it")
    region: Code = Field(description="the city")
    year: Year = Field(description="calendar year of the premium")
    category: Code | None = Field(default=None, description="the most generous category granted in the year; null when none is left")
    subsidy: Subsidy = Field(description="full (全额), fixed (定额) or none")
    reason: SubsidyReason | None = Field(default=None, description="why there is none")
    paid_after_enrolment: bool = Field(description="以缴定补: paid once the person has paid")
    waiting_period_waived: bool = Field(description="免除待遇等待期")
    clause: str | None = Field(default=None, description="clause of the decree")
    amount: Yuan | None = Field(
        default=None, description="what is paid, yuan; null where it cannot be known, absent where the region's policy has no figures"
    )
    tier: Code | None = Field(default=None, description="whose premium it is paid of (档次), where the region's policy has tiers")
    caused_by: Cause = Field(description="the event that led to this revision")


class AdmissionAssessed(Personal):
    """`identity.admission.assessed.v1`: category on admission, and whether the deposit is waived (先诊疗后付费)."""

    hospital_id: Id = Field(description="fixmedins_code: the hospital")
    admission_id: Id = Field(description="the hospital's number of the admission")
    region: Code = Field(description="the city")
    revision: Number = Field(description="0, then 1, 2, ... when later news changes it")
    admission_date: Day = Field(description="first day of the stay")
    discharge_date: Day | None = Field(default=None, description="last day of the stay, once closed")
    referred_by_primary_care: bool = Field(description="基层首诊转诊")
    in_city: bool = Field(description="市域内定点医疗机构")
    categories: list[Code] = Field(description="categories covering any day of the stay known so far, in the policy's order")
    category: Code | None = Field(default=None, description="the first of them, one that waives the deposit preferred")
    deposit_waived: bool = Field(description="全面免除住院押金")
    reason: AdmissionReason | None = Field(default=None, description="why it is not waived")
    clause: str | None = Field(default=None, description="clause of the decree")
    caused_by: Cause = Field(description="the event that led to this revision")


def check_dates(data: StatusGranted | StatusRevoked | StatusChanged | EventVoided | ApplicationApproved, event_day: datetime.date) -> None:
    """Whether the days of an agency's event fit together, and with `event_day` (of the event's time, +08:00).

    Raises:
        Refused: `invalid_dates`, with every day at fault.
    """
    faults: list[Fault] = []
    if isinstance(data, StatusGranted) and data.birth_date is not None and data.birth_date > data.effective_date:
        faults.append(Fault("data.birth_date", "a day not later than effective_date"))
    if isinstance(data, ApplicationApproved):
        if data.to < data.from_:
            faults.append(Fault("data.to", "a day not before from"))
        if data.applied_on > event_day:
            faults.append(Fault("data.applied_on", "a day not later than the day of the event's time in +08:00"))
    if faults:
        raise Refused("invalid_dates", *faults[0], faults[1:])
