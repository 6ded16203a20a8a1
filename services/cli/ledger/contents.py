"""Two sides of a document or of a claim key, field by field, as far into a field as it can be read.

In: what healing gives and what Redis holds. Out: differences, amounts in yuan. Promise: sides of other bytes give at least one difference.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from schemas.money import yuan_text
from services.cli.ledger.differences import NOTHING, Difference, apart, flat
from services.runtime.records import Document
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
        known: Any = orjson.loads(value)
        if key.startswith("c/"):
            claim, sequence, revision, assistance_fen, figures, reason = known
            amount = yuan_text(assistance_fen)
            known = {
                "claim": claim,
                "sequence": sequence,
                "revision": revision,
                "assistance_amount": amount,
                "figures": figures,
                "reason": reason,
            }
        return dict(flat(known, name))
    except (ValueError, TypeError):
        return {name: _text(value)}


def _text(value: bytes | None) -> str:
    return NOTHING if value is None else value.decode(errors="replace")


def _holder(text: str | None) -> str:
    """A holder by person, region and year."""
    if text is None:
        return NOTHING
    try:
        holder = Holder.parse(text)
    except ValueError:
        return text
    return f"{holder.person_id}/{holder.region}/{holder.year} {holder.content}"
