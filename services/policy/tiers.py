"""Premiums by tier (参保缴费档次), and figures that hold for all tiers or stand by tier.

In: what a file says. Out: a person's tier and its figure. A person has one tier a year: the first whose age bound holds on 1 January.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, TypeVar

from pydantic import Discriminator, Field, Tag

from services.policy.facts import age
from services.policy.parts import DatedYuan, Label, Part

T = TypeVar("T")

_DAY: Final = re.compile(r"[0-9]{4}-")
"""How the keys of a dated figure begin."""

_FIGURE, _TIERS = "[figure]", "[tiers]"
"""What a union's part is called; in brackets, so that no fault's path names it (`schemas/tree.py`)."""


def _form(value: Any) -> str:
    """Whether a figure is one for all, or one for each tier."""
    by_tier = isinstance(value, Mapping) and not all(_DAY.match(str(key)) for key in value)
    return _TIERS if by_tier else _FIGURE


ByTier = Annotated[Annotated[T, Tag(_FIGURE)] | Annotated[Mapping[str, T], Tag(_TIERS)], Discriminator(_form)]
"""A dated figure, or one for each tier."""


class Tier(Part):
    """Whoever pays one premium. `age_at_most`: whole years on 1 January; None: whoever is in no tier before it."""

    label: Label
    age_at_most: Annotated[int, Field(ge=0)] | None = None
    premium_yuan: DatedYuan


def is_by_tier(figures: Mapping[Any, Any]) -> bool:
    """Whether a figure stands by tier."""
    return _form(figures) == _TIERS


def tier_of(tiers: Mapping[str, Tier], born: date | None, year: int) -> str | None:
    """The tier of a person born on `born` in `year`; None where there is none, or his age, which decides, is not known.

    Whoever is born in the year itself is 0.
    """
    years = 0 if born is not None and born > date(year, 1, 1) else age(born, date(year, 1, 1))
    for name, tier in tiers.items():
        if tier.age_at_most is None:
            return name
        if years is None:
            return None
        if years <= tier.age_at_most:
            return name
    return None
