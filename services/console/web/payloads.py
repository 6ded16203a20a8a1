"""What the pages of dead letters tell of a refused record: its shape, masked; what it is about; and what the audit keeps of the one that is sent."""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import orjson

from schemas.catalogue import TYPES_BY_TOPIC, home_field
from schemas.deadletters import DeadLetter
from schemas.documents import all_types
from schemas.envelope import ATTRIBUTE_LENGTH_MAX, read_document
from services.console.web.masks import HIDDEN
from services.runtime.errors import Refused
from services.runtime.records import Record

_KNOWN_NAMES = frozenset({"specversion", "data", *ATTRIBUTE_LENGTH_MAX}) | {
    name for model in all_types().values() for name in model.model_fields
}
"""Names that our own models give; another one may be anything, a person's name too."""

_OWN_STEPS = frozenset({"$", "?", "value", "headers"})
"""Steps of a refusal's path that are our own words."""

_ABOUT = ("person_id", "subject", "hospital_id", "claim_id", "admission_id", "warning_id")
"""The fields of `data` that say what an event is about."""

_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_NAME = re.compile(r"[A-Za-z0-9._:/-]{1,512}")


def about(record: Record) -> Mapping[str, str]:
    """What a record is about, as far as it can be read: its type, if its topic has it, and whose it is and of what by their ids."""
    document = _document(record)
    data = document.get("data")
    given = [("type", document.get("type")), *((name, data.get(name)) for name in _ABOUT if isinstance(data, dict))]
    found = {name: value for name, value in given if isinstance(value, str) and _NAME.fullmatch(value)}
    if found.get("type") not in TYPES_BY_TOPIC.get(record.topic, {}):
        found.pop("type", None)
    return found


def person_in(record: Record) -> str | None:
    """Whose a record is, as far as it says."""
    found = about(record).get(home_field(record.topic), "")
    return found if _ID.fullmatch(found) else None


def differing(refused: Record, mended: Record) -> Sequence[str]:
    """In which of what could be read the mended record is about something else: then it is no mending."""
    now = about(mended)
    return [name for name, value in about(refused).items() if now.get(name) != value]


def evidence(record: Record) -> Mapping[str, str | None]:
    """What the audit keeps of a record that is sent: enough to find it, and to prove which it was."""
    document = _document(record)
    attributes = {"source": document.get("source"), "event_id": document.get("id")}
    told = {name: value if isinstance(value, str) and 1 <= len(value) <= 1024 else None for name, value in attributes.items()}
    return {"sha256": sha256(record.value or b"").hexdigest(), **told, "person_id": person_in(record)}


def _document(record: Record) -> Mapping[str, Any]:
    """What a record says, of either mode; nothing where that cannot be read."""
    try:
        return read_document(record.value, record.headers, None)
    except Refused:
        return {}


def masked(value: bytes | None) -> str:
    """A payload for whoever may not see whose it is: its shape, and of its values only an event type that we know."""
    try:
        return orjson.dumps(_masked(orjson.loads(value or b"")), option=orjson.OPT_INDENT_2).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):  # no JSON, or deeper than it can be written
        return f"{HIDDEN} ({len(value or b'')} bytes)"


def masked_detail(detail: str) -> str:
    """What was wrong, for whoever may not see whose the record is: steps of its path that our models do not name are the sender's, and hidden."""
    path, colon, expected = detail.partition(": ")
    steps = [step if step in _KNOWN_NAMES | _OWN_STEPS or step.isdecimal() else "?" for step in path.split(".")]
    return ".".join(steps) + colon + expected


def other_faults(letter: DeadLetter, is_clear: bool) -> Sequence[str]:
    """What else was wrong, besides the first fault, which the detail tells."""
    told = (f"{fault.path}: {fault.expected}" for fault in letter.faults[1:])
    return [fault if is_clear else masked_detail(fault) for fault in told]


def _masked(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        names = [inner if inner in _KNOWN_NAMES else f"? {place}" for place, inner in enumerate(value, 1)]
        return {shown: _masked(inner, given) for shown, (given, inner) in zip(names, value.items(), strict=True)}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    return value if (name == "type" and isinstance(value, str) and value in all_types()) else HIDDEN
