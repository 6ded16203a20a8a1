"""A town under one policy file: its events through the real services, and what comes out of them.

In: the file's text, and rows of statuses, claims and admissions. Out: `observed`, by channel: what persons, hospitals and offices get to see of it.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from schemas.catalogue import ADMISSIONS, ASSESSMENTS, CLAIMS, HOSPITAL_SHARES, IDENTITY_EVENTS, RESULTS, SUBSIDIES, TIMELINES, WARNINGS
from services.identity.app import IdentityService
from services.monitoring.app import MonitoringService
from services.policy.decree import pages
from services.policy.library import Policies
from services.policy.loader import Policy
from services.policy.words import Speech
from services.runtime.embedded import Embedded
from services.settlement.app import SettlementService

Row = dict[str, Any]
Sent = tuple[str, str, bytes]
"""Topic, key, event."""

AT = "2026-12-31T12:{:02}:00+08:00"
WHO = {"person_id": "P1", "region": "town"}
GRANTED = ({"granted": "low", "on": "2023-01-01"},)
"""The statuses of somebody of whom a row says nothing else."""


def observed(policy: Policy, case: Row, is_watched: bool = True) -> Row:
    """What comes out of `status`, `claims` and `admissions` of a case, by channel; warnings and shares only where it is watched."""
    return _told(written(policy, list(_events(case)), is_watched))


def page(policy: Policy) -> str:
    """All that `medaid policy show` says of the policy, in both languages, without the hashes of the file."""
    told = "\n".join(str(part) for lang in ("zh", "en") for part in pages(policy, Speech(lang)))
    return re.sub("|".join((policy.edition, policy.wording)), "", told)


def written(policy: Policy, events: Sequence[Sent], is_watched: bool = False) -> list[tuple[str, Row]]:
    """Topic and data of every record that the services write, of which each event has come to rest before the next is sent."""
    policies = Policies({policy.file.id: (policy,)})
    services = [IdentityService(policies), SettlementService(policies), *([MonitoringService(policies)] if is_watched else [])]
    return asyncio.run(_written(Embedded(services, partitions=1), events))


async def _written(embedded: Embedded, events: Sequence[Sent]) -> list[tuple[str, Row]]:
    await embedded.start()
    for topic, key, event in events:
        embedded.publish(topic, key, event)
        await embedded.settle()
    return [(record.topic, orjson.loads(record.value)["data"]) for record in embedded.drain() if record.value]


def _events(case: Row) -> Iterator[Sent]:
    for number, (topic, kind, source, data) in enumerate(_sent(case)):
        event = {"specversion": "1.0", "id": f"e{number}", "source": source, "type": kind, "time": AT.format(number), "data": data}
        yield topic, data["person_id"], orjson.dumps(event)


def _sent(case: Row) -> Iterator[tuple[str, str, str, Row]]:
    """Topic, type, source and data of each event."""
    for row in case.get("status", GRANTED):
        verb, data = _status(row)
        yield IDENTITY_EVENTS, f"identity.{verb}.v1", f"/agencies/town/{row.get('by', 'civil-affairs')}", {**WHO, **data}
    claims = [row for row in case.get("claims", ({},)) for _ in range(int(row.get("times", 1)))]
    for number, row in enumerate(claims):
        yield CLAIMS, "hospital.claim.submitted.v1", f"/hospitals/{row.get('hospital_id', 'H1')}", _claim(number, row)
    for number, row in enumerate(case.get("admissions", ())):
        stay = {"hospital_id": "H1", "admission_id": f"a{number}", "in_city": True, "referred_by_primary_care": True}
        yield ADMISSIONS, "hospital.admission.opened.v1", "/hospitals/H1", {**WHO, **stay, **row}


def _status(row: Row) -> tuple[str, Row]:
    """Verb and data of one row of `status`: what happened to which category, and on which day."""
    facts = {name: value for name, value in row.items() if name not in ("granted", "revoked", "changed", "applied", "on", "by")}
    if "granted" in row:
        return "status.granted", {"category": row["granted"], "effective_date": row["on"], **facts}
    if "revoked" in row:
        return "status.revoked", {"category": row["revoked"], "effective_date": row["on"], "reason": "ordinary", **facts}
    if "changed" in row:
        return "status.changed", {"from_category": row["changed"], "to_category": facts["to"], "effective_date": row["on"]}
    return "application.approved", {"category": row["applied"], "applied_on": row["on"], **facts}


def _claim(number: int, row: Row) -> Row:
    """A claim of 1,000 yuan, all of it self-pay, for an outpatient on 1 March 2025, but for what `row` says; `like` is its kind of visit in the contract."""
    facts = {"visit_type": "outpatient", "insurance_type": "resident", "hospital_id": "H1", "basic_paid": "0", "critical_illness_paid": "0"}
    facts |= {
        "claim_id": f"c{number:02}",
        **WHO,
        **{name: value for name, value in row.items() if name not in ("self_pay", "like", "on", "times")},
    }
    day = row.get("on", "2025-03-01")
    stays = row.get("like", facts["visit_type"]) == "inpatient"
    facts = ({"admission_date": day, "discharge_date": day} if stays else {"service_date": day}) | facts
    facts.setdefault("total_amount", row.get("self_pay", "1000"))
    facts.setdefault("policy_scope_amount", facts["total_amount"])
    return facts


def _told(records: Sequence[tuple[str, Row]]) -> Row:
    """By channel what the records tell; of what is told again the newest, of claims in order, of one thing the last claim's."""
    results: dict[str, Row] = {}
    told: Row = {"letters": [], "warnings": [], "subsidy": None, "admission": None, "timeline": [], "share": None}
    for topic, data in records:
        if topic == RESULTS:
            results[data["claim_id"]] = data
        elif topic == SUBSIDIES and data["year"] == 2025:
            told["subsidy"] = data
        elif topic == ASSESSMENTS:
            told["admission"] = data
        elif topic == TIMELINES:
            told["timeline"] = [f"{run['category']} {run['from']}..{run['to'] or ''}" for run in data["intervals"]]
        elif topic == WARNINGS:
            told["warnings"].append(f"{data['kind']} {data['level']} {'+'.join(data['audience'])}")
        elif topic == HOSPITAL_SHARES:
            told["share"] = data
        elif topic.endswith(".dlq"):
            told["letters"].append(data["reason"])
    ordered = [results[key] for key in sorted(results)]
    return told | _of_claims(ordered) if ordered else told


def _of_claims(results: Sequence[Row]) -> Mapping[str, Any]:
    last = results[-1]
    return {
        "pays": [result["assistance_amount"] for result in results],
        "reasons": [result["reason"] for result in results],
        "years": [result["year"] for result in results],
        "last": last,
        "components": last["components"],
        "counters": last["counters"],
    }
