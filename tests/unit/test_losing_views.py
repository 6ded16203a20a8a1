"""A generated year through all services with their views lost on the way: every byte that comes out is as if nothing had happened."""

from datetime import date
from random import Random

import pytest

from services.embedded.replay import INTERNAL, place_of
from services.ledger.services import all_services
from services.policy.library import load_policies
from services.runtime.embedded import Embedded
from services.synthetic import generate

PERSONS = 60
LOSSES = 6


async def year(region: str, seed: int, losses: int) -> list[tuple[str, bytes | None]]:
    """Topic and value of everything told for others in a year, views lost at so many places."""
    policies = load_policies()
    lines = list(generate(policies.nearest(region, date(2025, 1, 1)), PERSONS, seed))
    rng = Random(seed)
    lost = {rng.randrange(len(lines)): rng.choice(("identity", "settlement", "monitoring")) for _ in range(losses)}
    embedded = Embedded(all_services(policies), 2, keeps_records=True)
    await embedded.start()
    told: list[tuple[str, bytes | None]] = []
    for number, line in enumerate(lines):
        if number in lost:
            embedded.views[lost[number]].lose()
        place = place_of(line)
        if place is not None:
            embedded.publish(*place, line)
            await embedded.settle()
            told += [(record.topic, record.value) for record in embedded.drain() if record.topic not in INTERNAL]
    return told


@pytest.mark.parametrize("region", load_policies().regions())
async def test_lost_views_change_no_byte(region: str) -> None:
    """Identity, settlement and monitoring each come back from their topics as they were."""
    undisturbed = await year(region, 5, 0)
    assert {topic for topic, _ in undisturbed} >= {"settlement.results.v1", "identity.timelines.v1", "monitoring.warnings.v1"}
    assert await year(region, 5, LOSSES) == undisturbed
