"""What hospitals send: claims, reversals, admissions.

In: a person, a kind of visit, a bill, days. Out: the claim's data, or the event sent. Not here: which visits people have (`ordinary.py`, the casts).
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from services.synthetic.bills import Bill
from services.synthetic.script import Person, Script, Sent

CLAIM, REVERSAL = "hospital.claim.submitted.v1", "hospital.claim.reversed.v1"
OPENED, CLOSED = "hospital.admission.opened.v1", "hospital.admission.closed.v1"


@dataclass(frozen=True, slots=True)
class Visit:
    """A kind of visit, as the rules may ask about it. `age`: of the patient in whole years, where it matters.

    `like`: the contract's kind that a kind of the city's own is like.
    """

    kind: str = "inpatient"
    conditions: tuple[str, ...] = ()
    insurance: str = "resident"
    referral: str = "local"
    in_province: bool = True
    in_county: bool = True
    package: bool = False
    applied: bool = True
    age: int | None = None
    above_cap: bool = False
    like: str = ""

    @property
    def is_stay(self) -> bool:
        """Whether it has an admission and a discharge."""
        return (self.like or self.kind) == "inpatient"


def claim_data(
    region: str, person: Person, visit: Visit, bill: Bill, last: date, number: str, nights: int = 7, hospital: str | None = None
) -> dict[str, Any]:
    """The claim of a visit on `last`, for a stay its day of discharge, after `nights`."""
    first = last - timedelta(days=nights) if visit.is_stay else last
    days = {"admission_date": first, "discharge_date": last} if visit.is_stay else {"service_date": last}
    options: dict[str, Any] = {
        "conditions": list(visit.conditions), "referral": visit.referral, "in_province": visit.in_province, "in_county": visit.in_county,
        "payment_method": "package" if visit.package else "itemised",
    }  # fmt: skip
    defaults = {"conditions": [], "referral": "local", "in_province": True, "in_county": True, "payment_method": "itemised"}
    return {
        "claim_id": number,
        "hospital_id": hospital or person.hospital,
        "person_id": person.id,
        "region": region,
        "visit_type": visit.kind,
        **{name: day.isoformat() for name, day in days.items()},
        "insurance_type": visit.insurance,
        **{name: value for name, value in options.items() if value != defaults[name]},
        **bill.wire(as_numbers=(hospital or person.hospital).endswith("7")),
        **({"applied_on": first.isoformat()} if visit.applied else {}),
        **({"birth_date": person.born.isoformat()} if visit.age is not None else {}),
        "district": person.district,
    }


def submit(
    script: Script,
    person: Person,
    visit: Visit,
    bill: Bill,
    last: date,
    *,
    nights: int = 7,
    hospital: str | None = None,
    lag: int = 1,
    late: int = 0,
) -> Sent:
    """Send the claim of a visit `lag` days after it ended; it arrives `late` days after that."""
    data = claim_data(script.city.region, person, visit, bill, last, new_number(script), nights, hospital)
    return send_claim(script, data, last + timedelta(days=lag), late)


def send_claim(script: Script, data: dict[str, Any], day: date, late: int = 0) -> Sent:
    """Send a claim whose data is ready."""
    return script.send(CLAIM, f"/hospitals/{data['hospital_id']}", data, script.moment(day), delay=timedelta(days=late))


def new_number(script: Script) -> str:
    """A bill's number, used once."""
    script.numbers += 1
    return f"C{script.city.code}{script.numbers:08d}"


def reverse(script: Script, claim: Sent, days: int, reason: str = "billing_error", **changes: str) -> Sent:
    """Take a claim back, `days` after it was sent; with 0 at once, before a late claim arrives. `changes` are other data than the claim's."""
    told = {name: claim.data[name] for name in ("claim_id", "hospital_id", "person_id", "region")} | {"reason": reason} | changes
    delay = claim.arrival - claim.at if days > 0 else timedelta(0)
    return script.send(REVERSAL, claim.source, told, claim.at + timedelta(days=days), delay=delay)


def admit(
    script: Script,
    person: Person,
    first: date,
    last: date | None,
    *,
    referred: bool = True,
    in_city: bool = True,
    closed_first: bool = False,
    hospital: str | None = None,
) -> tuple[Sent, Sent | None]:
    """Open an admission, and close it where `last` is given; the closing may arrive first."""
    place = hospital or person.hospital
    key = {"admission_id": new_number(script), "hospital_id": place, "person_id": person.id, "region": script.city.region}
    told = {**key, "admission_date": first.isoformat(), "referred_by_primary_care": referred, "in_city": in_city}
    days = ((last or first) - first).days + 2
    delay = timedelta(days=days if closed_first else 0)
    opened = script.send(OPENED, f"/hospitals/{place}", told, script.moment(first), delay=delay)
    if last is None:
        return opened, None
    return opened, script.send(CLOSED, f"/hospitals/{place}", {**key, "discharge_date": last.isoformat()}, script.moment(last))
