"""Grants, bills and reversals as an agency and a hospital would send them, small and exact."""

from typing import Any

import orjson

REGION = "lianyungang"
CATEGORY = "low_income_margin"
"""2,000 yuan to be borne in a year, then 70% (（五）3)."""


def grant(person: str, day: str = "2025-01-10", number: int = 1) -> bytes:
    """A family at the margin of low income is recognised."""
    data = {"person_id": person, "region": REGION, "category": CATEGORY, "effective_date": day}
    return _event("identity.status.granted.v1", f"/agencies/{REGION}/civil-affairs", f"g-{person}-{number}", f"{day}T09:00:00+08:00", data)


def bill(person: str, claim: str, self_pay: int, day: str = "2025-05-20", time: str | None = None, hospital: str = "H-07") -> bytes:
    """A visit to the outpatient clinic for a special disease on `day`, `self_pay` yuan of it left to the patient."""
    data = {
        "claim_id": claim,
        "hospital_id": hospital,
        "person_id": person,
        "region": REGION,
        "visit_type": "outpatient_special",
        "service_date": day,
        "insurance_type": "resident",
        "total_amount": f"{self_pay + 1000}.00",
        "policy_scope_amount": f"{self_pay + 500}.00",
        "basic_paid": "500.00",
        "critical_illness_paid": "0.00",
    }
    return _event("hospital.claim.submitted.v1", f"/hospitals/{hospital}", f"{claim}-{person}", time or f"{day}T18:00:00+08:00", data)


def reversal(person: str, claim: str, hospital: str = "H-07") -> bytes:
    """A bill is taken back."""
    data = {"claim_id": claim, "hospital_id": hospital, "person_id": person, "region": REGION, "reason": "wrong patient"}
    return _event("hospital.claim.reversed.v1", f"/hospitals/{hospital}", f"r-{claim}-{person}", "2025-12-01T18:00:00+08:00", data)


def person_of(line: bytes) -> str:
    """Whom a line is about."""
    return str(orjson.loads(line)["data"]["person_id"])


def _event(kind: str, source: str, number: str, time: str, data: dict[str, Any]) -> bytes:
    return orjson.dumps({"specversion": "1.0", "id": number, "source": source, "type": kind, "time": time, "data": data})
