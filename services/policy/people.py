"""The people of a city's file: categories, who certifies them, from when until when they hold, what is paid of their premiums."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, WithJsonSchema

from schemas.codes import Subsidy
from schemas.own_codes import DECLARED
from services.policy.parts import Clause, DatedShare, DatedYuan, Label, Part
from services.policy.tiers import ByTier, Tier

TakesEffect = Literal["immediately", "next_month"]
"""On the day itself, or on the first of the month after it."""


def _word(code: str) -> str:
    if not re.fullmatch(DECLARED, code):
        raise ValueError("a code: 1 to 64 of A-Z, a-z, 0-9, _ and -, the first a letter or digit")
    return code


Word = Annotated[str, AfterValidator(_word), WithJsonSchema({"type": "string", "pattern": DECLARED})]
"""A condition, a kind of visit or an agency, of the contract or of the file's own; which there are, `checks_codes.py` knows."""


def _number(value: object) -> str:
    return "[one]" if isinstance(value, str) else "[several]"


Agencies = Annotated[Annotated[Word, Tag("[one]")] | Annotated[tuple[Word, ...], Tag("[several]")], Discriminator(_number)]
"""An agency, or a list of agencies."""


class Category(Part):
    """A status as this city knows it. Without a class it settles nothing, for the reason in `settles`.

    Attributes:
        certified_by: The agency that certifies it, or several, each by itself.
        expires_after_months: It ends so many months after a grant, or its renewal, took effect; None: it has no end of its own.
        grant_takes_effect: Goes before that of `entitlement`.
        subsidy_yuan, subsidy_percent: Of a subsidy that is not the whole premium the amount, or the share of the premium; for all, or by tier.
    """

    label: Label
    clause: Clause
    certified_by: Agencies
    klass: str | None = Field(default=None, alias="class")
    settles: Literal["figures_not_published", "category_without_direct_assistance"] | None = None
    figures_until: date | None = None
    expires_after_months: Annotated[int, Field(ge=1, le=1200)] | None = None
    grant_takes_effect: TakesEffect | None = None
    subsidy: Subsidy | None = None
    subsidy_yuan: ByTier[DatedYuan] | None = None
    subsidy_percent: ByTier[DatedShare] | None = None
    deposit_waived: bool

    @property
    def certifiers(self) -> tuple[str, ...]:
        """The agencies that certify it."""
        return (self.certified_by,) if isinstance(self.certified_by, str) else self.certified_by


class PremiumSubsidy(Part):
    """How premiums are subsidised; by how much stands with each category. `tiers`: the premiums, a person's is that of the first tier that fits."""

    clause: Clause
    paid_after_enrolment: bool
    waiting_period_waived: bool
    not_if_enrolled_before_grant: bool
    tiers: Mapping[str, Tier] = {}
