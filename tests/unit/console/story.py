"""A small city's day through all services: one person whose every id and amount is easy to find in a page's source. Worked by hand, for 连云港.

A family at the margin of low income (class C), a stay in hospital with 5,000.01 of self-pay: 2,000.00 of it are the deductible, of 3,000.01 the fund pays
70%, 2,100.01 (2,100.007 rounded half up); 2,900.00 stay with the person. The same bill again with another total is refused (`conflicting_duplicate`), one
that paid more than its scope too (`invalid_amounts`); a reversal of an unknown claim waits.
"""

from typing import Any

import orjson

from schemas.catalogue import CLAIMS, IDENTITY_EVENTS
from tests.unit.monitoring.world import Event

PERSON, HOSPITAL, CLAIM, OTHER = "P-ZHANG-0042", "H-7733", "S-88990", "P-OTHER-7"
REGION, YEAR = "lianyungang", 2025
KEY = f"{HOSPITAL}/{CLAIM}"
DUPLICATE = f"conflicting_duplicate/{REGION}/{PERSON}/{YEAR}/{KEY}"
SECRETS = (
    PERSON,
    CLAIM,
    "5000.01",
    "5,000.01",
    "2100.01",
    "2,100.01",
    "2900.00",
    "2,900.00",
    "3000.01",
    "3,000.01",
    "15000.01",
    "15,000.01",
)
"""What no masked page may hold: ids and amounts of the person."""


def event(number: int, kind: str, source: str, data: dict[str, Any]) -> Event:
    """An input event; its topic goes by its type."""
    topic = CLAIMS if ".claim." in kind else IDENTITY_EVENTS
    value = {
        "specversion": "1.0", "id": f"E-{number}", "source": source, "type": kind, "time": f"2025-06-1{number % 10}T10:00:00+08:00", "data": data,
    }  # fmt: skip
    return Event(topic, data["person_id"], orjson.dumps(value))


def granted(person: str = PERSON, category: str = "low_income_margin", day: str = "2025-01-05") -> Event:
    """A status."""
    data = {"person_id": person, "region": REGION, "category": category, "effective_date": day}
    return event(0, "identity.status.granted.v1", f"/agencies/{REGION}/civil-affairs", data)


def claim(person: str = PERSON, number: str = CLAIM, **more: Any) -> Event:
    """The stay."""
    data = {
        "claim_id": number, "hospital_id": HOSPITAL, "person_id": person, "region": REGION, "visit_type": "inpatient",
        "admission_date": "2025-05-02", "discharge_date": "2025-05-20", "insurance_type": "resident", "total_amount": "18000.00",
        "policy_scope_amount": "15000.01", "basic_paid": "9000.00", "critical_illness_paid": "1000.00", **more,
    }  # fmt: skip
    return event(1, "hospital.claim.submitted.v1", f"/hospitals/{HOSPITAL}", data)


def reversal(person: str = PERSON, number: str = CLAIM) -> Event:
    """A reversal."""
    data = {"claim_id": number, "hospital_id": HOSPITAL, "person_id": person, "region": REGION, "reason": "wrong bill"}
    return event(2, "hospital.claim.reversed.v1", f"/hospitals/{HOSPITAL}", data)


def day() -> list[Event]:
    """All of it."""
    return [
        granted(),
        claim(),
        claim(total_amount="18000.55"),
        claim(number="S-88991", basic_paid="17000.00"),
        reversal(number="S-88992"),
    ]
