"""Healing settlement's view: what the ledger, the waiting reversals and the timelines say, back into documents."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from schemas.catalogue import RESULTS, SETTLEMENT_WAITING, TIMELINES, TYPES_BY_TOPIC
from schemas.envelope import CloudEvent, read_event
from schemas.hospital import ClaimSubmitted
from schemas.identity import TimelineUpdated
from schemas.money import fen_from_yuan, fen_of_sum
from services.policy.entitlement import status_of
from services.policy.result import hash_of_figures
from services.runtime.errors import Refused
from services.runtime.formats import readable
from services.runtime.records import Document, Record, Writes
from services.settlement.adapters.claim_record import record_bytes
from services.settlement.adapters.documents import BEHIND, person_key, waiting_place, year_keys
from services.settlement.adapters.format import FORMAT_OF_YEAR, YES
from services.settlement.adapters.person_fields import status_in, timeline_bytes, waiting_bytes
from services.settlement.domain import ClaimRecord, Holder

_TIMELINE_TYPES: Mapping[str, Any] = TYPES_BY_TOPIC[TIMELINES]


def needed(records: Sequence[Record]) -> Mapping[str, tuple[str, ...]]:
    """What `heal` and `Following` look at of the documents that records of state topics bring forward: of a person's year of ten thousand claims only
    those that the records are about.
    """
    wanted: dict[str, dict[str, None]] = {}
    for record in records:
        for key, fields in _needed(record).items():
            wanted.setdefault(key, {}).update(dict.fromkeys(fields))
    return {key: tuple(fields) for key, fields in wanted.items()}


def _needed(record: Record) -> Mapping[str, tuple[str, ...]]:
    if record.topic == SETTLEMENT_WAITING:
        document, field = waiting_place(record.key or b"")
        return {document: (field,)}
    if record.topic == TIMELINES:
        timeline = _timeline(record)
        return {} if timeline is None else {person_key(timeline.person_id): ("timeline",)}
    data = orjson.loads(record.value or b"{}")["data"]
    counters_key, claims_key = year_keys(data["person_id"], data["region"], data["year"])
    claim = f"{data['hospital_id']}/{data['claim_id']}"
    return {person_key(data["person_id"]): ("timeline",), counters_key: ("_through", "_sequence"), claims_key: (claim,)}


def heal(records: Sequence[Record], documents: Mapping[str, Document]) -> Writes:
    """Bring persons and years forward by the ledger, the waiting reversals and the timelines."""
    writes: dict[str, dict[str, bytes | None]] = {}
    bookings: dict[str, str] = {}
    for record in records:
        if record.topic == SETTLEMENT_WAITING:
            document, field = waiting_place(record.key or b"")
            value = None if record.value is None else waiting_bytes(orjson.loads(record.value)["data"])
            writes.setdefault(document, {})[field] = value if value is None or field != BEHIND else b"1"
        elif record.topic == RESULTS:
            _heal_result(orjson.loads(record.value or b"{}")["data"], documents, writes, bookings)
        elif (timeline := _timeline(record)) is not None:
            _heal_timeline(timeline, documents, writes)
    return Writes(writes, bookings)


def _timeline(record: Record) -> TimelineUpdated | None:
    """The timeline in a record; None where it was refused when it was first read, and has its dead letter."""
    try:
        event: CloudEvent[TimelineUpdated] = read_event(record.value, record.headers, _TIMELINE_TYPES, bytes_max=None)
    except Refused:
        return None
    return event.data


def _heal_timeline(timeline: TimelineUpdated, documents: Mapping[str, Document], writes: dict[str, dict[str, bytes | None]]) -> None:
    key = person_key(timeline.person_id)
    known = writes.get(key, {}).get("timeline") or documents[key].get("timeline")
    with readable("a timeline of settlement's"):
        revision = 0 if known is None else status_in(known)[1]
    if revision < timeline.revision:
        writes.setdefault(key, {})["timeline"] = timeline_bytes(status_of(timeline), timeline.revision)


def _heal_result(
    data: Mapping[str, Any], documents: Mapping[str, Document], writes: dict[str, dict[str, bytes | None]], bookings: dict[str, str]
) -> None:
    claim = ClaimSubmitted.accepted(data["claim"])
    counters_key, claims_key = year_keys(claim.person_id, claim.region, data["year"])
    reason = data["reason"] if data["outcome"] == "reversed" else None
    paid_fen = fen_from_yuan(data["assistance_amount"])
    record = ClaimRecord(claim, data["sequence"], data["revision"], paid_fen, hash_of_figures(data), reason)
    writes.setdefault(claims_key, {})[claim.key] = record_bytes(record)
    year = writes.setdefault(counters_key, {"_format": FORMAT_OF_YEAR})
    known = year.get("_through") or documents[counters_key].get("_through")
    year["_through"] = max(claim.date.isoformat().encode(), known or b"")
    year |= {name: str(fen_of_sum(yuan)).encode() for name, yuan in data["counters"].items()}
    if data["revision"] == 0:
        year["_sequence"] = str(data["sequence"]).encode()
    if data["policy"] is not None:
        year |= {"_edition": data["policy"]["edition"].encode(), "_readings": orjson.dumps(data["policy"]["readings"])}
    writes.setdefault(person_key(claim.person_id), {})[f"y:{claim.region}/{data['year']}"] = YES
    bookings[claim.key] = Holder.of(data["year"], claim).text()
