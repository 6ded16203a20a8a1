"""The same documents after a lost view, in any batches, and in any order that keeps each topic's; and in a generated year as a recount has them."""

import asyncio
from collections import Counter
from datetime import date
from random import Random
from typing import Any

import orjson
import pytest

from schemas.catalogue import ACTIONS, RESULTS
from schemas.envelope import write_event
from schemas.money import fen_from_yuan
from services.console.service import ConsoleService
from services.embedded.replay import place_of
from services.ledger.services import all_services
from services.policy.library import load_policies
from services.runtime.embedded import Embedded
from services.synthetic import generate
from tests.unit.console.world import Documents, Kept, decoded, index_of, normal, said, settled, together, waits
from tests.unit.monitoring.world import Event, action, claim_of, letter, run, timeline

WARNING = "annual_limit_near/suzhou/P1/2025/year"
PERSONS = 60


def story() -> list[Event]:
    """Something of everything, with two persons; what later events undo, too."""
    return [
        timeline(1, run("orphan", "2025-01-01")),
        settled("C1", "1000.00", {"direct": "850.00"}, category="orphan", counters={"year": "850.00"}),
        said("raised"),
        waits("H1/C3"),
        said("raised", "annual_limit_near/suzhou/P2/2025/year"),
        settled("C2", "10.00", person_id="P2", visit_type="outpatient"),
        action("acknowledged", WARNING),
        said("escalated", number=2, level="warning"),
        settled("C1", "1000.00", {"direct": "600.00"}, category="orphan", verb="adjusted", revision=1, delta="-250.00"),
        settled("C3", "5.00", sequence=2),
        settled("C3", "5.00", sequence=2, verb="reversed", revision=1, delta="0.00"),
        waits("H1/C3", over=True),
        letter(1, claim_of("C1", "5.00")),
        action("closed", WARNING, number=2),
        waits("H1/C9"),
        said("resolved", number=3),
        action("assigned", "annual_limit_near/suzhou/P2/2025/year", number=3, assignee="li"),
        settled("C2", "10.00", person_id="P2", visit_type="outpatient", verb="reversed", revision=1, delta="0.00"),
    ]


@pytest.mark.parametrize("partitions", [1, 3])
@pytest.mark.parametrize("place", range(len(story()) + 1))
def test_a_lost_view_comes_back_as_it_was(place: int, partitions: int) -> None:
    calm, shaken = Kept(partitions).see(*story()), Kept(partitions)
    shaken.see(*story()[:place]).lose().see(*story()[place:])
    assert normal(shaken.documents) == normal(calm.documents)


def test_a_view_lost_at_the_end_comes_back_whole() -> None:
    kept = Kept().see(*story())
    before = kept.documents
    assert normal(kept.lose().documents) == normal(before)
    assert "0/a/suzhou/2025" in before


@pytest.mark.parametrize("seed", range(20))
def test_any_order_of_topics_leads_to_the_same(seed: int) -> None:
    """Each topic keeps its own order; the rest is chance. Only the rings, which are in the order of arrival, are one topic's own anyway."""
    queues: dict[str, list[Event]] = {}
    for event in story():
        queues.setdefault(event.topic, []).append(event)
    rng, mixed = Random(seed), list[Event]()
    while queues:
        topic = rng.choice(sorted(queues))
        mixed.append(queues[topic].pop(0))
        if not queues[topic]:
            del queues[topic]
    assert normal(Kept().see(*mixed).documents) == normal(Kept().see(*story()).documents)


def test_one_batch_is_as_good_as_many() -> None:
    assert normal(together(story())) == normal(Kept().see(*story()).documents)


def recount(events: list[dict[str, Any]], region: str) -> tuple[dict[str, Counter[str]], Counter[str]]:
    """From the results alone: what the fund pays by month, category and hospital in fen, and claims by reason."""
    newest = {(event["data"]["hospital_id"], event["data"]["claim_id"]): event["data"] for event in events}
    sums: dict[str, Counter[str]] = {"month": Counter(), "category": Counter(), "hospital": Counter()}
    reasons: Counter[str] = Counter()
    for (hospital, _), data in newest.items():
        assert data["region"] == region
        fen = fen_from_yuan(data["assistance_amount"])
        claim = data["claim"]
        reasons["reversed" if data["outcome"] == "reversed" else data["reason"] or "assisted"] += 1
        if data["outcome"] != "reversed":
            sums["month"][(claim.get("discharge_date") or claim["service_date"])[:7]] += fen
            sums["category"][data["category"] or "-"] += fen
            sums["hospital"][hospital] += fen
    return sums, reasons


async def lived(region: str, losses: int) -> tuple[Documents, list[dict[str, Any]]]:
    """The console's documents after a generated year, its view lost on the way, operators closing some; and the results."""
    policies = load_policies()
    embedded = Embedded([*all_services(policies), ConsoleService(policies)], 3, keeps_records=True)
    await embedded.start()
    rng = Random(7)
    results: list[dict[str, Any]] = []
    lines = list(generate(policies.nearest(region, date(2025, 1, 1)), PERSONS, 3))
    lost = set(rng.sample(range(len(lines)), losses))
    for number, line in enumerate(lines):
        if number in lost:
            embedded.views["console"].lose()
        place = place_of(line)
        if place is not None:
            embedded.publish(*place, line)
            await embedded.settle()
        for record in embedded.drain():
            event = orjson.loads(record.value or b"{}")
            if record.topic == RESULTS:
                results.append(event)
            elif event.get("type") == "monitoring.warning.raised.v1" and len(event["id"]) % 3 == 0:
                names = ("warning_id", "episode", "kind", "region", "year", "subject")
                data = {name: event["data"][name] for name in names} | {"operator": "local:li", "comment": None}
                value = write_event("monitoring.action.closed.v1", "/medaid/console", event["id"], event["time"], data)
                embedded.publish(ACTIONS, data["subject"], value)
                await embedded.settle()
    return decoded(embedded.views["console"].snapshot().documents), results


@pytest.mark.parametrize("region", load_policies().regions())
def test_a_generated_year_adds_up_to_the_ledger(region: str) -> None:
    """And is the same though the view was lost five times."""
    documents, results = asyncio.run(lived(region, 0))
    shaken, _ = asyncio.run(lived(region, 5))
    assert normal(shaken) == normal(documents)
    sums, reasons = recount(results, region)
    found: dict[str, Counter[str]] = {name: Counter() for name in sums}
    found_reasons: Counter[str] = Counter()
    for key, fields in documents.items():
        lane, kind, *_ = key.split("/")
        if kind == "a":
            for field, cell in fields.items():
                if field.startswith("m:"):
                    found["month"][field[2:9]] += sum(cell[3:])
                    found["category"][field[10:]] += sum(cell[3:])
                elif field.startswith("r:"):
                    found_reasons[field[2:]] += cell[0]
        elif kind == "b":
            for hospital, cell in fields.items():
                found["hospital"][hospital] += cell[1]
        elif kind == "n":
            for name in fields:
                if not name.startswith("audience:"):
                    assert index_of(documents, key, name)
        elif kind == "l":
            assert fields.get("form", [0, 0])[1] == 0
        assert not key.endswith("/k/not_understood"), (lane, fields)
    assert {name: +counter for name, counter in found.items()} == {name: +counter for name, counter in sums.items()}
    assert found_reasons == reasons
    assert sum(sums["month"].values()) > 0
