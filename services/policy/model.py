"""What a city's file may hold. Strict: an unknown key, a missing clause or a figure out of range is refused with file, line and key."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal, Self, get_args

from pydantic import BeforeValidator, Field, model_validator

from schemas.codes import HospitalGrade, VisitType
from schemas.fields import Id
from services.policy.benefits import Bar, Benefit, Group, Pool, Reclass
from services.policy.parts import Clause, DatedShare, Day, Figure, Label, Part, Some, is_day
from services.policy.people import Category, PremiumSubsidy, TakesEffect, Word


class Document(Part):
    """The decree."""

    number: str
    title: str
    issued: Day | None
    checked_on: Day
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

    grant_takes_effect: TakesEffect
    loss_takes_effect: TakesEffect
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


class FeeWaiver(Part):
    """A consultation fee that assisted persons do not pay."""

    clause: Clause
    visit_types: Some[Word]


class HospitalRatio(Part):
    """Hospital control: the share of the policy-scope amount that may be left to assisted persons."""

    clause: Clause
    limit_percent: DatedShare
    basis: Literal["personal_burden", "with_out_of_scope"]


class EarlyWarning(Part):
    """What asks for early warning, and which burden is watched."""

    clause: Clause
    burden_basis: Literal["after_assistance", "before_assistance"]
    audience: Some[Word]


def _grades(value: object) -> object:
    """A grade that is not dated has always been it."""
    return value if isinstance(value, Mapping) and all(is_day(key) for key in value) else {date.min: value}


Grades = Annotated[Mapping[Day, HospitalGrade], BeforeValidator(_grades)]


class Designation(Part):
    """From when until when a hospital is designated (定点), and its grade, dated where it changed; no `to`: still, no grade: ungraded."""

    from_: Day = Field(alias="from")
    to: Day | None = None
    grade: Grades = Field(default_factory=dict)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.to is not None and self.to < self.from_:
            raise ValueError("`to` a day not before `from`")
        return self


class Designated(Part):
    """A dated list of designated hospitals."""

    hospitals: Mapping[Id, Designation]


class DiseaseList(Part):
    """A list of diseases that the decree prints or refers to: data for the reader; the hospital's mark on the claim is trusted."""

    clause: Clause
    label: Label
    diseases: Mapping[str, str] | tuple[str, ...]


class VisitKind(Part):
    """A kind of visit of the region's own. `like`: the one whose dates a claim of it has; like a stay, the rules for stays hold for it."""

    label: Label
    like: VisitType


class PolicyFile(Part):
    """One city's decree as data, in the decree's order."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")
    title: Label
    document: Document
    status: Literal["in_force", "draft"]
    valid_from: Day
    valid_to: Day | None
    readings: Mapping[str, ReadingChoice]
    figures: Mapping[str, Figure] = {}
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
    conditions: Mapping[Word, Label] = Field(
        default={}, description="conditions besides the contract's, which claims of the region may carry"
    )
    agencies: Mapping[Word, Label] = Field(default={}, description="agencies of the region besides the contract's")
    visit_kinds: Mapping[Word, VisitKind] = Field(default={}, description="kinds of visit besides the contract's")

    def visit_types(self) -> tuple[str, ...]:
        """The kinds of visit that claims of the region may be of: the contract's, then its own."""
        return (*get_args(VisitType), *self.visit_kinds)

    def like(self, kind: str) -> VisitType:
        """The contract's kind of visit that `kind` is, or is like.

        Raises:
            KeyError: Neither the contract nor this file knows it.
        """
        return next((known for known in get_args(VisitType) if known == kind), None) or self.visit_kinds[kind].like
