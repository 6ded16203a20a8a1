"""Identity's state as documents of a view: a person to fields and back, and healing from our own topics.

One document a person (`i/<person_id>`): `timeline`, and a field for each subsidy and admission. Every field begins with the format's number.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from schemas.catalogue import IDENTITY_WAITING, SUBSIDIES, TIMELINES, TYPES_BY_TOPIC
from schemas.hospital import AdmissionClosed, AdmissionOpened
from services.identity.domain.consequences import Admission, Issued, Person
from services.identity.domain.room import Room, told
from services.policy.standing import status_event
from services.runtime.errors import NotOurs
from services.runtime.folding import Changes, difference
from services.runtime.formats import readable, stamp_of, without
from services.runtime.records import Document, Record, Writes
from services.runtime.strays import event_of

SOURCE = "/medaid/identity"

FORMAT: Final = 3
"""Whoever changes how a field is written, or what it means, raises it (`tests/unit/test_formats.py` says how)."""

_STAMP: Final = stamp_of(FORMAT)


def document_key(person_id: str) -> str:
    """The document of a person."""
    return f"i/{person_id}"


def person_of(record: Record) -> str:
    """Whom a record of our own topics is about; of a waiting discharge the key's last part."""
    if record.topic == IDENTITY_WAITING:
        return (record.key or b"").decode().rpartition("/")[2]
    return (record.key or b"").decode()


def decode(person_id: str, document: Document) -> Person:
    """The person in a document; an empty one is nobody known.

    Raises:
        Unreadable: A field is of another format, or broken.
    """
    with readable("a document of identity's"):
        return _decoded(person_id, {field: orjson.loads(without(_STAMP, value)) for field, value in document.items()})


def _decoded(person_id: str, fields: Mapping[str, Any]) -> Person:
    timeline = fields.get("timeline", {"revision": 0, "events": [], "intervals": []})
    accepted = {(event["source"], event["id"]): status_event(**event) for event in timeline["events"]}
    subsidies = {}
    admissions = {}
    for field, value in fields.items():
        kind, _, rest = field.partition(":")
        if kind == "s":
            region, year = rest.split("/")
            subsidies[region, int(year)] = Issued(**value)
        elif kind == "a":
            admissions[rest] = _admission(value)
    return Person(person_id, timeline["revision"], accepted, timeline["intervals"], Room.of(accepted.values()), subsidies, admissions)


def _admission(known: Mapping[str, Any]) -> Admission:
    return Admission(
        opened=AdmissionOpened.model_validate(known["opened"]) if known["opened"] else None,
        closed=AdmissionClosed.model_validate(known["closed"]) if known["closed"] else None,
        issued=Issued(**known["issued"]) if known["issued"] else None,
    )


def _written(value: Any) -> bytes:
    return _STAMP + orjson.dumps(value)


def _document(person: Person) -> dict[str, bytes]:
    events = [told(event) for event in person.events]
    timeline = {"revision": person.revision, "events": events, "intervals": person.intervals}
    document = {"timeline": _written(timeline)} if events else {}
    for (region, year), issued in person.subsidies.items():
        document[f"s:{region}/{year}"] = _written({"revision": issued.revision, "content": issued.content})
    for key, admission in person.admissions.items():
        issued_json = {"revision": admission.issued.revision, "content": admission.issued.content} if admission.issued else None
        opened = admission.opened.wire() if admission.opened else None
        closed = admission.closed.wire() if admission.closed else None
        document[f"a:{key}"] = _written({"opened": opened, "closed": closed, "issued": issued_json})
    return document


def encode(before: Person, after: Person) -> Changes:
    """The fields that changed."""
    return {document_key(after.person_id): difference(_document(before), _document(after))}


def _healed(record: Record, document: Document) -> tuple[str, bytes | None]:
    """The field that a record of our own topics sets: its name and value; no name where it tells nothing new."""
    if record.topic == IDENTITY_WAITING:
        return _healed_waiting(record, document)
    data = orjson.loads(record.value or b"{}")["data"]
    if record.topic == TIMELINES:
        return "timeline", _written({name: data[name] for name in ("revision", "events", "intervals")})
    revision, _cause = data.pop("revision"), data.pop("caused_by")
    if record.topic == SUBSIDIES:
        return f"s:{data['region']}/{data['year']}", _written({"revision": revision, "content": data})
    opened = {name: data[name] for name in AdmissionOpened.model_fields if name in data}
    closed = {name: data[name] for name in AdmissionClosed.model_fields if name in data} if data["discharge_date"] else None
    value = {"opened": opened, "closed": closed, "issued": {"revision": revision, "content": data}}
    return f"a:{data['hospital_id']}/{data['admission_id']}", _written(value)


def _healed_waiting(record: Record, document: Document) -> tuple[str, bytes | None]:
    """A discharge that waits; its end is told by the assessment that took it in."""
    field = "a:" + (record.key or b"").decode().rpartition("/")[0]
    if record.value is None or field in document:
        return "", None
    return field, _written({"opened": None, "closed": orjson.loads(record.value)["data"], "issued": None})


def home_told(record: Record) -> str:
    """The person of a record of our own topics, or of a discharge that waits.

    Raises:
        NotOurs: It is no event of ours, or its key is not its person.
        ValueError, TypeError, KeyError: It cannot be understood.
    """
    if record.topic == IDENTITY_WAITING:
        _hospital, _admission, waiting = (record.key or b"").decode().split("/")
        if record.value is not None and orjson.loads(record.value)["data"]["person_id"] != waiting:
            raise NotOurs("its key is not the person that it tells of")
        return waiting
    person = str(event_of(record, SOURCE, TYPES_BY_TOPIC[record.topic])["data"]["person_id"])
    if record.key != person.encode():
        raise NotOurs("its key is not the person that it tells of")
    return person


class Following:
    """A look at timelines, subsidies and assessments in their order, from what a view knows on."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._documents = documents
        self._revisions: dict[str, dict[str, int]] = {}
        """By person: of each timeline, subsidy and assessment that was told of him the newest."""

    def __call__(self, record: Record) -> None:
        """Whether `record` follows.

        Raises:
            NotOurs: A revision without the one before it; of timelines, whose topic is compacted, one that is not newer.
        """
        if record.topic == IDENTITY_WAITING:
            return
        data = orjson.loads(record.value or b"")["data"]
        person_id, revision = data["person_id"], data["revision"]
        if person_id not in self._revisions:
            self._revisions[person_id] = _told(decode(person_id, self._documents[document_key(person_id)]))
        known = self._revisions[person_id]
        told = _place(record.topic, data)
        next_one = known.get(told, -1) + 1
        if revision != next_one and not (record.topic == TIMELINES and revision > next_one):
            raise NotOurs(f"revision {revision} where {next_one} must come")
        known[told] = revision


def _place(topic: str, data: Mapping[str, Any]) -> str:
    """What a record of `topic` tells the newest revision of."""
    if topic == TIMELINES:
        return "timeline"
    return f"{data['region']}/{data['year']}" if topic == SUBSIDIES else f"{data['hospital_id']}/{data['admission_id']}"


def _told(person: Person) -> dict[str, int]:
    """The newest revision of each."""
    told = {f"{region}/{year}": issued.revision for (region, year), issued in person.subsidies.items()}
    told |= {key: admission.issued.revision for key, admission in person.admissions.items() if admission.issued is not None}
    return told | ({"timeline": person.revision} if person.events else {})


def heal(records: Sequence[Record], documents: Mapping[str, Document]) -> Writes:
    """Bring persons forward by records of our own topics."""
    writes: dict[str, dict[str, bytes | None]] = {}
    for record in records:
        key = document_key(person_of(record))
        written = {name: value for name, value in writes.get(key, {}).items() if value is not None}
        field, value = _healed(record, {**documents[key], **written})
        if field:
            writes.setdefault(key, {})[field] = value
    return Writes(writes)
