"""Results and timelines as compact rows, and back: what the laboratory needs of a record, so that a year is read once and settled as often as asked.

In: values of committed records. Out: rows of JSON, and claims as settlement had them. No model reads them again: settlement alone writes these topics, in
transactions, after the models accepted each claim and in the form that `wire` gives; whoever doubts that asks `medaid ledger verify`. What is not so raises.
Amounts in fen. Not here: which rows are wanted (`gathering.py`), persons (`persons.py`).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from schemas.hospital import ClaimSubmitted
from schemas.money import Fen
from schemas.times import day_from_text
from services.policy.entitlement import Application, Interval, Status
from services.policy.standing import StatusEvent, status_event

_MODEL: Final = ClaimSubmitted.model_fields
_NOTHING: Final = "0.00"
FIELDS: Final = tuple(_MODEL)
_AMOUNTS: Final = tuple(place for place, name in enumerate(FIELDS) if _MODEL[name].annotation is Fen)
_DAYS: Final = tuple(name for name in FIELDS if name.endswith(("_date", "_on")))
_TOLD: Final = tuple((name, _NOTHING if _MODEL[name].annotation is Fen else _MODEL[name].get_default()) for name in FIELDS)
_GIVEN: Final = set(FIELDS)
_new, _put = ClaimSubmitted.__new__, object.__setattr__

BROKEN: Final = (LookupError, TypeError, ValueError, AttributeError)
"""What reading a record raises that was not written by us."""


class Known(NamedTuple):
    """A claim as its newest result has it. Amounts in fen.

    Attributes:
        at: Where that result lies: offset, or place in the file.
        outcome, reason, category, edition: As the result tells them; a reversal's reason is its sender's.
        parts: Of each payment its kind, amount, and the counter that bound it.
        counters: Of the person-year after the event that caused the result.
        values: The claim's facts, in the order of `FIELDS`.
    """

    at: int
    revision: int
    year: int
    sequence: int
    outcome: str
    reason: str | None
    category: str | None
    edition: str | None
    paid_fen: int
    self_pay_fen: int
    parts: Sequence[tuple[str, int, str | None]]
    counters: Mapping[str, int]
    values: Sequence[Any]


def result_row(at: int, data: Mapping[str, Any]) -> bytes:
    """A result as a row. Raises: one of `BROKEN`."""
    told = data["claim"].get
    values = [told(name, default) for name, default in _TOLD]
    for place in _AMOUNTS:
        text = values[place]
        values[place] = 0 if text == _NOTHING else int(text[:-3] + text[-2:])
    policy = data["policy"]
    parts = [(part["kind"], _fen(part["amount"]), part["limited_by"]) for part in data["components"]]
    counters = {name: _fen(yuan) for name, yuan in data["counters"].items()}
    known = Known(
        at, data["revision"], data["year"], data["sequence"], data["outcome"], data["reason"], data["category"],
        policy and policy["edition"], _fen(data["assistance_amount"]), _fen(data["self_pay"]), parts, counters, values,
    )  # fmt: skip
    return orjson.dumps(tuple(known))


def timeline_row(data: Mapping[str, Any], region: str, with_events: bool) -> bytes:
    """A timeline as a row: what it tells of one region, be it nothing any more, and the events behind it where statuses are to be derived anew.

    Raises: one of `BROKEN`.
    """
    intervals = [one for one in data["intervals"] if one["region"] == region]
    applications = [one for one in data.get("applications", ()) if one["region"] == region]
    events = data["events"] if with_events else []
    return orjson.dumps((data["person_id"], data["revision"], data.get("birth_date"), intervals, applications, events))


def claim_in(values: Sequence[Any]) -> ClaimSubmitted:
    """The claim of a row, as the model that accepted it made it; it is not validated again."""
    facts = dict(zip(FIELDS, values, strict=True))
    for name in _DAYS:
        if facts[name] is not None:
            facts[name] = day_from_text(facts[name])
    facts["conditions"] = tuple(facts["conditions"])
    claim = _new(ClaimSubmitted)
    _put(claim, "__dict__", facts)  # as pydantic's `model_construct` does, in a fifth of its time
    _put(claim, "__pydantic_fields_set__", _GIVEN)
    _put(claim, "__pydantic_extra__", None)
    _put(claim, "__pydantic_private__", None)
    return claim


def status_in(row: Sequence[Any]) -> tuple[Status, Sequence[StatusEvent]]:
    """The status that a timeline's row tells, and its events."""
    _, _, born, intervals, applications, events = row
    runs = [
        Interval(one["region"], one["category"], day_from_text(one["from"]), _day(one.get("to")), _day(one.get("lost_on")),
                 one.get("lost_by"), one.get("changed_to"))
        for one in intervals
    ]  # fmt: skip
    asked = [
        Application(one["region"], one["category"], *(day_from_text(one[name]) for name in ("applied_on", "from", "to")))
        for one in applications
    ]
    known = [status_event(one["source"], one["id"], one["type"], one["time"], one["data"]) for one in events]
    return Status(_day(born), tuple(runs), tuple(asked)), known


def _day(text: str | None) -> Any:
    return None if text is None else day_from_text(text)


def _fen(text: str) -> int:
    """The fen of an amount as our own records carry it: always with two decimals."""
    return 0 if text == _NOTHING else int(text[:-3] + text[-2:])
