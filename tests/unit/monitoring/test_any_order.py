"""The same open warnings, with level and measure, for any interleaving that keeps each person's claims in their order; the real services at work."""

import asyncio
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalogue import CLAIMS, IDENTITY_EVENTS, WARNINGS
from services.identity.app import IdentityService
from services.monitoring.adapters.threshold_files import SHIPPED
from services.monitoring.app import MonitoringService
from services.runtime.embedded import Embedded
from services.settlement.app import SettlementService
from tests.unit.monitoring.world import FOLLOW_THE_ORDER, Data, checked, policies, standing

PERSONS = ["P1", "P2"]
CATEGORIES = ["orphan", "low_income_margin", "subsistence_allowance"]
DAYS = [f"2025-{month:02d}-{day:02d}" for month in (1, 2, 3) for day in (1, 10, 20)]
AMOUNTS = ["900.00", "9000.00", "24000.00", "60000.00", "290000.00"]
Line = tuple[str, str, str, Data]
"""Topic, type, source and data."""

days, persons, categories = st.sampled_from(DAYS), st.sampled_from(PERSONS), st.sampled_from(CATEGORIES)


@st.composite
def statuses(draw: st.DrawFn) -> Line:
    """A grant, a loss or a change."""
    verb = draw(st.sampled_from(["granted", "granted", "revoked", "changed"]))
    data: Data = {"person_id": draw(persons), "region": "suzhou", "effective_date": draw(days)}
    if verb == "changed":
        data |= {"from_category": "orphan", "to_category": draw(st.sampled_from(CATEGORIES[1:]))}
    else:
        data["category"] = draw(categories)
    if verb == "revoked":
        data["reason"] = draw(st.sampled_from(["ordinary", "fraud", "death"]))
    return IDENTITY_EVENTS, f"identity.status.{verb}.v1", "/agencies/suzhou/civil-affairs", data


@st.composite
def claims(draw: st.DrawFn) -> Line:
    """A stay or a visit; its number comes later."""
    first, last = sorted((draw(days), draw(days)))
    stay = draw(st.booleans())
    when = {"admission_date": first, "discharge_date": last} if stay else {"service_date": last}
    amount = draw(st.sampled_from(AMOUNTS))
    data = {
        "person_id": draw(persons), "hospital_id": "H1", "region": "suzhou", "visit_type": "inpatient" if stay else "outpatient", **when,
        "insurance_type": "resident", "total_amount": amount, "policy_scope_amount": amount, "basic_paid": "0", "critical_illness_paid": "0",
    }  # fmt: skip
    return CLAIMS, "hospital.claim.submitted.v1", "/hospitals/H1", data


def events(drawn: list[Line], reversed_ones: set[int], voided: set[int]) -> list[tuple[str, str, bytes]]:
    """Topic, person and bytes of each event, numbered; some are reversed or voided by further ones."""
    lines: list[Line] = []
    for number, (topic, kind, source, data) in enumerate(drawn):
        lines.append((topic, kind, source, {**data, "claim_id": f"C{number}"} if topic == CLAIMS else data))
        who = {"person_id": data["person_id"], "region": "suzhou"}
        if topic == CLAIMS and number in reversed_ones:
            lines.append(
                (CLAIMS, "hospital.claim.reversed.v1", source, {**who, "claim_id": f"C{number}", "hospital_id": "H1", "reason": "wrong"})
            )
        if topic == IDENTITY_EVENTS and number in voided:
            lines.append((topic, "identity.status.voided.v1", source, {**who, "voids": f"E{len(lines) - 1}"}))
    return [(topic, data["person_id"], event(number, kind, source, data)) for number, (topic, kind, source, data) in enumerate(lines)]


def event(number: int, kind: str, source: str, data: Data) -> bytes:
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": f"E{number}",
            "source": source,
            "type": kind,
            "time": f"2025-12-01T10:00:{number:02d}+08:00",
            "data": data,
        }
    )


def shuffled(lines: list[tuple[str, str, bytes]], seed: int) -> list[tuple[str, str, bytes]]:
    """Another order, in which each person's claims keep theirs; reversals may come before their claims."""
    fixed: dict[str, list[Any]] = {}
    for line in lines:
        if line[0] == CLAIMS and b"submitted" in line[2]:
            fixed.setdefault(line[1], []).append(line)
    mixed = random.Random(seed).sample(lines, len(lines))
    queues = {person: iter(queue) for person, queue in fixed.items()}
    return [next(queues[line[1]]) if line[0] == CLAIMS and b"submitted" in line[2] else line for line in mixed]


async def said(lines: list[tuple[str, str, bytes]], thresholds: Path, together: bool) -> list[Data]:
    """What monitoring says, each line at rest before the next counts, or all of them at once."""
    services = [IdentityService(policies()), SettlementService(policies()), MonitoringService(replace(policies(), folder=thresholds))]
    embedded = Embedded(services, partitions=2)
    await embedded.start()
    for topic, person, value in lines:
        embedded.publish(topic, person, value)
        if not together:
            await embedded.settle()
    await embedded.settle()
    return [checked(record) for record in embedded.drain() if record.topic == WARNINGS]


def of_facts(found: list[Data]) -> dict[str, tuple[str, str]]:
    """The open warnings, but for those that follow the order."""
    return {name: warning for name, warning in standing(found).items() if name.partition("/")[0] not in FOLLOW_THE_ORDER}


def episodes_are_sound(found: list[Data]) -> None:
    """Within an episode a level is escalated to at most once and never falls; the next begins when the one before was resolved."""
    known: dict[str, tuple[int, str | None]] = {}
    ranks = ["notice", "warning", "critical"]
    for data in found:
        episode, level = known.get(data["warning_id"], (0, None))
        match data["verb"]:
            case "raised" if level is None:
                assert data["episode"] == episode + 1
            case "raised":
                assert (data["episode"], data["level"]) == (episode, level)
            case "escalated":
                assert level is not None
                assert data["episode"] == episode
                assert ranks.index(data["level"]) > ranks.index(level)
            case "resolved":
                assert (data["episode"], data["level"]) == (episode, level)
        known[data["warning_id"]] = (data["episode"], None if data["verb"] == "resolved" else data["level"])


def few_stays(folder: Path) -> Path:
    """Thresholds under which two stays are enough to watch a hospital."""
    (folder / "thresholds.yaml").write_text(
        SHIPPED.read_text("utf-8").replace("stays_min: {2023-01-01: 20}", "stays_min: {2023-01-01: 2}"), "utf-8"
    )
    return folder


def test_any_interleaving_ends_with_the_same_open_warnings(tmp_path_factory: Any) -> None:
    thresholds = few_stays(tmp_path_factory.mktemp("thresholds"))
    seen: set[str] = set()

    @settings(max_examples=60, deadline=None)
    @given(
        drawn=st.lists(st.one_of(statuses(), claims()), min_size=4, max_size=16),
        reversed_ones=st.sets(st.integers(0, 15), max_size=4),
        voided=st.sets(st.integers(0, 15), max_size=3),
        seed=st.integers(0, 10**6),
        together=st.booleans(),
    )
    def check(drawn: list[Line], reversed_ones: set[int], voided: set[int], seed: int, together: bool) -> None:
        lines = events(drawn, reversed_ones, voided)
        first = asyncio.run(said(lines, thresholds, together=False))
        second = asyncio.run(said(shuffled(lines, seed), thresholds, together))
        assert of_facts(first) == of_facts(second)
        episodes_are_sound(first)
        episodes_are_sound(second)
        seen.update(data["kind"] for data in first)

    check()
    assert {"impoverishment_risk", "return_to_poverty_risk", "overlapping_stays", "hospital_self_pay_ratio", "status_ending"} <= seen
