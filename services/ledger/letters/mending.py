"""What may differ between a refused record and its mended form, and what of it takes two operators. Pure.

In: the letter, and the record that is to be sent in its place. Promise: source, id, type, and whose it is and of what stay those of the letter wherever they
could be read. What the letter does not say, and whatever was refused for its source, is the sender's to mend, or needs a second operator. Not here: who has
said what before (`approval.py`), finding letters, sending.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from schemas.catalogue import TYPES_BY_TOPIC, home_field
from schemas.envelope import ATTRIBUTE_LENGTH_MAX, read_document
from schemas.fields import Id
from schemas.texts import NO_IDS
from services.runtime.errors import Refused
from services.runtime.letters import Letter
from services.runtime.records import Record

IDS: Final = ("person_id", "subject", "hospital_id", "claim_id", "admission_id")
"""The fields of `data` that say what an event is about; of an action on a warning `warning_id` besides."""

NOT_FOR_US: Final = frozenset({"agency_not_competent", "source_mismatch"})
"""Refused for whom it came from: whatever an operator changes in it, he speaks for somebody else."""

CODECS: Final = ("utf-8-sig", "gb18030", "utf-16")
"""In which senders have written what is no UTF-8."""

_ID: TypeAdapter[str] = TypeAdapter(Id)


@dataclass(frozen=True, slots=True)
class Mending:
    """A record to be sent in the place of a refused one.

    Attributes:
        changed: What the letter says and the record says otherwise: then it is another event.
        named: Why it takes two operators: what it says that could not be read in the letter, and a reason that is not ours to mend.
    """

    record: Record
    is_mended: bool
    with_headers: bool
    changed: Sequence[str]
    named: Sequence[str]

    @property
    def sha256(self) -> str:
        """Digest of the whole value."""
        return sha256(self.record.value or b"").hexdigest()


def mending(letter: Letter, record: Record) -> Mending:
    """What `record`, which is to be sent in the place of the refused one, says otherwise."""
    refused = letter.refused
    is_mended = (record.value, record.headers) != (refused.value, refused.headers)
    before, now = readable(refused), readable(record)
    changed = [name for name, value in before.items() if now.get(name) != value]
    named = [name for name in now if name not in before]
    if letter.data.reason in NOT_FOR_US:
        named.append(letter.data.reason)
    return Mending(record, is_mended, record.headers == refused.headers, changed, named if is_mended else [])


def readable(record: Record) -> Mapping[str, str]:
    """Of a record its source, id and type, and whose it is and of what, as far as they can be read and could be right."""
    document = _document(record)
    data = document.get("data")
    given: Mapping[str, Any] = data if isinstance(data, dict) else {}
    found = {name: str(document[name]) for name in ("source", "id") if _is_text(document.get(name), ATTRIBUTE_LENGTH_MAX[name])}
    kind = document.get("type")
    if isinstance(kind, str) and kind in TYPES_BY_TOPIC.get(record.topic, {}):
        found["type"] = kind
    found |= {name: given[name] for name in IDS if _is_id(given.get(name))}
    if _is_text(given.get("warning_id"), 512):
        found["warning_id"] = given["warning_id"]
    return found


def person_in(record: Record) -> str | None:
    """Whose a record is, as far as it says."""
    return readable(record).get(home_field(record.topic))


def evidence(mended: Mending) -> Mapping[str, Any]:
    """What the audit keeps of a record that is sent: enough to find it, and to prove which it was."""
    said = readable(mended.record)
    about = {"source": said.get("source"), "event_id": said.get("id"), "person_id": person_in(mended.record)}
    return {"sha256": mended.sha256, "with_headers": mended.with_headers, **about}


def _is_text(value: object, length_max: int) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= length_max and value.isprintable()


def _is_id(value: object) -> bool:
    try:
        _ID.validate_python(value, strict=True)
    except ValidationError:
        return False
    return str(value).lower() not in NO_IDS


def _document(record: Record) -> Mapping[str, Any]:
    """What a record says, of either mode: as it should be written, else in another encoding or with faults that hide nothing, else by its headers alone."""
    for value in (record.value, *_otherwise(record.value), b"{}"):
        try:
            return read_document(value, record.headers, None)
        except Refused:
            continue
    return {}


def _otherwise(value: bytes | None) -> Iterator[bytes]:
    """A value that cannot be read, as somebody may have meant it; what cannot be decoded in it is no id's."""
    for codec, errors in (*((codec, "strict") for codec in CODECS), ("utf-8", "replace")):
        try:
            text = (value or b"").decode(codec, errors)
            yield json.dumps(json.loads(text, strict=False, parse_constant=lambda _: None)).encode()
        except (ValueError, RecursionError):  # no text of that codec, or no JSON
            continue
