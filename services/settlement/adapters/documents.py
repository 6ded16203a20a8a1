"""Settlement's state as documents of a view: persons and years to fields and back.

- `p/<person>`: `timeline`, a field `y:<region>/<year>` for each year with claims, `w:<region>/<claim>` for each waiting reversal.
- `y/<person>/<region>/<year>`: the counters in fen, readable, and `_sequence`, `_edition`, `_readings`, `_through`.
- `c/<person>/<region>/<year>`: a field for each claim, its facts and last figures.
- the index: `<hospital>/<claim>` to its holder.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson

from schemas.hospital import ClaimReversed, ClaimSubmitted
from schemas.times import day_from_text
from services.policy.entitlement import Interval, Status
from services.runtime.folding import Changes, difference
from services.runtime.records import Document
from services.settlement.domain import ClaimRecord, Person, PersonYear, Waiting, YearKey


def person_key(person_id: str) -> str:
    """The document of a person."""
    return f"p/{person_id}"


def year_keys(person_id: str, region: str, year: int) -> tuple[str, str]:
    """The documents of a person-year: counters and claims."""
    place = f"{person_id}/{region}/{year}"
    return f"y/{place}", f"c/{place}"


def years_in(document: Document) -> list[YearKey]:
    """The years with claims that a person's document names."""
    names = (name[2:].split("/") for name in document if name.startswith("y:"))
    return sorted((region, int(year)) for region, year in names)


def decode(person_id: str, documents: Mapping[str, Document], holders: Mapping[str, str]) -> Person:
    """The person, with the years and claims that were loaded."""
    document = documents[person_key(person_id)]
    timeline = document.get("timeline")
    status, revision = status_in(timeline) if timeline else (Status(), 0)
    waiting = {name[2:]: _waiting(value) for name, value in document.items() if name.startswith("w:")}
    prefix = f"y/{person_id}/"
    years: dict[YearKey, PersonYear] = {}
    for key, counters in documents.items():
        if key.startswith(prefix) and counters:
            region, year = key[len(prefix) :].split("/")
            years[region, int(year)] = _year(counters, documents.get(f"c{key[1:]}", {}))
    return Person(person_id, status, revision, years, waiting, holders)


def encode(before: Person, after: Person) -> Changes:
    """The fields that changed."""
    changes: dict[str, Mapping[str, bytes | None]] = {}
    person: dict[str, bytes | None] = {}
    if after.status is not before.status:
        person["timeline"] = timeline_bytes(after.status, after.timeline_revision)
    person |= {f"w:{name}": orjson.dumps(_waiting_json(kept)) for name, kept in after.waiting.items() if name not in before.waiting}
    person |= {f"w:{name}": None for name in before.waiting if name not in after.waiting}
    for (region, number), year in after.years.items():
        known = before.years.get((region, number), PersonYear())
        if year is known:
            continue
        counters_key, claims_key = year_keys(after.person_id, region, number)
        changes[counters_key] = difference(_counters(known) if known.sequence else {}, _counters(year))
        changed = {name: record for name, record in year.claims.items() if record is not known.claims.get(name)}
        changes[claims_key] = {name: orjson.dumps(record_json(record)) for name, record in changed.items()}
        if not known.sequence:
            person[f"y:{region}/{number}"] = b"1"
    if person:
        changes[person_key(after.person_id)] = person
    return changes


def status_in(value: bytes) -> tuple[Status, int]:
    """What `timeline_bytes` wrote; it was validated when it came in."""
    known = orjson.loads(value)
    intervals = (
        Interval(
            told["region"],
            told["category"],
            day_from_text(told["from"]),
            _day(told["to"]),
            _day(told["lost_on"]),
            told["lost_by"],
            told["changed_to"],
        )
        for told in known["intervals"]
    )
    return Status(_day(known["birth_date"]), tuple(intervals)), known["revision"]


def _day(text: str | None) -> date | None:
    return None if text is None else day_from_text(text)


def timeline_bytes(status: Status, revision: int) -> bytes:
    """The field `timeline`."""
    intervals = [
        {
            "region": interval.region, "category": interval.category, "from": interval.start, "to": interval.to,
            "lost_on": interval.lost_on, "lost_by": interval.lost_by, "changed_to": interval.changed_to,
        }
        for interval in status.intervals
    ]  # fmt: skip
    return orjson.dumps({"revision": revision, "birth_date": status.birth_date, "intervals": intervals})


def _waiting(value: bytes) -> Waiting:
    known = orjson.loads(value)
    return Waiting(ClaimReversed.model_validate(known["reversal"]), known["caused_by"], known["time"])


def _waiting_json(waiting: Waiting) -> dict[str, Any]:
    return {"reversal": waiting.reversal.wire(), "caused_by": waiting.cause, "time": waiting.time}


def _year(counters: Document, claims: Document) -> PersonYear:
    return PersonYear(
        counters={name: int(value) for name, value in counters.items() if not name.startswith("_")},
        sequence=int(counters["_sequence"]),
        edition=counters["_edition"].decode() if "_edition" in counters else None,
        readings=orjson.loads(counters["_readings"]) if "_readings" in counters else {},
        through=date.fromisoformat(counters["_through"].decode()),
        claims={name: _record(value) for name, value in claims.items()},
    )


def _counters(year: PersonYear) -> dict[str, bytes]:
    fields = {name: str(fen).encode() for name, fen in year.counters.items()}
    fields["_sequence"] = str(year.sequence).encode()
    if year.edition is not None:
        fields |= {"_edition": year.edition.encode(), "_readings": orjson.dumps(dict(year.readings))}
    if year.through is not None:
        fields["_through"] = year.through.isoformat().encode()
    return fields


def _record(value: bytes) -> ClaimRecord:
    claim, *figures = orjson.loads(value)
    return ClaimRecord(ClaimSubmitted.model_validate(claim), *figures)


def record_json(record: ClaimRecord) -> list[Any]:
    """A claim and its last figures as JSON."""
    return [record.claim.wire(), record.sequence, record.revision, record.assistance_fen, record.figures, record.reversed_for]
