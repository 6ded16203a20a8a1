"""Settlement's state as documents of a view: persons and years to fields and back, and healing from the ledger.

- `p/<person>`: `timeline`, a field `y:<region>/<year>` for each year with claims, `w:<region>/<claim>` for each waiting reversal.
- `y/<person>/<region>/<year>`: the counters in fen, readable, and `_sequence`, `_edition`, `_readings`, `_through`.
- `c/<person>/<region>/<year>`: a field for each claim, its facts and last figures.
- the index: `<hospital>/<claim>` to its holder.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson

from schemas.catalogue import RESULTS, SETTLEMENT_WAITING
from schemas.hospital import ClaimReversed, ClaimSubmitted
from schemas.identity import TimelineUpdated
from schemas.money import fen_from_yuan
from services.policy.entitlement import Status, status_of
from services.policy.result import hash_of_figures
from services.runtime.folding import Changes, difference
from services.runtime.records import Document, Record, Writes
from services.settlement.domain import ClaimRecord, Holder, Person, PersonYear, Waiting, YearKey


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
    status, revision = _status(timeline) if timeline else (Status(), 0)
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
        person["timeline"] = _timeline_bytes(after.status, after.timeline_revision)
    person |= {f"w:{name}": orjson.dumps(_waiting_json(kept)) for name, kept in after.waiting.items() if name not in before.waiting}
    person |= {f"w:{name}": None for name in before.waiting if name not in after.waiting}
    for (region, number), year in after.years.items():
        known = before.years.get((region, number), PersonYear())
        if year is known:
            continue
        counters_key, claims_key = year_keys(after.person_id, region, number)
        changes[counters_key] = difference(_counters(known) if known.sequence else {}, _counters(year))
        changed = {name: record for name, record in year.claims.items() if record is not known.claims.get(name)}
        changes[claims_key] = {name: orjson.dumps(_record_json(record)) for name, record in changed.items()}
        if not known.sequence:
            person[f"y:{region}/{number}"] = b"1"
    if person:
        changes[person_key(after.person_id)] = person
    return changes


def _status(value: bytes) -> tuple[Status, int]:
    timeline = TimelineUpdated.model_validate(orjson.loads(value) | {"events": [], "person_id": "-"})
    return status_of(timeline), timeline.revision


def _timeline_bytes(status: Status, revision: int) -> bytes:
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


def _record_json(record: ClaimRecord) -> list[Any]:
    return [record.claim.wire(), record.sequence, record.revision, record.assistance_fen, record.figures, record.reversed_for]


def touched(record: Record) -> list[str]:
    """The documents that a record of a state topic brings forward."""
    if record.topic == SETTLEMENT_WAITING:
        return [person_key((record.key or b"").decode().split("/")[2])]
    data = orjson.loads(record.value or b"{}")["data"]
    if record.topic == RESULTS:
        return [person_key(data["person_id"]), *year_keys(data["person_id"], data["region"], data["year"])]
    return [person_key(data["person_id"])]


def heal(records: Sequence[Record], documents: Mapping[str, Document]) -> Writes:
    """Bring persons and years forward by the ledger, the waiting reversals and the timelines."""
    writes: dict[str, dict[str, bytes | None]] = {}
    bookings: dict[str, str] = {}
    for record in records:
        if record.topic == SETTLEMENT_WAITING:
            hospital, claim, person, region = (record.key or b"").decode().split("/")
            value = None if record.value is None else orjson.dumps(orjson.loads(record.value)["data"])
            writes.setdefault(person_key(person), {})[f"w:{region}/{hospital}/{claim}"] = value
        elif record.topic == RESULTS:
            _heal_result(orjson.loads(record.value or b"{}")["data"], documents, writes, bookings)
        else:
            _heal_timeline(TimelineUpdated.model_validate(orjson.loads(record.value or b"{}")["data"]), documents, writes)
    return Writes(writes, bookings)


def _heal_timeline(timeline: TimelineUpdated, documents: Mapping[str, Document], writes: dict[str, dict[str, bytes | None]]) -> None:
    key = person_key(timeline.person_id)
    known = writes.get(key, {}).get("timeline") or documents[key].get("timeline")
    if known is None or _status(known)[1] < timeline.revision:
        writes.setdefault(key, {})["timeline"] = _timeline_bytes(status_of(timeline), timeline.revision)


def _heal_result(
    data: Mapping[str, Any], documents: Mapping[str, Document], writes: dict[str, dict[str, bytes | None]], bookings: dict[str, str]
) -> None:
    claim = ClaimSubmitted.model_validate(data["claim"])
    counters_key, claims_key = year_keys(claim.person_id, claim.region, data["year"])
    reason = data["reason"] if data["outcome"] == "reversed" else None
    paid_fen = fen_from_yuan(data["assistance_amount"])
    record = ClaimRecord(claim, data["sequence"], data["revision"], paid_fen, hash_of_figures(data), reason)
    writes.setdefault(claims_key, {})[claim.key] = orjson.dumps(_record_json(record))
    year = writes.setdefault(counters_key, {})
    known = year.get("_through") or documents[counters_key].get("_through")
    year["_through"] = max(claim.date.isoformat().encode(), known or b"")
    year |= {name: str(fen_from_yuan(yuan)).encode() for name, yuan in data["counters"].items()}
    if data["revision"] == 0:
        year["_sequence"] = str(data["sequence"]).encode()
    if data["policy"] is not None:
        year |= {"_edition": data["policy"]["edition"].encode(), "_readings": orjson.dumps(data["policy"]["readings"])}
    writes.setdefault(person_key(claim.person_id), {})[f"y:{claim.region}/{data['year']}"] = b"1"
    bookings[claim.key] = Holder.of(data["year"], claim).text()
