"""Codes that a region's policy file declares besides the contract's lists: conditions, kinds of visit, agencies.

In: what the regions declare. Out: the types of fields that hold such codes. Promise: a code that neither the contract nor the event's own region knows is
refused as any unknown code. What we wrote ourselves is read whatever code stands in it (`EVERY`): a region may drop one that its ledger still names.
Not here: what a declared code does (`services/policy/`).
"""

import re
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, NamedTuple, get_args

from pydantic import Field, ValidationInfo

DECLARED: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
"""What a declared code looks like."""

Declared = Annotated[str, Field(pattern=DECLARED)]
"""A code of the contract, or one that looks like a declared one."""

Name = Literal["conditions", "visit_kinds", "agencies"]
"""The lists that a region may add to, as its file calls them."""


class OwnCodes(NamedTuple):
    """What one region declares. `visit_kinds`: each kind of visit, and whether it is a stay, with an admission and a discharge."""

    conditions: frozenset[str] = frozenset()
    visit_kinds: Mapping[str, bool] = MappingProxyType({})
    agencies: frozenset[str] = frozenset()


Regions = Mapping[str, OwnCodes]
"""By region; one that declares nothing is not in it."""

NO_REGION: Final[Regions] = MappingProxyType({})
EVERY: Final = "every declared code"
"""Given to a model instead of `Regions`: whatever looks like a declared code is taken for one."""

BY_REGION: Final = {"x-declared": "by the policy file of the region"}
"""In a JSON Schema: that this choice is for declared codes alone."""

_FORM: Final = re.compile(DECLARED)


def stands_for_stay(own: Regions, region: str, visit_type: str) -> bool:
    """Whether a kind of visit that the contract or the region knows is a stay."""
    if visit_type == "inpatient":
        return True
    declared = own.get(region)
    return declared is not None and declared.visit_kinds.get(visit_type, False)


def code_of(codes: Any, name: Name) -> Callable[[object, ValidationInfo], str]:
    """A validator for one of `codes` (a Literal) or a declared one of the list `name`."""
    listed = get_args(codes)
    known = frozenset(listed)

    def check(value: object, info: ValidationInfo) -> str:
        if isinstance(value, str) and (value in known or _declares(info, name, value)):
            return value
        *first, last = map(repr, (*listed, *_declared(info, name)))
        raise ValueError(f"Input should be {', '.join(first)} or {last}")

    return check


def code_set(codes: Any, name: Name) -> Callable[[object, ValidationInfo], tuple[str, ...]]:
    """A validator for lists of such codes whose order and repetitions do not count: a sorted tuple comes out."""
    known = frozenset(get_args(codes))

    def normalise(value: object, info: ValidationInfo) -> tuple[str, ...]:
        if isinstance(value, list | tuple) and all(
            isinstance(code, str) and (code in known or _declares(info, name, code)) for code in value
        ):
            return tuple(sorted(set(value)))
        raise ValueError("a list of: " + ", ".join(sorted({*known, *_declared(info, name)})))

    return normalise


def schema_of(codes: Any) -> dict[str, Any]:
    """The JSON Schema of one of `codes` or a declared one; which are declared, only a region's policy file tells."""
    return {"anyOf": [{"type": "string", "enum": list(get_args(codes))}, {"type": "string", "pattern": DECLARED, **BY_REGION}]}


def _declares(info: ValidationInfo, name: Name, code: str) -> bool:
    """Whether the event's region declares `code`; asked of what is not in the contract alone."""
    return _FORM.fullmatch(code) is not None if info.context is EVERY else code in _declared(info, name)


def _declared(info: ValidationInfo, name: Name) -> Collection[str]:
    """What the region of the event that is being read declares; nothing of a region that could not be read."""
    if info.context is None or info.context is EVERY:
        return ()
    own: OwnCodes | None = info.context.get(info.data.get("region"))
    return () if own is None else getattr(own, name)
