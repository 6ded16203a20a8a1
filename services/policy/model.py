"""What a city's file may hold. Strict: an unknown key, a missing clause or a figure out of range is refused with file, line and key.

Amounts are yuan in the file and fen here; percentages become basis points (1/10000). A figure that may change is dated: `{2023-01-01: 300000}`.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from schemas.codes import Agency, Condition, InsuranceType, NotAssisted, Referral, Subsidy, VisitType
from schemas.money import Fen, fen_from_yuan


class Part(BaseModel):
    """Base of every part of a policy file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Clause = Annotated[str, Field(min_length=1)]


def _points(value: object) -> int:
    points = Decimal(str(value)) * 100
    if points != points.to_integral_value() or abs(points) > 10_000:
        raise ValueError("a percentage from -100 to 100 with at most 2 decimals")
    return int(points)


def _share(value: object) -> int:
    points = _points(value)
    if points < 0:
        raise ValueError("a percentage from 0 to 100 with at most 2 decimals")
    return points


DatedYuan = Mapping[date, Annotated[Fen, BeforeValidator(fen_from_yuan)]]
DatedShare = Mapping[date, Annotated[int, BeforeValidator(_share)]]
DatedPoints = Mapping[date, Annotated[int, BeforeValidator(_points)]]


class Label(Part):
    """A name in both languages."""

    zh: str
    en: str


class Document(Part):
    """The decree."""

    number: str
    title: str
    issued: date | None
    checked_on: date
    clause: Clause = Field(description="where it says from when until when it holds")


class ReadingChoice(Part):
    """An open reading: its default, the other, and why the text is open."""

    id: str
    default: str | bool | None
    other: str | bool | None
    kind: Literal["choice", "date"] = "choice"
    clause: Clause
    why: str


class Entitlement(Part):
    """When a status entitles."""

    grant_takes_effect: Literal["immediately", "next_month"]
    loss_takes_effect: Literal["immediately", "next_month"]
    stay_coverage: Literal["touching_day", "admission_day"]
    fraud_voids_stay: bool
    death_grace: bool
    change_in_stay: Literal["highest", "new_category"]
    cross_agency_change: Literal["highest", "counts_as_change"]
    clause: Clause
    expires_at_year_end: Mapping[str, Clause] = {}


class ShareOfTotal(Part):
    """Self-pay as a share of the whole bill."""

    percent: DatedShare
    clause: Clause


class ClauseOnly(Part):
    """A rule that has a clause and no figure."""

    clause: Clause


class SelfPay(Part):
    """S where basic insurance is missing or pays a package; None: nothing of the kind."""

    uninsured: ShareOfTotal | None
    package: ClauseOnly | None
    stay_year: Literal["discharge", "admission"]
    rounding: Literal["half_up", "down"]


class Category(Part):
    """A status as this city knows it. Without a class it settles nothing, for the reason in `settles`."""

    label: Label
    clause: Clause
    certified_by: Agency
    klass: str | None = Field(default=None, alias="class")
    settles: Literal["figures_not_published", "category_without_direct_assistance"] | None = None
    figures_until: date | None = None
    subsidy: Subsidy | None = None
    deposit_waived: bool


class When(Part):
    """To which claims something applies; what is left out holds for all."""

    classes: tuple[str, ...] | None = None
    visit_types: tuple[VisitType, ...] | None = None
    insurance: tuple[InsuranceType, ...] | None = None
    referral: tuple[Referral, ...] | None = None
    in_province: bool | None = None
    conditions: tuple[Condition, ...] | None = None
    without_conditions: tuple[Condition, ...] | None = None
    age_at_most: int | None = None
    age_on: Literal["service", "application"] = "service"
    applied: bool | None = None
    limit_reached: str | None = None
    any_of: tuple["When", ...] = ()


class Reclass(Part):
    """A claim that moves its category to another class."""

    klass: str = Field(alias="class")
    becomes: str
    when: When
    clause: Clause


class Bar(Part):
    """What keeps a claim from any assistance, with the reason told."""

    reason: NotAssisted
    when: When
    clause: Clause


class Pool(Part):
    """A counter of a person-year. `counts`: what adds to it; a limit may depend on the class, `default` for the others."""

    label: Label
    clause: Clause
    counts: Literal["payment", "self_pay", "deductible", "burden"]
    visit_types: tuple[VisitType, ...] | None = None
    limit_yuan: Mapping[str, DatedYuan] | None = None


class Rate(Part):
    """Up to three rates, and which of them counts."""

    class_percent: Mapping[str, DatedShare] | None = None
    condition_percent: Mapping[Condition, DatedShare] | None = None
    flat_percent: DatedShare | None = None
    take: Literal["highest", "class", "condition", "flat"] = "highest"


class Modifier(Part):
    """A change of the rate, in percentage points or relative to it."""

    when: When
    percent: DatedPoints
    counted: Literal["points", "relative"] = "points"
    applies: bool = True
    clause: Clause


class Excess(Part):
    """The rise of the part of a sum above a threshold; `per` claim: this claim's own part above it."""

    sum: str
    over_yuan: DatedYuan
    per: Literal["year", "claim"] = "year"


class Benefit(Part):
    """One kind of payment. Benefits pay in the order of the file."""

    id: str
    kind: Literal["direct", "above_cap", "reassistance", "tilt"]
    label: Label
    clause: Clause | Mapping[str, Clause]
    when: When = When()
    unless: When | None = None
    base: Literal["self_pay", "self_pay_below_cap", "above_cap", "burden_left", "excess_over_limit"] | Excess
    deductible: str | None = None
    rate: Rate
    modifiers: tuple[Modifier, ...] = ()
    limited_by: tuple[str, ...]
    group: str | None = None
    replaced_by: tuple[str, ...] = ()


class FeeWaiver(Part):
    """A consultation fee that assisted persons do not pay."""

    clause: Clause
    visit_types: tuple[VisitType, ...]


class PremiumSubsidy(Part):
    """How premiums are subsidised; by how much stands with each category."""

    clause: Clause
    paid_after_enrolment: bool
    waiting_period_waived: bool
    not_if_enrolled_before_grant: bool


class HospitalRatio(Part):
    """Hospital control: the share of the policy-scope amount that may be left to assisted persons."""

    clause: Clause
    limit_percent: DatedShare
    basis: Literal["personal_burden", "with_out_of_scope"]


class EarlyWarning(Part):
    """What asks for early warning, and which burden is watched."""

    clause: Clause
    burden_basis: Literal["after_assistance", "before_assistance"]
    audience: tuple[Agency, ...]


class DiseaseList(Part):
    """A list of diseases that the decree prints or refers to: data for the reader; the hospital's mark on the claim is trusted."""

    clause: Clause
    label: Label
    diseases: Mapping[str, str] | tuple[str, ...]


class Group(Part):
    """Benefits of which a claim gets the first that applies, or all that apply."""

    take: Literal["first", "all"]
    clause: Clause


class PolicyFile(Part):
    """One city's decree as data, in the decree's order."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")
    title: Label
    document: Document
    status: Literal["in_force", "draft"]
    valid_from: date
    valid_to: date | None
    readings: Mapping[str, ReadingChoice]
    entitlement: Entitlement
    self_pay: SelfPay
    categories: Mapping[str, Category]
    classes: tuple[str, ...] = Field(
        default=(), description="classes that rates name although no category is in them under the chosen readings"
    )
    reclass: tuple[Reclass, ...] = ()
    bars: tuple[Bar, ...] = ()
    designated: ClauseOnly
    pools: Mapping[str, Pool]
    groups: Mapping[str, Group] = {}
    benefits: tuple[Benefit, ...]
    consultation_fee: FeeWaiver | None = None
    premium_subsidy: PremiumSubsidy
    deposit_waiver: ClauseOnly
    hospital_ratio: HospitalRatio | None = None
    early_warning: EarlyWarning
    disease_lists: Mapping[str, DiseaseList] = {}
