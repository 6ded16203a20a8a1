"""The console alone on the embedded default, fed with events made by hand; its documents as they lie."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from schemas.catalogue import SETTLEMENT_WAITING, WARNINGS
from schemas.envelope import write_event
from schemas.money import fen_from_yuan, yuan_text
from services.console.domain.desk import value_in
from services.console.service import ConsoleService
from services.runtime.embedded import Embedded
from tests.unit.monitoring.world import TIME, Data, Event, policies, result

Documents = dict[str, dict[str, Any]]


class Kept:
    """The console at work."""

    def __init__(self, partitions: int = 1) -> None:
        self.embedded = Embedded([ConsoleService(policies())], partitions, keeps_records=True)
        asyncio.run(self.embedded.start())

    def see(self, *events: Event) -> "Kept":
        """Show it `events`, one after the other."""
        for event in events:
            self.see_together(event)
        return self

    def see_together(self, *events: Event) -> "Kept":
        """Show it `events` as one batch a lane."""
        for event in events:
            self.embedded.publish(event.topic, event.key, event.value, timestamp_ms=1_000)
        asyncio.run(self.embedded.settle())
        assert self.embedded.drain() == [], "the console says nothing"
        return self

    def lose(self) -> "Kept":
        """Take its view away, and let it heal."""
        self.embedded.views["console"].lose()
        asyncio.run(self.embedded.start())
        return self

    @property
    def documents(self) -> Documents:
        """Everything that it keeps."""
        return decoded(self.embedded.views["console"].snapshot().documents)

    def document(self, key: str) -> dict[str, Any]:
        """One document, empty where there is none."""
        return self.documents.get(key, {})


def decoded(documents: Mapping[str, Mapping[str, bytes]]) -> Documents:
    """Documents with their values read."""
    return {key: {field: value_in(value) for field, value in document.items()} for key, document in documents.items()}


def settled(
    number: str,
    self_pay: str,
    pays: Mapping[str, str] | None = None,
    *,
    district: str | None = None,
    reason: str = "no_entitlement",
    **more: Any,
) -> Event:
    """A result with the fund's payments by component; `more` as `result` has it. A stay of ten days in March, of P1 in H1, unless it says otherwise."""
    paid_fen = sum(fen_from_yuan(amount) for amount in (pays or {}).values())
    event = result(number, self_pay, yuan_text(paid_fen), **more)
    told = orjson.loads(event.value)
    told["data"]["district"] = district
    told["data"]["components"] = [
        {"kind": kind, "clause": "二（六）1", "base": amount, "rate": "1.00", "amount": amount, "limited_by": None}
        for kind, amount in (pays or {}).items()
    ]
    if told["data"]["outcome"] == "not_assisted":
        told["data"]["reason"] = reason
    return event._replace(value=orjson.dumps(told))


def said(
    verb: str,
    warning_id: str = "annual_limit_near/suzhou/P1/2025/year",
    number: int = 1,
    *,
    episode: int = 1,
    level: str = "notice",
    measure: str = "250000.00",
    time: str = TIME,
) -> Event:
    """What monitoring said of a warning; `number` is that of the record among those of the warning."""
    kind, region, subject, year, *_ = warning_id.split("/")
    data: Data = {
        "warning_id": warning_id, "episode": episode, "kind": kind, "level": level, "region": region, "year": int(year), "subject": subject,
        "audience": ["healthcare-security"], "measure": {"name": "year", "value": measure}, "threshold": {"name": "year", "value": "300000.00"},
        "evidence": [], "clause": None, "message_zh": "。", "message_en": ".", "closed_by": None, "caused_by": {"source": "/a", "id": "1"},
    }  # fmt: skip
    value = write_event(f"monitoring.warning.{verb}.v1", "/medaid/monitoring", f"{warning_id}/{number}", time, data)
    return Event(WARNINGS, subject, value)


def waits(key: str = "H1/C1", person: str = "P1", region: str = "suzhou", *, over: bool = False) -> Event:
    """A reversal that waits for its claim, or the tombstone that ends it."""
    data = {"reversal": {}, "caused_by": {"source": "/hospitals/H1", "id": "r"}, "time": TIME}
    value = write_event("settlement.reversal.waiting.v1", "/medaid/settlement", f"{key}/{person}/{region}", TIME, data)
    return Event(SETTLEMENT_WAITING, f"{key}/{person}/{region}", None if over else value)


def index_of(documents: Documents, heads: str, name: str) -> list[Any]:
    """The rows of an index, the oldest first; every slot between its ends is full, no other is, and each entry's document points back to it."""
    lane = heads.partition("/")[0]
    first, following = documents.get(heads, {}).get(name, (0, 0))
    slots = documents.get(f"{lane}/i/{name}", {})
    assert sorted(slots, key=int) == [str(slot) for slot in range(first, following)], (name, slots.keys(), first, following)
    for slot, (document, field, _) in slots.items():
        assert documents[document][field] == [name, int(slot)]
    return [slots[str(slot)][2] for slot in range(first, following)]


def normal(documents: Documents) -> Documents:
    """Documents without the order in which entries stand in indexes, which alone may depend on which topic was read first."""
    plain: Documents = {}
    for key, fields in documents.items():
        kind = key.split("/")[1]
        if kind == "i":
            plain[key] = {"rows": sorted(fields.values(), key=orjson.dumps)}
        elif kind == "n":
            plain[key] = {name: value if name.startswith("audience:") else value[1] - value[0] for name, value in fields.items()}
        else:
            points = ("s:", "r:") if kind in "ph" else ()
            plain[key] = {name: value[0] if name.startswith(points) else value for name, value in fields.items()}
    return plain


def together(events: Iterable[Event]) -> Documents:
    """What a console keeps that saw all of it in one batch."""
    return Kept().see_together(*events).documents
