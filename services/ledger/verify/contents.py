"""Two sides of a document or of a claim key, field by field, as far into a field as it can be read.

In: what healing gives and what Redis holds. Out: differences, amounts in yuan. Promise: sides of other bytes give at least one difference.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from schemas.money import yuan_text
from services.ledger.verify.differences import NOTHING, Difference, apart, flat
from services.runtime.errors import Unreadable
from services.runtime.records import Document
from services.settlement.adapters.claim_record import record_in
from services.settlement.adapters.format import STAMP
from services.settlement.adapters.person_fields import status_in
from services.settlement.domain import Holder


def document_apart(key: str, said: Document, other: Document) -> Iterator[Difference]:
    """In what a document differs; one that only one side has is one difference."""
    if bool(said) != bool(other):
        yield Difference("redis", key, "document", *(f"{len(side)} fields" if side else NOTHING for side in (said, other)))
        return
    for name in (*said, *(name for name in other if name not in said)):
        if said.get(name) != other.get(name):
            for field, ledger, redis in _fields_apart(key, name, said.get(name), other.get(name)):
                yield Difference("redis", key, field, ledger, redis)


def holder_apart(key: str, said: str | None, other: str | None) -> Difference:
    """Whom a claim key belongs to, by the ledger and by Redis."""
    return Difference("index", key, "holder", _holder(said), _holder(other))


def _fields_apart(key: str, name: str, said: bytes | None, other: bytes | None) -> list[tuple[str, str, str]]:
    """Where two values of a field differ, as far into them as they are JSON."""
    one, two = _readable(key, name, said), _readable(key, name, other)
    return list(apart(one, two)) or [(name, _text(said), _text(other))]


def _readable(key: str, name: str, value: bytes | None) -> Mapping[str, str]:
    """A field's value by its parts, amounts in yuan; nothing where it is not there."""
    if value is None:
        return {}
    try:
        if key.startswith("y/") and not name.startswith("_"):
            return {name: yuan_text(int(value))}
        return dict(flat(_known(key, name, value), name))
    except (ValueError, TypeError, AttributeError):
        return {name: _text(value)}


def _known(key: str, name: str, value: bytes) -> Any:
    """What a field holds, by its parts.

    Raises:
        ValueError: It cannot be read; or another error, of parts that are not what they should be.
    """
    if key.startswith("c/"):
        return _claim(key, name, value)
    return _timeline(value) if name == "timeline" else orjson.loads(value.removeprefix(STAMP))


def _claim(key: str, name: str, value: bytes) -> Mapping[str, Any]:
    """A claim and its last figures."""
    record = record_in(key[2:].rpartition("/")[0], name, value)
    return {
        "claim": record.claim.wire(),
        "sequence": record.sequence,
        "revision": record.revision,
        "assistance_amount": yuan_text(record.assistance_fen),
        "figures": record.figures,
        "reason": record.reversed_for,
    }


def _timeline(value: bytes) -> Any:
    """A timeline."""
    status, revision = status_in(value)
    intervals = [interval._asdict() for interval in status.intervals]
    applications = [application._asdict() for application in status.applications]
    told = {"revision": revision, "birth_date": status.birth_date, "intervals": intervals, "applications": applications}
    return orjson.loads(orjson.dumps(told))


def _text(value: bytes | None) -> str:
    return NOTHING if value is None else value.decode(errors="replace")


def _holder(text: str | None) -> str:
    """A holder by person, region and year."""
    if text is None:
        return NOTHING
    try:
        holder = Holder.parse(text)
    except Unreadable:
        return text
    return f"{holder.person_id}/{holder.region}/{holder.year} {holder.content}"
