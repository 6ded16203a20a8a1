"""Codes in a policy file: every condition, kind of visit and agency that a rule names is known, every one that the file declares is named.

In: a file that has the right shape. Out: its faults, each with its path. Known is what the contract lists and what the file itself declares. Not here:
classes, pools and other names of the file's own (`checks.py`).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from schemas.codes import Agency, Condition, InsuranceType, PaymentMethod, Referral, VisitType
from services.policy.model import DiseaseList, PolicyFile
from services.policy.parts import Part
from services.policy.tree import Path

Fault = tuple[Path, str]

CONTRACT: Final[Mapping[str, tuple[str, ...]]] = {
    "conditions": get_args(Condition),
    "agencies": get_args(Agency),
    "visit_kinds": get_args(VisitType),
}
"""By the name under which a file declares more of them, what the contract lists."""

TAKEN: Final = frozenset(code for codes in (*CONTRACT.values(), *map(get_args, (InsuranceType, PaymentMethod, Referral))) for code in codes)
"""What no region may declare: a code means one thing, on whatever list it stands."""

NAMED: Final[Mapping[str, str]] = {
    "visit_types": "visit_kinds",
    "conditions": "conditions",
    "without_conditions": "conditions",
    "condition_percent": "conditions",
    "certified_by": "agencies",
    "audience": "agencies",
}
"""The keys, in whatever part of a file, that hold such codes, and of which list."""

WORDS: Final[Mapping[str, str]] = {"conditions": "a condition", "agencies": "an agency", "visit_kinds": "a kind of visit"}


def faults_of(file: PolicyFile) -> Iterator[Fault]:
    """Every code that nobody knows, and every declared one that says nothing."""
    named = list(_named(file, ()))
    for path, name, code in named:
        known = [*CONTRACT[name], *getattr(file, name)]
        if code not in known:
            yield path, f"{WORDS[name]} of the contract ({', '.join(CONTRACT[name])}) or one declared under {name}; {code} is none"
    used = {(name, code) for _, name, code in named} | {("conditions", code) for code in _listed(file)}
    for name in CONTRACT:
        for code in getattr(file, name):
            if code in TAKEN:
                yield (name, code), "a code of its own, not one of the contract's"
            elif sum(code in getattr(file, other) for other in CONTRACT) > 1:
                yield (name, code), "a code that is declared once"
            elif (name, code) not in used:
                yield (name, code), "to be named by a rule of this file; leave it out until then"


def _named(value: Any, path: Path) -> Iterator[tuple[Path, str, str]]:
    """Every code that stands in a rule: where, of which list, and what it is."""
    if isinstance(value, Part):
        for key, field in type(value).model_fields.items():
            told = (*path, field.alias or key)
            if key in NAMED and not isinstance(value, PolicyFile):
                yield from ((told, NAMED[key], code) for code in _codes(getattr(value, key)))
            else:
                yield from _named(getattr(value, key), told)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _named(item, (*path, str(key)))
    elif isinstance(value, tuple):
        for place, item in enumerate(value):
            yield from _named(item, (*path, place))


def _codes(value: str | tuple[str, ...] | Mapping[str, Any] | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def _listed(file: PolicyFile) -> Iterator[str]:
    """The codes of the lists of diseases, which are for the reader."""
    for known in file.disease_lists.values():
        if isinstance(known, DiseaseList) and isinstance(known.diseases, Mapping):
            yield from known.diseases
