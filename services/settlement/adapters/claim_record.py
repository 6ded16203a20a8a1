"""An accepted claim as a view keeps it: ten million of them must fit into memory, so names and what the place says are left out.

Behind its format's number a list: sequence, revision, assistance in fen, the hash of the figures, the reason of a reversal, then the claim's fields in the
order of their introduction (`schemas/content.py`), but for person, region and key: those are the document's and the field's name. What stands at a claim's
end and is its default is not written.
"""

from datetime import date
from typing import Any, Final

import orjson

from schemas.content import FIRST, LATER
from schemas.hospital import ClaimSubmitted
from schemas.times import day_from_text
from services.runtime.formats import without
from services.settlement.adapters.format import STAMP
from services.settlement.domain import ClaimRecord

_PLACE: Final = frozenset({"person_id", "region", "hospital_id", "claim_id"})
_FIELDS: Final = tuple(name for name in (*FIRST, *LATER) if name not in _PLACE)
_DEFAULTS: Final = tuple(ClaimSubmitted.model_fields[name].get_default() for name in _FIELDS)
_DAYS: Final = frozenset(name for name in _FIELDS if name.endswith(("_date", "_on")))


def day_in(text: str | None) -> date | None:
    """A day as we wrote it, or none."""
    return None if text is None else day_from_text(text)


def record_bytes(record: ClaimRecord) -> bytes:
    """A claim and its last figures."""
    facts = record.claim.__dict__
    values = [facts[name] for name in _FIELDS]
    while values and values[-1] == _DEFAULTS[len(values) - 1]:
        values.pop()
    return STAMP + orjson.dumps([record.sequence, record.revision, record.assistance_fen, record.figures, record.reversed_for, *values])


def order_in(value: bytes) -> tuple[int, int]:
    """Sequence and revision of what `record_bytes` wrote.

    Raises:
        ValueError: As `record_in`.
    """
    sequence, revision, *_ = orjson.loads(without(STAMP, value))
    return sequence, revision


def record_in(place: str, key: str, value: bytes) -> ClaimRecord:
    """What `record_bytes` wrote of the claim `key` of `place`, person and region; it was validated when it came in.

    Raises:
        ValueError: It is of another format or shape; or another error, where parts are not what they should be.
    """
    sequence, revision, assistance_fen, figures, reversed_for, *values = orjson.loads(without(STAMP, value))
    person_id, region = place.split("/")
    hospital_id, claim_id = key.split("/")
    facts: dict[str, Any] = dict(zip(_FIELDS, (*values, *_DEFAULTS[len(values) :]), strict=True))
    for name in _DAYS:
        facts[name] = day_in(facts[name])
    facts["conditions"] = tuple(facts["conditions"])
    claim = ClaimSubmitted.model_construct(person_id=person_id, region=region, hospital_id=hospital_id, claim_id=claim_id, **facts)
    return ClaimRecord(claim, sequence, revision, assistance_fen, figures, reversed_for)
