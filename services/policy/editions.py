"""What of a city's file settles claims, and what stands there for its readers alone: a mended label must stop no year, and must not go unseen.

In: a checked file, its readings, its list of hospitals. Out: its content as digests see it. A key that is new to the model settles until `BESIDE` says
otherwise, and one that stands as its default changes no edition.
"""

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson

from services.policy.benefits import Bar, Benefit, Group, Modifier, Pool, Reclass
from services.policy.model import ClauseOnly, Designation, Entitlement, FeeWaiver, PolicyFile, ShareOfTotal, VisitKind
from services.policy.parts import Figure, Part, is_day
from services.policy.people import Category
from services.policy.sums import read_by, sums_of

BESIDE: Mapping[type[Part], frozenset[str]] = {
    PolicyFile: frozenset({
        "title", "document", "readings", "classes", "designated", "premium_subsidy", "deposit_waiver", "hospital_ratio", "early_warning", "disease_lists",
        "conditions", "agencies",
    }),
    Entitlement: frozenset({"clause"}),
    ShareOfTotal: frozenset({"clause"}),
    ClauseOnly: frozenset({"clause"}),
    Category: frozenset({"label", "clause", "certified_by", "subsidy", "subsidy_yuan", "subsidy_percent", "deposit_waived"}),
    VisitKind: frozenset({"label", "like"}),  # a claim tells by its dates whether it is of a stay
    FeeWaiver: frozenset({"clause"}),
    Reclass: frozenset({"clause"}),
    Bar: frozenset({"clause"}),
    Pool: frozenset({"label", "clause"}),
    Modifier: frozenset({"clause"}),
    Benefit: frozenset({"label"}),
    Group: frozenset({"clause"}),
    Figure: frozenset({"label", "clause"}),
}  # fmt: skip
"""The keys that no result of a settlement hangs on. A benefit's clause is none of them: it stands in every component that is paid by it."""

_IN_ORDER = frozenset({"limited_by"})
"""Lists of names whose order counts; of all others only what is in them does."""


def settling(file: PolicyFile, readings: Mapping[str, Any], hospitals: Mapping[str, Designation] | None) -> dict[str, Any]:
    """All that a settlement hangs on. The table's order is part of it, for of categories that give the same the first is settled by."""
    content = _settling(file)
    sums = sums_of(file)
    content["pools"] = {name: _sum_of(file, name, pool) if name in sums else pool for name, pool in content["pools"].items()}
    content["categories"] = list(content["categories"].items())
    content["entitlement"]["expires_at_year_end"] = sorted(file.entitlement.expires_at_year_end)
    content["readings"] = {name: str(value) for name, value in readings.items()}  # results name them
    spans = {name: _span(listed) for name, listed in (hospitals or {}).items()}
    return {**content, "hospitals": None if hospitals is None else spans}


def _span(listed: Designation) -> dict[str, Any]:
    grades = [{"grade": grade} | ({"from": str(day)} if day > date.min else {}) for day, grade in sorted(listed.grade.items())]
    return {"from": str(listed.from_), "to": listed.to and str(listed.to), **({"grades": grades} if grades else {})}


def whole_before(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A file's data as they stood before a missing limit and the claims of a burden were said aloud, whose hash was its edition until November 2026."""
    return {**raw, "pools": {name: _pool_before(pool) for name, pool in raw["pools"].items()}}


def _pool_before(pool: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in pool.items() if key != "claims_of"}
    if isinstance(limits := pool.get("limit_yuan"), Mapping):
        kept["limit_yuan"] = {klass: figures for klass, figures in limits.items() if figures is not None}
    return kept


def _sum_of(file: PolicyFile, name: str, pool: dict[str, Any]) -> dict[str, Any]:
    """A burden as the digest has it. One of the claims of its only reader says nothing of it, for until November 2026 there was no other.

    So the hash of a file that was there before is what it was, and a worker of the version before finds the edition that a newer one has told.
    """
    readers = [benefit.id for benefit in file.benefits if name in read_by(benefit)]
    if pool.get("claims_of") is None:
        return {**pool, "claims_of": "all"}
    return {key: value for key, value in pool.items() if key != "claims_of"} if [pool["claims_of"]] == readers else pool


def wording(file: PolicyFile) -> Any:
    """All the rest."""
    return {**_beside(file), "expires_at_year_end": dict(file.entitlement.expires_at_year_end)}


def digest(value: Any) -> str:
    """A hash of plain content, whatever the order of its keys."""
    return hashlib.blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()


def _settling(value: Any, name: str = "") -> Any:
    """`value`, which stands under `name`, without what is beside the settlement and what is left at its default."""
    if isinstance(value, Part):
        kept = [key for key in type(value).model_fields if key not in BESIDE.get(type(value), ())]
        return {key: _settling(getattr(value, key), key) for key in kept if not _is_default(value, key)}
    if isinstance(value, Mapping):
        says = value.get("default") is not None  # then a null is a class that has none, else what is left out has none as well
        return {str(key): _settling(item) for key, item in value.items() if item is not None or says}
    if isinstance(value, tuple):
        items = [_settling(item) for item in value]
        return sorted(items) if name not in _IN_ORDER and all(isinstance(item, str) for item in items) else items
    return str(value) if isinstance(value, date) else value


def _beside(value: Any) -> Any:
    """What of `value` is beside the settlement; nothing where nothing is."""
    if isinstance(value, Part):
        beside = BESIDE.get(type(value), frozenset())
        parts = {key: _beside(getattr(value, key)) for key in type(value).model_fields if key not in beside}
        return value.model_dump(mode="json", include=set(beside)) | {key: part for key, part in parts.items() if part}
    if isinstance(value, Mapping):
        return {str(key): part for key, item in value.items() if (part := _beside(item))}
    return [_beside(item) for item in value] if isinstance(value, tuple) else None


def _is_default(part: Part, key: str) -> bool:
    return bool(getattr(part, key) == type(part).model_fields[key].default)


def dates(value: Any) -> set[date]:
    """Every date at which a figure begins."""
    if _is_dated(value):
        return {date.fromisoformat(key) for key in value}
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set().union(*(dates(item) for item in items)) if items else set()


def until(value: Any, last: date) -> Any:
    """`value` as it stands for days up to `last`: without figures and hospitals that begin later, without ends that come later."""
    if _is_dated(value):
        return {key: item for key, item in value.items() if date.fromisoformat(key) <= last}
    if isinstance(value, list):
        return [until(item, last) for item in value if not _comes_later("", item, last)]
    if not isinstance(value, dict):
        return value
    return {key: until(item, last) for key, item in value.items() if not _comes_later(key, item, last)}


def _is_dated(value: Any) -> bool:
    """Whether `value` is a figure over time: a mapping from dates."""
    return isinstance(value, dict) and bool(value) and all(is_day(key) for key in value)


def _comes_later(key: str, item: Any, last: date) -> bool:
    """Whether an entry tells nothing of days up to `last`: a hospital designated later, or an end that is not before it."""
    if key in ("to", "valid_to", "figures_until"):
        return item is None or (is_day(item) and date.fromisoformat(item) >= last)
    begins = item.get("from") if isinstance(item, dict) else None
    return is_day(begins) and date.fromisoformat(str(begins)) > last
