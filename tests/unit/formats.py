"""One of each kind of document of the four services, written by what writes them: for `test_formats.py`, and for whoever gives a service another format.

    python -m tests.unit.formats

adds to `formats.yaml` what the present formats write, where their numbers are not there yet. It never changes what is there: bytes that were written once
lie in somebody's Redis.
"""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import yaml

from schemas.catalogue import ASSESSMENTS, CLAIMS, IDENTITY_WAITING, RESULTS, SUBSIDIES, TIMELINES, WARNINGS
from schemas.hospital import ClaimReversed, ClaimSubmitted
from services.console.domain.claims import Claim, Told
from services.console.domain.desk import Desk
from services.console.domain.records import AuditTold, LetterTold, NotUnderstood, TimelineTold, Waits
from services.console.domain.seen import Data, Seen
from services.console.domain.warnings import Acted
from services.console.domain.warnings import Said as SaidAgain
from services.console.handlers import decide
from services.console.service import ConsoleService
from services.identity import adapters as identity_adapters
from services.identity.app import IdentityService
from services.monitoring.adapters.documents import encode_hospital, encode_person
from services.monitoring.app import MonitoringService
from services.monitoring.domain import facts, hospitals
from services.monitoring.domain.warnings import Figure, Open, Said
from services.policy.entitlement import Application, Interval, Status
from services.runtime.folding import Changes
from services.runtime.records import Record
from services.settlement.adapters.documents import encode
from services.settlement.app import SettlementService
from services.settlement.domain import ClaimRecord, Holder, Person, PersonYear, Waiting

GOLDEN = Path(__file__).with_name("formats.yaml")
SPRING, SUMMER = date(2025, 3, 2), date(2025, 7, 31)
Documents = Mapping[str, Mapping[str, str]]


def claim_with(**more: Any) -> ClaimSubmitted:
    """A stay of which basic insurance paid 8,000.00 yuan; `more` may give every other field."""
    stay = {"visit_type": "inpatient", "admission_date": "2025-03-01", "discharge_date": "2025-03-09", "insurance_type": "resident"}
    amounts = {"total_amount": "14000.00", "policy_scope_amount": "11000.00", "basic_paid": "8000.00", "critical_illness_paid": "1000.00"}
    place = {"person_id": "P1", "region": "wuxi", "hospital_id": "H1", "claim_id": "C1"}
    return ClaimSubmitted.model_validate({**place, **stay, **amounts, **more})


WHOLE = {
    "claim_id": "C2", "conditions": ["rare_disease"], "other_paid": "5.00", "above_basic_cap_amount": "6.00", "consultation_fee": "7.00",
    "referral": "referred", "in_province": False, "in_county": False, "payment_method": "package", "birth_date": "1960-02-29",
    "applied_on": "2025-02-03", "district": "320205", "visit_id": "V1",
}  # fmt: skip
"""Every field that a claim may leave out, but those of other visits, and each after the one before as `schemas/content.py` has them."""


def settlement() -> Changes:
    """A person with a timeline, a year of two claims, one of them reversed, and a reversal that waits; the index besides."""
    first, second = claim_with(), claim_with(**WHOLE)
    waiting = ClaimReversed(person_id="P1", claim_id="C9", hospital_id="H1", region="wuxi", reason="wrong patient")
    year = PersonYear(
        {"year": 230_050, "outpatient": 0}, 2, "edition-1", {"R5": "discharge"}, date(2025, 3, 9),
        {first.key: ClaimRecord(first, 1, 3, 100_050, "figures-1"), second.key: ClaimRecord(second, 2, 1, 0, "figures-2", "wrong bill")}, is_behind=True,
    )  # fmt: skip
    status = Status(
        date(1960, 2, 29),
        (
            Interval("wuxi", "minimum_living", SPRING, SUMMER, date(2025, 7, 5), "changed", "low_income_margin"),
            Interval("wuxi", "low_income_margin", SPRING, None),
        ),
        (Application("wuxi", "low_income_margin", SPRING, SPRING, SUMMER),),
    )
    waits = {"wuxi/H1/C9": Waiting(waiting, {"source": "/hospitals/H1", "id": "r-1"}, "2025-03-10T08:00:00+08:00")}
    after = Person("P1", status, 4, {("wuxi", 2025): year}, waits)
    return {**encode(Person("P1"), after), "index": {first.key: Holder(2025, "P1", "wuxi", "content-1").text().encode()}}


def identity() -> Changes:
    """A person with a grant, a subsidy, an admission and a discharge that waits."""
    grant = {"person_id": "P1", "region": "wuxi", "category": "minimum_living", "effective_date": "2025-03-02"}
    event = {
        "source": "/agencies/wuxi/civil-affairs",
        "id": "g-1",
        "type": "identity.status.granted.v1",
        "time": "2025-03-02T08:00:00+08:00",
    }
    interval = {"region": "wuxi", "category": "minimum_living", "from": "2025-03-02"}
    told: list[tuple[str, str, dict[str, Any]]] = [
        (TIMELINES, "P1", {"person_id": "P1", "revision": 1, "intervals": [interval], "events": [{**event, "data": grant}]}),
        (SUBSIDIES, "P1", {"subsidy_id": "P1/wuxi/2025", "person_id": "P1", "region": "wuxi", "year": 2025, "revision": 2, "caused_by": {}}),
        (ASSESSMENTS, "P1", {
            "person_id": "P1", "hospital_id": "H1", "admission_id": "A1", "region": "wuxi", "admission_date": "2025-03-03", "in_city": True,
            "discharge_date": "2025-03-09", "referred_by_primary_care": False, "deposit_waived": False, "revision": 1, "caused_by": {},
        }),
        (IDENTITY_WAITING, "H1/A2/P1", {
            "person_id": "P1", "hospital_id": "H1", "admission_id": "A2", "region": "wuxi", "discharge_date": "2025-04-01",
        }),
    ]  # fmt: skip
    records = [Record(topic, 0, 0, key.encode(), orjson.dumps({"data": data})) for topic, key, data in told]
    key = identity_adapters.document_key("P1")
    healed = {name: value for name, value in identity_adapters.heal(records, {key: {}}).documents[key].items() if value is not None}
    return identity_adapters.encode(identity_adapters.decode("P1", {}), identity_adapters.decode("P1", healed))


def monitoring() -> Changes:
    """A person and a hospital of whom everything is known."""
    said = Said(2, 5, Open("warning", ("civil-affairs",), Figure("burden", "8000.00"), Figure("limit", "7000.00"), "（五）3"), 3)
    claim = facts.ClaimFacts(
        "H1/C1", "wuxi", 2025, 1, 3, SPRING, SUMMER, True, False, True, "minimum_living", 200_000, 99_950, 0, True, "V1"
    )
    person = facts.Person(
        "P1",
        facts.Status(4, (Interval("wuxi", "minimum_living", SPRING, SUMMER, date(2025, 7, 5), "death"),), date(2025, 7, 5)),
        {"H1/C1": claim},
        {("wuxi", 2025): {"year": 230_050}},
        waiting={"wuxi/H1/C9": SPRING},
        conflicts={"wuxi/2025/H1/C1": facts.Refusals(2, {0: 17, 3: 5})},
        said={"impoverishment_risk/wuxi/P1/2025": said},
    )
    hospital = hospitals.Hospital(
        "H1",
        {"H1/C1": hospitals.Share(3, 1, 99_950, 1_100_000)},
        {("wuxi", 2025): hospitals.HospitalYear(1, 99_950, 1_100_000, ("H1/C1",))},
        {"hospital_self_pay_ratio/wuxi/H1/2025": Said(1, 2)},
    )
    return {**encode_person(facts.Person("P1"), person), **encode_hospital(hospitals.Hospital("H1"), hospital)}


def console() -> Changes:
    """A result, a timeline, a warning that an operator acknowledged, a reversal that waits, a dead letter, an event of the audit, and a mistake of ours."""
    kind, warning, time = "impoverishment_risk", "impoverishment_risk/wuxi/P1/2025", "2025-03-10T08:00:00+08:00"
    claim = Claim(
        "wuxi",
        2025,
        1,
        0,
        "2025-03-01",
        "2025-03-09",
        "inpatient",
        "minimum_living",
        None,
        200_000,
        (100_050, 0, 0, 0),
        "320205",
        (99_950, 1_100_000),
    )
    told: list[tuple[str, Data]] = [
        (RESULTS, Told("P1", "H1/C1", claim, 100_050, 11, {"year": 100_050})),
        (TIMELINES, TimelineTold("P1", 4, 12)),
        (
            WARNINGS,
            SaidAgain(
                warning, 1, "raised", 1, kind, "warning", "wuxi", 2025, "P1", ("civil-affairs",), ("a", "8"), ("b", "7"), time, 13, 99
            ),
        ),
        ("actions", Acted("E1", warning, "acknowledged", 1, kind, "wuxi", 2025, "P1", "li.na", None, "seen", time)),
        ("waiting", Waits("P1", "wuxi", "H1/C9", time)),
        ("letters", LetterTold(CLAIMS, "invalid_dates", "a day", "L1", "settlement", f"{CLAIMS}.dlq", 14, 98)),
        ("audit", AuditTold("verified", time, {"operator": "li.na", "differences": 0})),
        ("others", NotUnderstood("others", 15, "ValueError")),
    ]
    desk = Desk(_Empty())
    for topic, data in told:
        decide(desk, Seen(0, topic, 10, 97, data))
        desk.keep()
    return desk.writes().documents


class _Empty(dict[str, Mapping[str, bytes]]):
    """Documents that were all loaded, and are all empty."""

    def __missing__(self, _key: str) -> Mapping[str, bytes]:
        return {}


WRITERS: Mapping[str, tuple[int, Callable[[], Changes]]] = {
    "settlement": (SettlementService.format, settlement),
    "identity": (IdentityService.format, identity),
    "monitoring": (MonitoringService.format, monitoring),
    "console": (ConsoleService.format, console),
}
"""Of each service the number of its format, and what it writes."""


def written(service: str) -> Documents:
    """What a service writes now, by document and field, as text."""
    changes = WRITERS[service][1]()
    texts = {key: {name: value.decode() for name, value in fields.items() if value is not None} for key, fields in changes.items()}
    return {key: fields for key, fields in texts.items() if fields}


def golden() -> dict[str, dict[int, Documents]]:
    """What lies in the file: of each service, what each format wrote."""
    known: dict[str, dict[int, Documents]] = yaml.safe_load(GOLDEN.read_text("utf-8"))
    return known


def main() -> None:
    """Add what is missing."""
    lines = GOLDEN.read_text("utf-8").splitlines()
    head = [line for line in lines if line.startswith("#")]
    known = golden()
    for service, (number, _) in WRITERS.items():
        known[service].setdefault(number, written(service))
    text = yaml.safe_dump(known, allow_unicode=True, sort_keys=False, width=2**20)
    GOLDEN.write_text("\n".join(head) + "\n" + text, "utf-8")


if __name__ == "__main__":
    main()
