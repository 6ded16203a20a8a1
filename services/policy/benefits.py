"""How a city's file declares what the fund pays: conditions, pools, rates, benefits, in the order of payment."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from schemas.codes import ComponentKind, InsuranceType, NotAssisted, Referral
from services.policy.parts import Clause, DatedPoints, DatedShare, DatedYuan, Label, Part

SimpleBase = Literal["self_pay", "self_pay_below_cap", "above_cap", "burden_left", "excess_over_limit"]
"""What a rate may apply to without further figures."""


class When(Part):
    """To which claims something applies; what is left out holds for all."""

    classes: tuple[str, ...] | None = None
    visit_types: tuple[str, ...] | None = None
    insurance: tuple[InsuranceType, ...] | None = None
    referral: tuple[Referral, ...] | None = None
    in_province: bool | None = None
    conditions: tuple[str, ...] | None = None
    without_conditions: tuple[str, ...] | None = None
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
    visit_types: tuple[str, ...] | None = None
    limit_yuan: Mapping[str, DatedYuan] | None = None


class Rate(Part):
    """Up to three rates, and which of them counts."""

    class_percent: Mapping[str, DatedShare] | None = None
    condition_percent: Mapping[str, DatedShare] | None = None
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
    kind: ComponentKind
    label: Label
    clause: Clause | Mapping[str, Clause]
    when: When = When()
    unless: When | None = None
    base: SimpleBase | Excess
    deductible: str | None = None
    rate: Rate
    modifiers: tuple[Modifier, ...] = ()
    limited_by: tuple[str, ...]
    group: str | None = None
    replaced_by: tuple[str, ...] = ()


class Group(Part):
    """Benefits of which a claim gets the first that applies, or all that apply."""

    take: Literal["first", "all"]
    clause: Clause
