"""Settlement's state as documents of a view: persons and years to fields and back.

- `p/<person>`: `timeline`, a field `y:<region>/<year>` for each year with claims, `w:<region>/<claim>` for each waiting reversal.
- `y/<person>/<region>/<year>`: the counters in fen, readable, and `_format`, `_sequence`, `_edition`, `_readings`, `_through`; `_behind` while it is that.
- `c/<person>/<region>/<year>`: a field for each claim, its last figures and its facts, of which only what the key does not say (`claim_record.py`).
- the index: `<hospital>/<claim>` to its holder.

Every field begins with the format's number, but for the counters, whose document says it in `_format`, and for the index, whose keys alone do.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from schemas.times import day_from_text
from services.policy.entitlement import Status
from services.runtime.errors import Unreadable
from services.runtime.folding import Changes
from services.runtime.formats import BROKEN, readable, why_unreadable
from services.runtime.records import Document
from services.settlement.adapters.claim_record import record_bytes, record_in
from services.settlement.adapters.format import FORMAT_OF_YEAR, YES
from services.settlement.adapters.person_fields import status_in, timeline_bytes, waiting_bytes, waiting_in, waiting_json
from services.settlement.domain import Person, PersonYear, YearKey

NO_YEAR = PersonYear()
BEHIND = "_behind"
"""The field of a year that is behind."""


def person_key(person_id: str) -> str:
    """The document of a person."""
    return f"p/{person_id}"


def year_keys(person_id: str, region: str, year: int) -> tuple[str, str]:
    """The documents of a person-year: counters and claims."""
    place = f"{person_id}/{region}/{year}"
    return f"y/{place}", f"c/{place}"


def waiting_place(key: bytes) -> tuple[str, str]:
    """The document and field that a record of `settlement.waiting.v1` sets, by its key: of a reversal that waits, or of a year that is behind.

    Raises:
        ValueError: It is neither.
    """
    parts = key.decode().split("/")
    if len(parts) == 3:
        region, year, person = parts
        return year_keys(person, region, int(year))[0], BEHIND
    hospital, claim, person, region = parts
    return person_key(person), f"w:{region}/{hospital}/{claim}"


def person_of_waiting(key: bytes) -> str:
    """Whose record of `settlement.waiting.v1` it is.

    Raises:
        ValueError: It is nobody's.
    """
    return waiting_place(key)[0].split("/")[1]


def years_in(document: Document) -> list[YearKey]:
    """The years with claims that a person's document names.

    Raises:
        Unreadable: It is broken.
    """
    with readable("a person of settlement's"):
        names = (name[2:].split("/") for name in document if name.startswith("y:"))
        return sorted((region, int(year)) for region, year in names)


def decode(person_id: str, documents: Mapping[str, Document], holders: Mapping[str, str]) -> Person:
    """The person, with the years and claims that were loaded.

    Raises:
        Unreadable: A document is of another format, or broken.
    """
    document = documents[person_key(person_id)]
    try:
        return _decoded(person_id, document, documents, holders)
    except BROKEN as error:
        raise Unreadable(why_unreadable("a document of settlement's", error)) from error


def _decoded(person_id: str, document: Document, documents: Mapping[str, Document], holders: Mapping[str, str]) -> Person:
    timeline = document.get("timeline")
    status, revision = status_in(timeline) if timeline is not None else (Status(), 0)
    waiting = {name[2:]: waiting_in(value) for name, value in document.items() if name[:2] == "w:"}
    prefix = f"y/{person_id}/"
    years: dict[YearKey, PersonYear] = {}
    for key, counters in documents.items():
        if key.startswith(prefix) and counters:
            region, year = key[len(prefix) :].split("/")
            years[region, int(year)] = _year(f"{person_id}/{region}", counters, documents.get(f"c{key[1:]}", {}))
    return Person(person_id, status, revision, years, waiting, holders, {})  # none owed; and `NONE` does not travel between processes


def encode(before: Person, after: Person) -> Changes:
    """The fields that changed."""
    changes: dict[str, Mapping[str, bytes | None]] = {}
    person: dict[str, bytes | None] = {}
    if after.status is not before.status:
        person["timeline"] = timeline_bytes(after.status, after.timeline_revision)
    if after.waiting is not before.waiting:
        person |= {f"w:{name}": waiting_bytes(waiting_json(kept)) for name, kept in after.waiting.items() if name not in before.waiting}
        person |= {f"w:{name}": None for name in before.waiting if name not in after.waiting}
    for (region, number), year in after.years.items():
        known = before.years.get((region, number), NO_YEAR)
        if year is known:
            continue
        counters_key, claims_key = year_keys(after.person_id, region, number)
        changes[counters_key] = _counter_changes(known, year)
        changes[claims_key] = {name: record_bytes(record) for name, record in year.claims.items() if record is not known.claims.get(name)}
        if not known.sequence:
            person[f"y:{region}/{number}"] = YES
    if person:
        changes[person_key(after.person_id)] = person
    return changes


def _year(place: str, counters: Document, claims: Document) -> PersonYear:
    """A year of `place`, person and region.

    Raises:
        ValueError: It is of another format; or another error, where parts are not what they should be.
    """
    if counters.get("_format") != FORMAT_OF_YEAR:
        raise ValueError("counters of another format")
    return PersonYear(
        counters={name: int(value) for name, value in counters.items() if not name.startswith("_")},
        sequence=int(counters["_sequence"]),
        edition=counters["_edition"].decode() if "_edition" in counters else None,
        readings=_readings(counters["_readings"]) if "_readings" in counters else {},
        through=day_from_text(counters["_through"].decode()),
        claims={name: record_in(place, name, value) for name, value in claims.items()},
        is_behind=BEHIND in counters,
    )


@lru_cache
def _readings(value: bytes) -> Mapping[str, Any]:
    """Readings of an edition; there are few."""
    known: Mapping[str, Any] = orjson.loads(value)
    return known


def _counter_changes(before: PersonYear, after: PersonYear) -> dict[str, bytes | None]:
    """The fields of a year that changed."""
    fields: dict[str, bytes | None] = {}
    for name, fen in after.counters.items():
        if before.counters.get(name) != fen:
            fields[name] = b"%d" % fen
    if before.counters.keys() - after.counters.keys():
        fields |= {name: None for name in before.counters if name not in after.counters}
    if before is NO_YEAR:
        fields["_format"] = FORMAT_OF_YEAR
    if after.sequence != before.sequence:
        fields["_sequence"] = b"%d" % after.sequence
    if after.edition != before.edition and after.edition is not None:
        fields |= {"_edition": after.edition.encode(), "_readings": orjson.dumps(dict(after.readings))}
    if after.is_behind != before.is_behind:
        fields[BEHIND] = b"1" if after.is_behind else None
    if after.through != before.through and after.through is not None:
        fields["_through"] = after.through.isoformat().encode()
    return fields
