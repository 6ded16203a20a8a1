"""Generated cities with operators who act on what they are told: the same warnings after a rebuild, and the same open ones in another order.

A year of one city is lived in `make test`. `make prove` goes on with year after year for a minute, with `FULL=1` for an hour.
"""

import os
import time
from collections.abc import Iterable, Iterator
from random import Random
from typing import get_args

import pytest

from schemas.catalogue import ACTIONS
from schemas.codes import WarningKind
from schemas.envelope import write_event
from services.embedded.replay import place_of
from services.monitoring.domain.warnings import CLOSED_BY_OPERATORS
from services.policy.library import load_policies
from services.synthetic import generate
from tests.monitoring.orders import in_another_order, promised
from tests.monitoring.table import Sent
from tests.monitoring.watched import Watched, of_facts
from tests.unit.monitoring.world import Data

PERSONS = 300
"""Enough for every kind of warning to be told."""

REBUILDS = 5
ACTED_ON_PERCENT = 40
VERBS = ("closed", "closed", "acknowledged", "assigned", "commented")
POLICIES = load_policies()
SECONDS = 3_600 if os.environ.get("FULL") == "1" else 60


def year(region: str, seed: int) -> list[Sent]:
    """A generated year of a city; what fits no topic is left out."""
    lines = ((line, place_of(line)) for line in generate(POLICIES.current[region][-1], PERSONS, seed))
    return [Sent(place[0], place[1], line) for line, place in lines if place is not None]


def action(verb: str, warning: Data, number: int) -> Sent:
    """What an operator does with a warning as it was told."""
    about = {name: warning[name] for name in ("warning_id", "kind", "region", "subject", "year", "episode")}
    words = {"comment": "已核实"} if verb == "commented" else {"assignee": "li.na"} if verb == "assigned" else {}
    value = write_event(
        f"monitoring.action.{verb}.v1", "/medaid/console", f"A{number}", warning["time"], {**about, **words, "operator": "wang.min"}
    )
    return Sent(ACTIONS, warning["subject"], value)


def lived(events: Iterable[Sent], rng: Random) -> tuple[Watched, list[Sent]]:
    """The year as it was lived, and all that happened, operators' actions among it: some on what was just told, some on what was told long ago."""
    watched, happened = Watched(POLICIES), []
    for event in events:
        happened.append(event)
        told = watched.see([event])
        if watched.said and rng.randrange(100) < ACTED_ON_PERCENT:
            happened.append(action(rng.choice(VERBS), rng.choice(told or watched.said), len(happened)))
            watched.see(happened[-1:])
    return watched, happened


def parts(events: list[Sent], count: int) -> Iterator[list[Sent]]:
    size = -(-len(events) // count)
    return (events[start : start + size] for start in range(0, len(events), size))


def live(region: str, seed: int) -> tuple[set[WarningKind], set[WarningKind]]:
    """Live a year, and hold it against a rebuilt one and against other orders; the kinds that were told, and those that operators closed."""
    calm, happened = lived(year(region, seed), Random(seed))
    shaken = Watched(POLICIES)
    for part in parts(happened, REBUILDS):
        shaken.lose()
        shaken.see(part)
    assert shaken.values == calm.values, (region, seed)
    shaken.lose()
    shaken.see([action("acknowledged", calm.said[0], 0)])  # of no consequence, but the view is healed for it
    assert shaken.values == calm.values, (region, seed)
    assert shaken.known() == calm.known(), (region, seed)

    kept = promised(happened)
    first, second = Watched(POLICIES), Watched(POLICIES)
    first.see(kept)
    second.see(in_another_order(kept, seed))
    assert of_facts(second.open()) == of_facts(first.open()), (region, seed)
    return {data["kind"] for data in calm.said}, {data["kind"] for data in calm.said if data.get("closed_by")}


def test_a_generated_year_of_each_city_tells_the_same_after_rebuilds_and_in_another_order() -> None:
    lived_through = [live(region, seed) for seed, region in enumerate(POLICIES.regions())]
    told, closed = (set[WarningKind]().union(*kinds) for kinds in zip(*lived_through, strict=True))
    assert told == set(get_args(WarningKind))
    assert closed == CLOSED_BY_OPERATORS


@pytest.mark.prove
def test_an_hour_of_generated_life_tells_the_same_after_rebuilds_and_in_another_order() -> None:
    seed, end = 100, time.monotonic() + SECONDS
    while time.monotonic() < end:
        for region in POLICIES.regions():
            live(region, seed)
        seed += 1
