"""How a city's file declares what the fund pays: conditions, pools, rates, benefits, in the order of payment."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from schemas.codes import ComponentKind, HospitalGrade, InsuranceType, NotAssisted, Referral
from schemas.money import Fen, fen_from_yuan
from services.policy.parts import ByClass, Clause, DatedPoints, DatedShare, DatedYuan, Day, Label, Part, Share, Some, Yuan, is_day

SimpleBase = Literal["self_pay", "self_pay_below_cap", "above_cap", "burden_left", "excess_over_limit", "whole_burden"]
"""What a rate may apply to without further figures."""


class When(Part):
    """To which claims something applies; what is left out holds for all, what is there holds together. Of `any_of` one is enough."""

    classes: Some[str] | None = None
    visit_types: Some[str] | None = None
    insurance: Some[InsuranceType] | None = None
    referral: Some[Referral] | None = None
    in_province: bool | None = None
    in_county: bool | None = None
    districts: Some[str] | None = None
    hospital_grades: Some[HospitalGrade] | None = None
    conditions: Some[str] | None = None
    without_conditions: Some[str] | None = None
    age_at_most: int | None = Field(default=None, ge=0, le=150)
    age_on: Literal["service", "application"] = "service"
    applied: bool | None = None
    self_pay_over_yuan: DatedYuan | None = None
    limit_reached: str | None = None
    sum_over: Annotated[Mapping[str, DatedYuan], Field(min_length=1)] | None = None
    any_of: Some["When"] | None = None


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
    """A counter of a person-year. Claims that `visit_types` and `when` leave out neither use it nor are limited by it.

    Attributes:
        counts: What adds to it; `assisted` and `times` are those that benefits keep for themselves, and stand in no file.
        claims_of: Of burden: only the claims that this benefit applies to, as far as claim and person decide it.
    """

    label: Label
    clause: Clause
    counts: Literal["payment", "self_pay", "deductible", "burden", "assisted", "times"]
    visit_types: Some[str] | None = None
    when: When | None = None
    claims_of: str | None = None
    limit_yuan: ByClass | None = None


def _once(value: object) -> object:
    """A table whose keys are other texts, and other amounts too.

    Raises:
        ValueError: One amount in two ways of writing.
    """
    begins = [fen_from_yuan(key) for key in value if isinstance(key, str)] if isinstance(value, Mapping) else []
    if len(set(begins)) < len(begins):
        raise ValueError("each amount once, however it is written")
    return value


BandTable = Annotated[Mapping[Yuan, Share], BeforeValidator(_once), Field(min_length=1)]


def _bands(value: object) -> str:
    return "[dated]" if isinstance(value, Mapping) and all(is_day(key) for key in value) else "[plain]"


class Rate(Part):
    """Up to three rates, and which of them counts; or `bands`: rates by the amount from which each holds, of a claim or of a year's sum."""

    class_percent: Mapping[str, DatedShare] | None = None
    condition_percent: Mapping[str, DatedShare] | None = None
    flat_percent: DatedShare | None = None
    take: Literal["highest", "class", "condition", "flat"] = "highest"
    bands: (
        Annotated[Annotated[BandTable, Tag("[plain]")] | Annotated[Mapping[Day, BandTable], Tag("[dated]")], Discriminator(_bands)] | None
    ) = None
    of: str = "claim"

    @property
    def band_tables(self) -> Mapping[date, Mapping[Fen, int]]:
        """The bands over time; a table without dates has always held."""
        table = self.bands or {}
        dated = {day: bands for day, bands in table.items() if isinstance(day, date) and isinstance(bands, Mapping)}
        plain = {Fen(begins): share for begins, share in table.items() if isinstance(begins, int) and isinstance(share, int)}
        return dated or ({date.min: plain} if plain else {})


class Modifier(Part):
    """A change of the rate, in percentage points or relative to it."""

    when: When
    percent: DatedPoints
    counted: Literal["points", "relative"] = "points"
    applies: bool = True
    clause: Clause


class Excess(Part):
    """The part of a sum above a threshold as it arises; `per` claim: this claim's own part above it."""

    sum: str
    over_yuan: DatedYuan
    per: Literal["year", "claim"] = "year"


class VisitDeductible(Part):
    """A deductible that each claim meets anew, by class."""

    per: Literal["visit"]
    yuan: ByClass


def _form(value: object) -> str:
    return "[name]" if isinstance(value, str) else "[form]"


Base = Annotated[Annotated[SimpleBase, Tag("[name]")] | Annotated[Excess, Tag("[form]")], Discriminator(_form)]
Deductible = Annotated[Annotated[str, Tag("[name]")] | Annotated[VisitDeductible, Tag("[form]")], Discriminator(_form)]


class Benefit(Part):
    """One kind of payment: a rate of a base, or a lump sum (`fixed_yuan`). Benefits pay in the order of the file."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    kind: ComponentKind
    label: Label
    clause: Clause | Annotated[Mapping[str, Clause], Field(min_length=1)]
    when: When = When()
    unless: When | None = None
    base: Base | None = None
    deductible: Deductible | None = None
    rate: Rate | None = None
    fixed_yuan: ByClass | None = None
    times_a_year: int | None = Field(default=None, ge=1, le=1000)
    modifiers: tuple[Modifier, ...] = ()
    limited_by: tuple[str, ...]
    group: str | None = None
    replaced_by: tuple[str, ...] = ()

    @property
    def excess(self) -> Excess | None:
        """The sum that its base is a part of, if it is one."""
        return self.base if isinstance(self.base, Excess) else None

    @property
    def pool(self) -> str | None:
        """The pool of its deductible, if it has one of the year."""
        return self.deductible if isinstance(self.deductible, str) else None


class Group(Part):
    """Benefits of which a claim gets the first that applies, or all that apply."""

    take: Literal["first", "all"]
    clause: Clause
