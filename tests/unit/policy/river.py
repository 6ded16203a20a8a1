"""River County, an invented region that declares codes of its own: its policy, beside the shipped ones, and claims of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from services.policy.library import Policies, load_policies
from services.policy.loader import Policy, load_policy

FILE: Final = Path(__file__).parent / "river_county.yaml"
REGION: Final = "river-county"
TEXT: Final = FILE.read_text("utf-8")


def river(text: str = TEXT) -> Policy:
    """The county's policy."""
    return load_policy(FILE.name, text)


def with_river(text: str = TEXT) -> Policies:
    """The shipped policies, and the county's."""
    return Policies({**load_policies().current, REGION: (river(text),)})


def claim(number: str, visit_type: str, self_pay: str, *days: str, **more: Any) -> dict[str, Any]:
    """A claim's data: of a visit on one day, or of a stay from one to another; all of the bill is self-pay."""
    dates = {"service_date": days[0]} if len(days) == 1 else {"admission_date": days[0], "discharge_date": days[1]}
    bill = {"total_amount": self_pay, "policy_scope_amount": self_pay, "basic_paid": "0.00", "critical_illness_paid": "0.00"}
    who = {"claim_id": number, "hospital_id": "H1", "person_id": "P1", "region": REGION, "insurance_type": "resident"}
    return {**who, "visit_type": visit_type, **dates, **bill, **more}


def event(kind: str, number: str, source: str, data: Mapping[str, Any], time: str = "2026-06-30T12:00:00+08:00") -> bytes:
    """An event as its sender writes it."""
    return orjson.dumps({"specversion": "1.0", "id": number, "source": source, "type": kind, "time": time, "data": data})


def submitted(data: Mapping[str, Any]) -> bytes:
    """A claim as its hospital sends it."""
    return event("hospital.claim.submitted.v1", str(data["claim_id"]), f"/hospitals/{data['hospital_id']}", data)
