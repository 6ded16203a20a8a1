"""Claims: a person's newest results, and the sums of their city and year, moved by the difference between one revision and the next.

Amounts in fen. A claim's sums are a function of its newest revision alone, so that any order of persons, and any number of revisions, lead to the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

from schemas.districts import OTHER, county_of
from services.console.domain import places
from services.console.domain.desk import Desk

COMPONENTS = ("direct", "above_cap", "reassistance", "tilt")
REVISIONS_MAX = 20
"""Of how many of a claim's newest revisions the place in the ledger is kept."""

NOBODY = "-"
"""No category, or no district."""

DISTRICTS_MAX = 100
"""How many districts of a year a lane tells apart: whoever writes others into claims must not make a document grow."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim's newest revision.

    Attributes:
        first, last: Days of the visit, ISO; the sums go by the last.
        reason: Why nothing is paid; `reversed` for a reversed claim.
        components: What the fund pays, by `COMPONENTS`.
        share: Burden and policy-scope amount of a stay that counts in its hospital's year.
        offsets: Where the newest revisions lie in the ledger, the newest last.
    """

    region: str
    year: int
    sequence: int
    revision: int
    first: str
    last: str
    visit: str
    category: str | None
    reason: str | None
    self_pay: int
    components: tuple[int, ...]
    district: str | None
    share: tuple[int, int] | None
    offsets: tuple[int, ...] = ()

    @property
    def assistance(self) -> int:
        """What the fund pays together."""
        return sum(self.components)

    @property
    def is_reversed(self) -> bool:
        """Whether it counts no more."""
        return self.reason == "reversed"


def from_row(row: Sequence[Any]) -> Claim:
    """Back from a field's value."""
    *facts, components, district, share, offsets = row
    values = [*facts, tuple(components), district, tuple(share) if share else None, tuple(offsets)]
    return Claim(*values)


@dataclass(frozen=True, slots=True)
class Told:
    """A result of the ledger: whose, of which claim, where it lies, and the year's counters after it."""

    person_id: str
    key: str
    claim: Claim
    delta: int
    offset: int
    counters: dict[str, int]


def observe(desk: Desk, lane: int, told: Told) -> None:
    """Bring person, year and hospital forward by a result; one that is known already changes nothing."""
    person, field = places.person(lane, told.person_id), f"c:{told.key}"
    row = desk.get(person, field)
    known = None if row is None else from_row(row)
    if known is not None and told.claim.revision <= known.revision:
        return
    _check_form(desk, lane, told, known)
    told = replace(told, claim=replace(told.claim, district=_district(desk, lane, told.claim)))
    _know_year(desk, lane, told.claim)
    offsets = (*(known.offsets if known else ()), told.offset)[-REVISIONS_MAX:]
    desk.put(person, field, [*astuple(told.claim)[:-1], offsets])
    _move_year(desk, lane, told.claim, known)
    _move_hospital(desk, lane, told.key.partition("/")[0], told.claim, known)
    _move_person(desk, lane, person, told, known)


def _know_year(desk: Desk, lane: int, claim: Claim) -> None:
    """Keep which years a region has."""
    last, field = places.last(lane), f"years:{claim.region}"
    years = desk.get(last, field) or []
    if claim.year not in years:
        desk.put(last, field, sorted([*years, claim.year]))


def _district(desk: Desk, lane: int, claim: Claim) -> str | None:
    """The county of the claim's division code, as long as its year has room for another."""
    county = county_of(claim.district)
    if county in (None, OTHER):
        return county
    last, field = places.last(lane), f"districts:{claim.region}/{claim.year}"
    known = desk.get(last, field) or []
    if county not in known:
        if len(known) >= DISTRICTS_MAX:
            return OTHER
        desk.put(last, field, sorted([*known, county]))
    return county


def _check_form(desk: Desk, lane: int, told: Told, known: Claim | None) -> None:
    """Whether the ledger goes on where it stopped: revisions in a row, and deltas that add up to the amount."""
    expected, before = (known.revision + 1, known.assistance) if known else (0, 0)
    last = places.last(lane)
    results, faults = desk.get(last, "form") or (0, 0)
    good = told.claim.revision == expected and told.delta == told.claim.assistance - before
    desk.put(last, "form", [results + 1, faults + (not good)])


def _cells(claim: Claim) -> Iterator[tuple[str, list[int]]]:
    """What a claim adds to the sums of its year, by field."""
    if claim.is_reversed:
        yield "r:reversed", [1]
        return
    assisted = int(claim.assistance > 0)
    yield f"m:{claim.last[:7]}/{claim.category or NOBODY}", [1, assisted, claim.self_pay, *claim.components]
    yield f"r:{claim.reason or 'assisted'}", [1]
    yield f"d:{claim.district or NOBODY}", [1, assisted, claim.self_pay, claim.assistance]


def _move_year(desk: Desk, lane: int, claim: Claim, known: Claim | None) -> None:
    document = places.year(lane, claim.region, claim.year)
    for field, amounts in _cells(known) if known else ():
        _add(desk, document, field, [-amount for amount in amounts])
    for field, amounts in _cells(claim):
        _add(desk, document, field, amounts)


def _move_hospital(desk: Desk, lane: int, hospital: str, claim: Claim, known: Claim | None) -> None:
    """A hospital's claims, assistance, and of the stays that count their number, burden and policy-scope amount."""
    document = places.hospitals(lane, claim.region, claim.year)
    if known:
        _add(desk, document, hospital, [-amount for amount in _hospital_cell(known)])
    _add(desk, document, hospital, _hospital_cell(claim))


def _hospital_cell(claim: Claim) -> list[int]:
    if claim.is_reversed:
        return [0, 0, 0, 0, 0]
    return [1, claim.assistance, *((1, *claim.share) if claim.share else (0, 0, 0))]


def _move_person(desk: Desk, lane: int, person: str, told: Told, known: Claim | None) -> None:
    """The person's year: its counters now, claims that stand, assistance; and how many people the year has."""
    claim = told.claim
    field = f"y:{claim.region}/{claim.year}"
    _, claims, assistance = desk.get(person, field) or ({}, 0, 0)
    stands, stood = int(not claim.is_reversed), int(known is not None and not known.is_reversed)
    after = claims + stands - stood, assistance + claim.assistance - (known.assistance if known else 0)
    desk.put(person, field, [told.counters, *after])
    moved = [int(after[0] > 0) - int(claims > 0), int(after[1] > 0) - int(assistance > 0)]
    if any(moved):
        _add(desk, places.year(lane, claim.region, claim.year), "p", moved)


def _add(desk: Desk, document: str, field: str, amounts: Sequence[int]) -> None:
    """Add to a cell; one that is all nothing again is taken away."""
    before = desk.get(document, field) or [0] * len(amounts)
    after = [old + new for old, new in zip(before, amounts, strict=True)]
    desk.put(document, field, after if any(after) else None)
