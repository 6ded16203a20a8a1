"""A site on the embedded default whose policy files may be exchanged while its ledger and views stay, and the events that its tests tell."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from schemas.catalogue import CLAIMS, IDENTITY_EVENTS, OPERATOR_EVENTS, RESULTS
from services.identity.app import IdentityService
from services.policy.library import SHIPPED, Policies, load_policies
from services.runtime.embedded import Embedded
from services.runtime.records import Record
from services.settlement.app import SettlementService

REGION = "suzhou"
CITY = (SHIPPED / f"{REGION}.yaml").read_text("utf-8")
LOWER = CITY.replace("limit_yuan: {default: {2023-01-01: 300000}}", "limit_yuan: {default: {2023-01-01: 500}}")
SENT = "2026-12-31T12:00:00+08:00"
Event = tuple[str, bytes]


def policies(folder: Path, files: Mapping[str, str]) -> Policies:
    """The policies of a site whose folder holds these files."""
    (folder / "earlier").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    return load_policies(folder)


def event(topic: str, kind: str, source: str, number: str, data: Mapping[str, Any]) -> Event:
    """An event about P1."""
    envelope = {"specversion": "1.0", "id": number, "source": source, "type": kind, "time": SENT}
    return topic, orjson.dumps({**envelope, "data": {"person_id": "P1", "region": REGION, **data}})


def granted(number: str, day: str) -> Event:
    """低保 from `day`."""
    data = {"category": "subsistence_allowance", "effective_date": day}
    return event(IDENTITY_EVENTS, "identity.status.granted.v1", f"/agencies/{REGION}/civil-affairs", number, data)


def stay(number: str, day: str, yuan: str = "1000.00") -> Event:
    """A stay that ends on `day`, all self-pay."""
    dates = {"admission_date": day, "discharge_date": day, "visit_type": "inpatient", "insurance_type": "resident"}
    bill = {"total_amount": yuan, "policy_scope_amount": yuan, "basic_paid": "0", "critical_illness_paid": "0"}
    return event(CLAIMS, "hospital.claim.submitted.v1", "/hospitals/H1", number, {"hospital_id": "H1", "claim_id": number, **dates, **bill})


def asked(year: int) -> Event:
    """An operator asks for the present edition."""
    data = {"year": year, "operator": "op", "reason": "corrected figure"}
    return event(OPERATOR_EVENTS, "operator.readjudication.requested.v1", "/operators/op", f"ask-{year}", data)


class Site:
    """A site whose policies may be exchanged while its ledger and view stay."""

    def __init__(self, policies: Policies) -> None:
        self.embedded = Embedded([IdentityService(policies), SettlementService(policies)], 1, keeps_records=True)
        self.told: list[Record] = []

    async def settle_together(self, events: Sequence[Event]) -> list[tuple[str, int, str, str | None]]:
        """The same, of events that come in one batch."""
        for topic, value in events:
            self.embedded.publish(topic, "P1", value)
        await self.embedded.settle()
        return await self.settle([])

    async def settle(self, events: Sequence[Event]) -> list[tuple[str, int, str, str | None]]:
        """Claim, revision, amount and reason of every result that `events` lead to."""
        for topic, value in events:
            self.embedded.publish(topic, "P1", value)
            await self.embedded.settle()
        self.told = self.embedded.drain()
        return self.results()

    def results(self) -> list[tuple[str, int, str, str | None]]:
        """Of what was told last."""
        told = [orjson.loads(record.value or b"")["data"] for record in self.told if record.topic == RESULTS]
        return [(data["claim_id"], data["revision"], data["assistance_amount"], data["reason"]) for data in told]

    def upgrade(self, policies: Policies) -> None:
        """Run on with other policies, as a new version of the service would."""
        for seat in self.embedded._seats:
            vars(seat.lane.service)["_policies"] = policies

    async def restart(self, policies: Policies) -> list[tuple[str, int, str, str | None]]:
        """The same, and every lane taken anew, as by a new process; what came of it."""
        self.upgrade(policies)
        await self.embedded.start()
        return await self.settle([])

    def letters(self) -> list[tuple[str, str]]:
        """Reason and detail of the dead letters told last."""
        told = [orjson.loads(record.value or b"")["data"] for record in self.told if record.topic.endswith(".dlq")]
        return [(data["reason"], data["detail"]) for data in told]


async def site(policies: Policies) -> Site:
    """A site at work."""
    made = Site(policies)
    await made.embedded.start()
    return made
