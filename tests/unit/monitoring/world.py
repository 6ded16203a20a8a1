"""Monitoring alone on the embedded default, fed with results, timelines and dead letters made by hand; every warning is checked against its schema."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from schemas.catalogue import (
    ACTIONS,
    CLAIMS,
    HOSPITAL_SHARES,
    RESULTS,
    SETTLEMENT_WAITING,
    TIMELINES,
    WARNING_TYPES,
    WARNINGS,
    dead_letters_of,
)
from schemas.envelope import read_event, write_event
from schemas.money import fen_from_yuan, yuan_text
from services.monitoring.app import MonitoringService
from services.policy.library import Policies, load_policies
from services.runtime import deadletters
from services.runtime.embedded import Embedded
from services.runtime.errors import Refused
from services.runtime.records import Record

Data = dict[str, Any]
TIME = "2025-12-31T12:00:00+08:00"
LETTERS = dead_letters_of(CLAIMS)
FOLLOW_THE_ORDER = {"conflicting_duplicate", "recovery_due"}


class Event(NamedTuple):
    """A record to publish."""

    topic: str
    key: str
    value: bytes | None


@cache
def policies(**readings: str) -> Policies:
    """The shipped policies; a reading is switched in every city that has it."""
    shipped = load_policies()
    switched = {
        region: {name: value for name, value in readings.items() if name in shipped.current[region][-1].readings}
        for region in shipped.regions()
    }
    return load_policies(switched=switched) if readings else shipped


def claim_of(number: str, self_pay: str, **facts: Any) -> Data:
    """A stay of ten days in March, its whole bill self-pay, unless `facts` say otherwise."""
    stay = facts.get("visit_type", "inpatient") == "inpatient"
    days = {"admission_date": "2025-03-01", "discharge_date": "2025-03-10"} if stay else {"service_date": "2025-03-10"}
    claim = {
        "person_id": "P1", "claim_id": number, "hospital_id": "H1", "region": "suzhou", "visit_type": "inpatient", **days, "insurance_type": "resident",
        "conditions": [], "total_amount": self_pay, "policy_scope_amount": self_pay, "basic_paid": "0.00", "critical_illness_paid": "0.00",
        "other_paid": "0.00", "above_basic_cap_amount": "0.00", "consultation_fee": "0.00", "referral": "local", "in_province": True, "in_county": True,
        "payment_method": "itemised",
    }  # fmt: skip
    return {**claim, **facts}


def result(
    number: str,
    self_pay: str,
    paid: str = "0.00",
    *,
    sequence: int = 1,
    revision: int = 0,
    verb: str = "completed",
    delta: str | None = None,
    category: str | None = None,
    counters: Data | None = None,
    policy: bool = True,
    year: int = 2025,
    **facts: Any,
) -> Event:
    """A result of claim `number`; `facts` are the claim's."""
    claim = claim_of(number, self_pay, **facts)
    gone = verb == "reversed"
    own, paid = ("0.00", "0.00") if gone else (self_pay, paid)
    data = {
        "settlement_id": f"{claim['hospital_id']}/{number}/{revision}", "hospital_id": claim["hospital_id"], "claim_id": number,
        "person_id": claim["person_id"], "region": claim["region"], "district": None, "year": year, "visit_type": claim["visit_type"],
        "sequence": sequence, "revision": revision,
        "outcome": "reversed" if gone else "assisted" if paid != "0.00" else "not_assisted",
        "reason": "wrong bill" if gone else None if paid != "0.00" else "no_entitlement",
        "category": None if gone else category,
        "policy": {"id": claim["region"], "version": "2023-01-01", "edition": "e", "status": "in_force", "readings": {}} if policy else None,
        "self_pay": own, "deductible": "0.00", "components": [], "assistance_amount": paid,
        "personal_burden": yuan_text(fen_from_yuan(own) - fen_from_yuan(paid)), "consultation_fee_waived": "0.00", "claim": claim,
        "delta": delta or paid, "counters": counters or {}, "candidates": [],
        "caused_by": {"source": f"/hospitals/{claim['hospital_id']}", "id": f"{number}-{revision}"},
    }  # fmt: skip
    return Event(RESULTS, data["person_id"], write_event(f"settlement.{verb}.v1", "/medaid/settlement", data["settlement_id"], TIME, data))


def run(
    category: str, start: str, to: str | None = None, lost_on: str | None = None, lost_by: str = "ordinary", region: str = "suzhou"
) -> Data:
    """One interval of a timeline."""
    end = {"to": to, "lost_on": lost_on or to, "lost_by": lost_by} if to else {"to": None, "lost_on": None, "lost_by": None}
    return {"region": region, "category": category, "from": start, "changed_to": None, **end}


def timeline(revision: int, *runs: Data, deaths: Sequence[tuple[str, str]] = (), voids: Sequence[str] = (), person: str = "P1") -> Event:
    """A timeline; `deaths` are region and day, the n-th has the id `death-n`, which `voids` may name."""
    data = {"person_id": person, "region": "suzhou", "category": "orphan", "effective_date": "2024-01-01"}
    events = [_accepted("identity.status.granted.v1", "grant", data)]
    for number, (region, day) in enumerate(deaths, 1):
        lost = {**data, "region": region, "effective_date": day, "reason": "death"}
        events.append(_accepted("identity.status.revoked.v1", f"death-{number}", lost))
    for name in voids:
        region = deaths[int(name.removeprefix("death-")) - 1][0]
        events.append(_accepted("identity.status.voided.v1", f"void-{name}", {"person_id": person, "region": region, "voids": name}))
    value = {"person_id": person, "revision": revision, "birth_date": None, "intervals": list(runs), "events": events}
    return Event(TIMELINES, person, write_event("identity.timeline.updated.v1", "/medaid/identity", f"{person}/{revision}", TIME, value))


def _accepted(kind: str, name: str, data: Data) -> Data:
    return {"source": "/agencies/suzhou/civil-affairs", "id": name, "type": kind, "time": TIME, "data": data}


def waiting(number: str, *, person: str = "P1", region: str = "suzhou", time: str = TIME, over: bool = False) -> Event:
    """A reversal of claim `number` that waits, or the tombstone that ends its waiting."""
    reversal = {"claim_id": number, "hospital_id": "H1", "person_id": person, "region": region, "reason": "refund"}
    data = {"reversal": reversal, "caused_by": {"source": "/hospitals/H1", "id": f"R-{number}"}, "time": time}
    value = write_event("settlement.reversal.waiting.v1", "/medaid/settlement", f"waiting/H1/{number}/{person}/{region}", time, data)
    return Event(SETTLEMENT_WAITING, person, None if over else value)


def letter(
    offset: int, data: Data, kind: str = "hospital.claim.submitted.v1", reason: str = "conflicting_duplicate", headers: Any = ()
) -> Event:
    """A dead letter of settlement's; with `ce_` headers its payload is in binary mode."""
    sent = orjson.dumps(data) if headers else write_event(kind, "/hospitals/H1", f"again-{offset}", TIME, data)
    record = Record(CLAIMS, 0, offset, b"P1", sent, headers)
    refused: Any = Refused(reason, "data.claim_id", "another")  # type: ignore[arg-type]
    return Event(LETTERS, "P1", deadletters.letter("settlement", 0, record, refused).value or b"")


def action(verb: str, warning_id: str, episode: int = 1, number: int = 1, operator: str = "wang.min", **more: Any) -> Event:
    """What an operator did with an episode of a warning."""
    kind, region, subject, year, *_detail = warning_id.split("/")
    about: Data = {"warning_id": warning_id, "kind": kind, "region": region, "subject": subject, "year": int(year)}
    data = {**about, "episode": episode, "operator": operator, **more}
    return Event(ACTIONS, subject, write_event(f"monitoring.action.{verb}.v1", "/medaid/console", f"{verb}-{number}", TIME, data))


class Watching:
    """Monitoring at work; what it says is collected."""

    def __init__(self, known: Policies | None = None, folder: Path | None = None, partitions: int = 1) -> None:
        self.embedded = Embedded([MonitoringService(replace(known or policies(), folder=folder))], partitions, keeps_records=True)
        self.said: list[Data] = []
        self.records: list[Record] = []
        asyncio.run(self.embedded.start())

    def see(self, *events: Event) -> list[Data]:
        """Show it `events`, one after the other; what it says to them."""
        before = len(self.said)
        for event in events:
            self.embedded.publish(event.topic, event.key, event.value)
            asyncio.run(self.embedded.settle())
            self._take(self.embedded.drain())
        return self.said[before:]

    def see_together(self, *events: Event) -> list[Data]:
        """Show it `events` at once, as one batch."""
        before = len(self.said)
        for event in events[:-1]:
            self.embedded.publish(event.topic, event.key, event.value)
        self.see(events[-1])
        return self.said[before:]

    def restart(self, known: Policies) -> None:
        """Go on with other policies, as a new process would."""
        (service,) = {id(seat.lane.service): seat.lane.service for seat in self.embedded._seats}.values()
        vars(service).update(vars(MonitoringService(known, spares=True)))
        asyncio.run(self.embedded.start())

    def lose(self) -> None:
        """Take its view away."""
        self.embedded.views["monitoring"].lose()

    def _take(self, records: Iterable[Record]) -> None:
        for record in records:
            self.records.append(record)
            if record.topic == WARNINGS:
                self.said.append(checked(record))
            else:
                assert record.topic == HOSPITAL_SHARES, record

    @property
    def standing(self) -> dict[str, tuple[str, str]]:
        """The open warnings: level and the measure's value."""
        return standing(self.said)


def checked(record: Record) -> Data:
    """A warning as `data`, with the verb and id of its record; it fits its schema and names its subject only in its ids."""
    types: Any = WARNING_TYPES
    event: Any = read_event(record.value, record.headers, types)
    warning = event.data
    path = warning.warning_id.split("/")
    assert path[:4] == [warning.kind, warning.region, warning.subject, str(warning.year)]
    assert (record.key or b"").decode() == warning.subject
    if warning.kind != "hospital_self_pay_ratio":
        assert warning.subject not in warning.message_zh + warning.message_en
    return {**warning.wire(), "verb": event.type.split(".")[2], "id": event.id, "time": event.time}


def standing(said: Iterable[Data]) -> dict[str, tuple[str, str]]:
    """Level and measure of the warnings that are open after `said`."""
    warnings = {}
    for data in said:
        if data["verb"] == "resolved":
            del warnings[data["warning_id"]]
        else:
            warnings[data["warning_id"]] = (data["level"], data["measure"]["value"])
    return warnings


def told(said: Iterable[Data]) -> list[tuple[str, str, str, int]]:
    """Verb, kind, level and episode of each."""
    return [(data["verb"], data["kind"], data["level"], data["episode"]) for data in said]
