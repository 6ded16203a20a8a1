"""Monitoring's state as documents of a view: persons and hospitals to fields and back.

- `m/<person>`: `timeline`, a field `c:<claim>` for each claim, `y:<region>/<year>` for a year's counters, `r:<region>/<claim>` for a reversal that
  waits, `d:<region>/<year>/<claim>` for refused duplicates.
- `h/<hospital>`: `t:<region>/<year>` for the sums of a year. `s/<hospital>`: a field for each claim's share.
- `m/` and `h/`: a field `w:<warning id>` for each warning ever said.

Every field begins with the format's number.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import date
from operator import attrgetter
from typing import Any

from schemas.monitoring import HospitalShare
from services.monitoring.adapters.format import read, written
from services.monitoring.domain.facts import ClaimFacts, Person, Refusals, Status
from services.monitoring.domain.hospitals import Hospital, HospitalYear, Share
from services.monitoring.domain.observed import Nothing, Observation
from services.monitoring.domain.warnings import Figure, Open, Said
from services.policy.entitlement import Interval
from services.runtime.folding import Changes
from services.runtime.formats import readable
from services.runtime.records import Document

_CLAIM_FIELDS = attrgetter(*(field.name for field in fields(ClaimFacts) if field.name != "key"))
Wanted = dict[str, tuple[str, ...] | None]


def person_key(person_id: str) -> str:
    """The document of a person."""
    return f"m/{person_id}"


def hospital_key(hospital_id: str) -> str:
    """The document of a hospital's sums and warnings."""
    return f"h/{hospital_id}"


def shares_key(hospital_id: str) -> str:
    """The document of a hospital's shares."""
    return f"s/{hospital_id}"


def wanted(observations: Iterable[Observation]) -> Wanted:
    """The documents that observations touch: of a hospital's shares only their claims'."""
    documents: Wanted = {}
    for seen in observations:
        if isinstance(seen.data, HospitalShare):
            documents[hospital_key(seen.home)] = None
            claims = documents.get(shares_key(seen.home)) or ()
            documents[shares_key(seen.home)] = tuple(dict.fromkeys((*claims, seen.data.claim)))
        elif not isinstance(seen.data, Nothing):
            documents[person_key(seen.home)] = None
    return documents


def decode_person(person_id: str, documents: Mapping[str, Document]) -> Person:
    """The person in his document; without one nobody known.

    Raises:
        Unreadable: A field is of another format, or broken.
    """
    document = documents.get(person_key(person_id), {})
    timeline = document.get("timeline")
    with readable("a person of monitoring's"):
        return Person(
            person_id,
            _status(timeline) if timeline is not None else Status(),
            {name: _claim(name, value) for name, value in _fields(document, "c:")},
            {_year_key(name): read(value) for name, value in _fields(document, "y:")},
            {name: _date(read(value)) for name, value in _fields(document, "r:")},
            {name: _refusals(value) for name, value in _fields(document, "d:")},
            {name: said_from(value) for name, value in _fields(document, "w:")},
        )


def decode_hospital(hospital_id: str, documents: Mapping[str, Document]) -> Hospital:
    """The hospital, with the shares that were loaded.

    Raises:
        Unreadable: A field is of another format, or broken.
    """
    document = documents[hospital_key(hospital_id)]
    shares = documents.get(shares_key(hospital_id), {})
    with readable("a hospital of monitoring's"):
        return Hospital(
            hospital_id,
            {name: Share(*read(value)) for name, value in shares.items()},
            {_year_key(name): _hospital_year(value) for name, value in _fields(document, "t:")},
            {name: said_from(value) for name, value in _fields(document, "w:")},
        )


def encode_person(before: Person, after: Person) -> Changes:
    """The fields that changed."""
    changed: dict[str, bytes | None] = {}
    if after.status is not before.status:
        changed["timeline"] = _status_bytes(after.status)
    changed |= {f"c:{name}": _claim_bytes(claim) for name, claim in _new(before.claims, after.claims)}
    changed |= {f"y:{region}/{year}": written(counters) for (region, year), counters in _new(before.counters, after.counters)}
    changed |= {f"r:{name}": written(on) for name, on in _new(before.waiting, after.waiting)}
    changed |= {f"r:{name}": None for name in before.waiting if name not in after.waiting}
    changed |= {f"d:{name}": _refusals_bytes(refused) for name, refused in _new(before.conflicts, after.conflicts)}
    changed |= {f"w:{name}": said_bytes(said) for name, said in _new(before.said, after.said)}
    return {person_key(after.person_id): changed}


def encode_hospital(before: Hospital, after: Hospital) -> Changes:
    """The fields that changed."""
    changed: dict[str, bytes | None] = {
        f"t:{region}/{year}": _hospital_year_bytes(sums) for (region, year), sums in _new(before.years, after.years)
    }
    changed |= {f"w:{name}": said_bytes(said) for name, said in _new(before.said, after.said)}
    shares = {
        name: written([share.revision, share.stays, share.burden_fen, share.scope_fen]) for name, share in _new(before.shares, after.shares)
    }
    return {hospital_key(after.hospital_id): changed, shares_key(after.hospital_id): shares}


def said_bytes(said: Said) -> bytes:
    """What was said of a warning, as a field."""
    told = said.open and [said.open.level, said.open.audience, [*said.open.measure], [*said.open.threshold], said.open.clause]
    return written([said.episode, said.records, said.closed, told])


def said_from(value: bytes) -> Said:
    """Back from `said_bytes`."""
    episode, records, closed, told = read(value)
    if told is None:
        return Said(episode, records, None, closed)
    level, audience, measure, threshold, clause = told
    return Said(episode, records, Open(level, tuple(audience), Figure(*measure), Figure(*threshold), clause), closed)


def _fields(document: Document, prefix: str) -> list[tuple[str, bytes]]:
    return [(name[len(prefix) :], value) for name, value in document.items() if name.startswith(prefix)]


def _new(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> list[tuple[Any, Any]]:
    """What is not as it was. Nothing is ever forgotten but a reversal's waiting."""
    return [] if after is before else [(name, value) for name, value in after.items() if before.get(name) is not value]


def _year_key(name: str) -> tuple[str, int]:
    region, year = name.split("/")
    return region, int(year)


def _status(value: bytes) -> Status:
    revision, intervals, died_on = read(value)
    known = (
        Interval(region, category, _date(start), _day(to), _day(lost_on), *why) for region, category, start, to, lost_on, *why in intervals
    )
    return Status(revision, tuple(known), _day(died_on))


def _status_bytes(status: Status) -> bytes:
    return written([status.revision, [tuple(interval) for interval in status.intervals], status.died_on])


def _claim(key: str, value: bytes) -> ClaimFacts:
    region, year, sequence, revision, first, last, *rest = read(value)
    return ClaimFacts(key, region, year, sequence, revision, _date(first), _date(last), *rest)


def _claim_bytes(claim: ClaimFacts) -> bytes:
    return written(_CLAIM_FIELDS(claim))


def _refusals_bytes(refusals: Refusals) -> bytes:
    return written([refusals.count, sorted(refusals.newest.items())])


def _refusals(value: bytes) -> Refusals:
    count, newest = read(value)
    return Refusals(count, dict(newest))


def _hospital_year_bytes(sums: HospitalYear) -> bytes:
    return written([sums.stays, sums.burden_fen, sums.scope_fen, sums.newest])


def _hospital_year(value: bytes) -> HospitalYear:
    stays, burden_fen, scope_fen, newest = read(value)
    return HospitalYear(stays, burden_fen, scope_fen, tuple(newest))


def _date(text: str) -> date:
    return date.fromisoformat(text)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
