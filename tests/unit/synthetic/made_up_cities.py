"""A made-up year of each city, settled once by identity and settlement, and what the policy lets us expect of it.

The expectations are written down by hand from the policies, not taken from the generator. The fifth city is `tests/unit/policy/fifth_city.yaml`.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from schemas.catalogue import CLAIMS, INPUTS, RESULTS, TYPES_BY_TOPIC
from services.identity.app import IdentityService
from services.policy.library import Policies, load_policies
from services.policy.loader import Policy, load_policy
from services.runtime.embedded import Embedded
from services.settlement.app import SettlementService
from services.synthetic import generate

FIFTH = "north-haven_5"
FIFTH_FILE = Path(__file__).parents[1] / "policy" / "fifth_city.yaml"
DESIGNATED = "".join(f"h{number:02d}: {{from: 2020-01-01}}\n" for number in range(1, 9))
"""The fifth city has a list of designated hospitals."""

REGIONS = ("changchun", "lianyungang", "suzhou", "wuxi", FIFTH)
PERSONS, SEED, YEAR = 1_000, 7, 2025

EVERYWHERE = frozenset({"no_policy_in_force", "no_entitlement", "no_self_pay", "limit_exhausted"})
REASONS: Mapping[str, frozenset[str]] = {
    "suzhou": EVERYWHERE | {"not_enrolled", "figures_not_published", "category_without_direct_assistance"},
    "wuxi": EVERYWHERE | {"not_enrolled", "figures_not_published"},
    "lianyungang": EVERYWHERE | {"not_enrolled", "visit_type_not_covered", "below_deductible"},
    "changchun": EVERYWHERE | {"figures_not_published", "application_required", "unreferred", "visit_type_not_covered", "below_deductible"},
    FIFTH: EVERYWHERE
    | {"not_designated", "figures_not_published", "category_without_direct_assistance", "application_required", "unreferred"}
    | {"visit_type_not_covered", "below_deductible"},
}
"""Why a claim may get nothing, in each city under its default readings."""

KINDS: Mapping[str, frozenset[str]] = {
    "suzhou": frozenset({"direct", "above_cap"}),
    "wuxi": frozenset({"direct", "tilt"}),
    "lianyungang": frozenset({"direct", "reassistance"}),
    "changchun": frozenset({"direct", "tilt"}),
    FIFTH: frozenset({"direct", "above_cap", "reassistance", "tilt"}),
}
POOLS: Mapping[str, frozenset[str]] = {
    "suzhou": frozenset({"outpatient", "year"}),
    "wuxi": frozenset({"outpatient", "year"}),
    "lianyungang": frozenset({"outpatient", "year", "reassistance"}),
    "changchun": frozenset({"chronic", "year", "tilt", "tilt_chronic", "tilt_rare"}),
    FIFTH: frozenset({"shore", "tide", "harbour", "anchor"}),
}
"""The counters that have a limit and so can bind."""

TOPIC_OF_TYPE = {kind: topic for topic in INPUTS for kind in TYPES_BY_TOPIC[topic]}


@cache
def policies() -> Policies:
    """The shipped cities and the fifth."""
    fifth = load_policy(FIFTH_FILE.name, FIFTH_FILE.read_text("utf-8"), designated=DESIGNATED)
    return Policies({**load_policies().current, FIFTH: (fifth,)})


def policy_of(region: str) -> Policy:
    """The policy of the made-up year."""
    return policies().nearest(region, date(YEAR, 7, 1))


@cache
def lines_of(region: str) -> tuple[bytes, ...]:
    """The year of one city."""
    return tuple(generate(policy_of(region), PERSONS, SEED, YEAR))


@dataclass(frozen=True)
class Year:
    """What came out: every result in order, the last one of each claim, dead letters by reason."""

    results: list[dict[str, Any]]
    last: Mapping[tuple[str, str], dict[str, Any]]
    types: Counter[str]
    refused: Counter[str]


@cache
def settled(region: str) -> Year:
    """The year of one city, settled."""
    return asyncio.run(_settle(lines_of(region)))


async def _settle(lines: tuple[bytes, ...]) -> Year:
    embedded = Embedded([IdentityService(policies()), SettlementService(policies())], partitions=2)
    await embedded.start()
    records = []
    for number, line in enumerate(lines, 1):
        topic, key = place_of(line)
        embedded.publish(topic, key, line)
        if number % 100 == 0:
            await embedded.settle()
            records += embedded.drain()
    await embedded.settle()
    records += embedded.drain()
    events = [(record.topic, orjson.loads(record.value)) for record in records if record.value is not None]
    results = [event["data"] for topic, event in events if topic == RESULTS]
    return Year(
        results=results,
        last={(result["hospital_id"], result["claim_id"]): result for result in results},
        types=Counter(event["type"] for _topic, event in events),
        refused=Counter(event["data"]["reason"] for _topic, event in events if event["type"] == "deadletter.v1"),
    )


def place_of(line: bytes) -> tuple[str, str | None]:
    """Topic and key of a line; what fits none goes to the claims."""
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        return CLAIMS, None
    person = event["data"].get("person_id")
    return TOPIC_OF_TYPE.get(event["type"], CLAIMS), person
