"""A table of worked examples as events, and what the services make of them.

Rows become events as agencies and hospitals would send them; the real services settle them on the embedded default.
"""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import yaml

from schemas.catalogue import ADMISSIONS, ASSESSMENTS, CLAIMS, IDENTITY_EVENTS, RESULTS, SUBSIDIES
from services.identity.app import IdentityService
from services.policy.library import Policies, load_policies
from services.runtime.embedded import Embedded
from services.settlement.app import SettlementService

CASES = Path(__file__).parent / "cases"
PERSON = "P1"
SENT = "2026-12-31T12:{:02}:00+08:00"
"""Row after row, one minute after the other: of one effective date the row that stands first applies first."""

EXPECTED = {
    "self_pay",
    "deductible",
    "assistance_amount",
    "reason",
    "category",
    "components",
    "consultation_fee_waived",
    "because",
    "reversed",
}
Row = dict[str, Any]


def tables() -> dict[str, Row]:
    """Every city's table, scalars as text."""
    return {path.stem: load(path) for path in sorted(CASES.glob("*.yaml"))}


def load(path: Path) -> Row:
    """One table; `null` is None, `true` and `false` are booleans, all else is text."""
    loaded: Row = _values(yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader))
    return loaded


def _values(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _values(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_values(item) for item in value]
    return {"null": None, "true": True, "false": False}.get(value, value)


class Settled:
    """What came out of a case: the newest result of each claim by row, counters by year, newest subsidies by year, admissions in order."""

    def __init__(self, records: list[Any]) -> None:
        self.results: dict[int, Row] = {}
        self.counters: dict[int, Row] = {}
        self.subsidies: dict[int, Row] = {}
        self.admissions: dict[int, Row] = {}
        self.refused: list[Row] = []
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
                self.refused.append(data)


@cache
def policies_with(city: str, readings: frozenset[tuple[str, str | bool | None]]) -> Policies:
    """The shipped policies with readings of one city switched."""
    return load_policies(switched={city: dict(readings)})


def settle(city: str, case: Row) -> Settled:
    """Settle one case, in the order: status, claims, reversals, admissions."""
    readings = frozenset((case.get("readings") or {}).items())
    return asyncio.run(_settle(policies_with(city, readings), city, case))


async def _settle(policies: Policies, city: str, case: Row) -> Settled:
    embedded = Embedded([IdentityService(policies), SettlementService(policies)], partitions=1)
    await embedded.start()
    for topic, kind, source, number, data in events(policies, city, case):
        event = {"specversion": "1.0", "id": f"{kind}-{number}", "source": source, "type": kind, "time": SENT.format(number), "data": data}
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
        yield (
            CLAIMS,
            "hospital.claim.submitted.v1",
            "/hospitals/H1",
            number,
            {**who, "hospital_id": "H1", "claim_id": str(number), **claim_facts(row)},
        )
    for number, row in enumerate(claims, 1):
        if row.get("reversed"):
            data = {**who, "hospital_id": "H1", "claim_id": str(number), "reason": row["reversed"]}
            yield CLAIMS, "hospital.claim.reversed.v1", "/hospitals/H1", number, data
    for number, row in enumerate(case.get("admissions") or [], 1):
        stay = {**who, "hospital_id": "H1", "admission_id": str(number)}
        opened = {name: row[name] for name in ("admission_date", "in_city", "referred_by_primary_care")}
        yield ADMISSIONS, "hospital.admission.opened.v1", "/hospitals/H1", number, {**stay, **opened}
        if row.get("discharge_date"):
            yield ADMISSIONS, "hospital.admission.closed.v1", "/hospitals/H1", number, {**stay, "discharge_date": row["discharge_date"]}


def _status(policies: Policies, city: str, rows: list[Row], row: Row) -> tuple[str, str, Row]:
    """Verb, agency and data of one row of `status`."""
    categories = policies.current[city][-1].file.categories
    facts = {name: row[name] for name in ("birth_date", "enrolled_on", "reason") if name in row}
    if "granted" in row:
        return (
            "status.granted",
            categories[row["granted"]].certifiers[0],
            {"category": row["granted"], "effective_date": row["on"], **facts},
        )
    if "revoked" in row:
        return (
            "status.revoked",
            categories[row["revoked"]].certifiers[0],
            {"category": row["revoked"], "effective_date": row["on"], **facts},
        )
    if "changed" in row:
        data = {"from_category": row["changed"], "to_category": row["to"], "effective_date": row["on"]}
        return "status.changed", categories[row["to"]].certifiers[0], data
    if "applied" in row:
        data = {"category": row["applied"], "applied_on": row["on"], "from": row["from"], "to": row["to"]}
        return "application.approved", "healthcare-security", data
    verb, agency, _ = _status(policies, city, rows, rows[int(row["voided"]) - 1])
    return "status.voided", agency, {"voids": f"identity.{verb}.v1-{row['voided']}"}


def claim_facts(row: Row) -> Row:
    """The facts of a claim row, with the table's defaults."""
    facts = {name: value for name, value in row.items() if name not in EXPECTED}
    if facts["visit_type"] == "inpatient":
        facts.setdefault("admission_date", facts["discharge_date"])
    facts.setdefault("total_amount", row["self_pay"])
    facts.setdefault("policy_scope_amount", facts["total_amount"] if "total_amount" in row else row["self_pay"])
    for payment in ("basic_paid", "critical_illness_paid"):
        facts.setdefault(payment, "0")
    return {"insurance_type": "resident", **facts}


def counters_by_year(case: Row) -> Mapping[int, Row]:
    """The counters that a case expects; without a year they are those of the claims' only year."""
    counters = case.get("counters") or {}
    if not counters or all(name.isdigit() for name in counters):
        return {int(year): row for year, row in counters.items()}
    years = {_day(row).year for row in case["claims"]}
    return {year: counters for year in years}


def _day(row: Row) -> date:
    return date.fromisoformat(row["discharge_date"] if row["visit_type"] == "inpatient" else row["service_date"])
