"""Worked examples: rows that were calculated by hand become events as agencies and hospitals would send them, the real services settle them, and what
came out is held against what was expected, to the fen.

In: a table (`worked_table.py`) and a site's policies. Out: for each case its differences. Not here: which files, telling (`cli/commands/policy_examples.py`).
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from schemas.catalogue import ADMISSIONS, ASSESSMENTS, CLAIMS, IDENTITY_EVENTS, RESULTS, SUBSIDIES
from schemas.deadletters import DeadLetter
from services.embedded.worked_table import EXPECTED, Row
from services.identity.app import IdentityService
from services.policy.library import Policies
from services.runtime.embedded import Embedded
from services.settlement.app import SettlementService

PERSON = "P1"
HOSPITAL = "H1"
"""Of a row that names none."""

SENT = "2026-12-31T{:02}:{:02}:00+08:00"
"""Row after row, one minute after the other: of one effective date the row that stands first applies first."""


class Settled:
    """What came out of a case: the newest result of each claim by row, counters by year, newest subsidies by year, admissions in order, letters."""

    def __init__(self, records: Sequence[Any]) -> None:
        self.results: dict[int, Row] = {}
        self.counters: dict[int, Row] = {}
        self.subsidies: dict[int, Row] = {}
        self.admissions: dict[int, Row] = {}
        self.refused: list[DeadLetter] = []
        for record in records:
            data = orjson.loads(record.value)["data"] if record.value else {}
            if record.topic == RESULTS:
                self.results[int(data["claim_id"])] = data
                self.counters[data["year"]] = data["counters"]
            elif record.topic == SUBSIDIES:
                self.subsidies[data["year"]] = data
            elif record.topic == ASSESSMENTS:
                self.admissions[int(data["admission_id"])] = data
            elif record.topic.endswith(".dlq"):
                self.refused.append(DeadLetter.model_validate(data))


def settle(policies: Policies, city: str, case: Row) -> Settled:
    """Settle one case, in the order: status, claims, reversals, admissions."""
    return asyncio.run(_settle(policies, city, case))


async def _settle(policies: Policies, city: str, case: Row) -> Settled:
    embedded = Embedded([IdentityService(policies), SettlementService(policies)], partitions=1)
    await embedded.start()
    for topic, kind, source, number, data in events(policies, city, case):
        sent = SENT.format(number // 60, number % 60)
        event = {"specversion": "1.0", "id": f"{kind}-{number}", "source": source, "type": kind, "time": sent, "data": data}
        embedded.publish(topic, PERSON, orjson.dumps(event))
        await embedded.settle()
    return Settled(embedded.drain())


def events(policies: Policies, city: str, case: Row) -> Iterator[tuple[str, str, str, int, Row]]:
    """Topic, type, source, number and data of every event of a case."""
    who = {"person_id": PERSON, "region": city}
    rows = list(case.get("status") or [])
    for number, row in enumerate(rows, 1):
        verb, agency, data = _status(policies, city, rows, row)
        yield IDENTITY_EVENTS, f"identity.{verb}.v1", f"/agencies/{city}/{agency}", number, {**who, **data}
    claims = list(case.get("claims") or [])
    for number, row in enumerate(claims, 1):
        bill = {**who, "hospital_id": hospital_of(row), "claim_id": str(number), **claim_facts(row)}
        yield CLAIMS, "hospital.claim.submitted.v1", f"/hospitals/{hospital_of(row)}", number, bill
    for number, row in enumerate(claims, 1):
        if row.get("reversed"):
            data = {**who, "hospital_id": hospital_of(row), "claim_id": str(number), "reason": row["reversed"]}
            yield CLAIMS, "hospital.claim.reversed.v1", f"/hospitals/{hospital_of(row)}", number, data
    for number, row in enumerate(case.get("admissions") or [], 1):
        stay = {**who, "hospital_id": HOSPITAL, "admission_id": str(number)}
        opened = {name: row[name] for name in ("admission_date", "in_city", "referred_by_primary_care")}
        yield ADMISSIONS, "hospital.admission.opened.v1", f"/hospitals/{HOSPITAL}", number, {**stay, **opened}
        if row.get("discharge_date"):
            closed = {**stay, "discharge_date": row["discharge_date"]}
            yield ADMISSIONS, "hospital.admission.closed.v1", f"/hospitals/{HOSPITAL}", number, closed


def _status(policies: Policies, city: str, rows: list[Row], row: Row) -> tuple[str, str, Row]:
    """Verb, agency and data of one row of `status`."""
    facts: Row = {name: row[name] for name in ("birth_date", "enrolled_on", "reason") if name in row}
    for verb in ("granted", "revoked"):
        if verb in row:
            return f"status.{verb}", _agency(policies, city, row[verb]), {"category": row[verb], "effective_date": row["on"], **facts}
    if "changed" in row:
        data = {"from_category": row["changed"], "to_category": row["to"], "effective_date": row["on"]}
        return "status.changed", _agency(policies, city, row["to"]), data
    if "applied" in row:
        data = {"category": row["applied"], "applied_on": row["on"], "from": row["from"], "to": row["to"]}
        return "application.approved", "healthcare-security", data
    place = int(row["voided"]) - 1
    verb, agency, _ = _status(policies, city, rows, rows[place])
    return "status.voided", agency, {"voids": f"identity.{verb}.v1-{place + 1}"}


def _agency(policies: Policies, city: str, category: str) -> str:
    """Who certifies a category, by the newest file that knows it; of a stranger somebody, who is refused then."""
    known = (policy.file.categories.get(category) for policy in reversed(policies.current[city]))
    return next((found.certifiers[0] for found in known if found), "civil-affairs")


def hospital_of(row: Row) -> str:
    """The hospital of a claim row."""
    return str(row.get("hospital_id", HOSPITAL))


def claim_facts(row: Row) -> Row:
    """The facts of a claim row, with the table's defaults."""
    facts = {name: value for name, value in row.items() if name not in EXPECTED}
    if facts["visit_type"] == "inpatient":
        facts.setdefault("admission_date", facts.get("discharge_date"))
    facts.setdefault("total_amount", row["self_pay"])
    facts.setdefault("policy_scope_amount", facts["total_amount"] if "total_amount" in row else row["self_pay"])
    for payment in ("basic_paid", "critical_illness_paid"):
        facts.setdefault(payment, "0")
    return {"insurance_type": "resident", **facts}
