"""A few input events by hand, as lines."""

from typing import Any

import orjson

WHO = {"person_id": "P1", "region": "lianyungang"}


def line(kind: str, source: str, event_id: str, data: dict[str, Any]) -> bytes:
    """One event."""
    event = {"specversion": "1.0", "id": event_id, "source": source, "type": kind, "time": "2025-12-31T09:00:00+08:00", "data": data}
    return orjson.dumps(event) + b"\n"


def granted(category: str = "low_income_margin", on: str = "2025-01-10", event_id: str = "g1", **more: Any) -> bytes:
    """A grant by civil affairs."""
    data = {**WHO, "category": category, "effective_date": on, **more}
    return line("identity.status.granted.v1", f"/agencies/{data['region']}/civil-affairs", event_id, data)


def claim(claim_id: str, day: str, self_pay: str, **more: Any) -> bytes:
    """A stay of one day, or whatever `more` says."""
    amounts = {"total_amount": self_pay, "policy_scope_amount": self_pay, "basic_paid": 0, "critical_illness_paid": 0}
    facts = {**WHO, "claim_id": claim_id, "hospital_id": "H1", "visit_type": "inpatient", "insurance_type": "resident", **amounts, **more}
    dates = {"admission_date": day, "discharge_date": day} if facts["visit_type"] == "inpatient" else {"service_date": day}
    return line("hospital.claim.submitted.v1", "/hospitals/H1", f"e{claim_id}", {**dates, **facts})


def reversed_(claim_id: str, reason: str = "billing_error") -> bytes:
    """A claim taken back."""
    return line(
        "hospital.claim.reversed.v1", "/hospitals/H1", f"r{claim_id}", {**WHO, "claim_id": claim_id, "hospital_id": "H1", "reason": reason}
    )
