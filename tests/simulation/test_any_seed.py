"""Each result once, in order, and the end of the undisturbed replay, whatever a seed lets happen.

`make prove` runs 300 seeds, at full length 10,000, or as many as `MEDAID_SEEDS` says. A failure's note says how to see the same run again.
"""

import os
from collections import Counter

import pytest

from schemas.catalogue import (
    AUDIT,
    CLAIMS,
    IDENTITY_EVENTS,
    IDENTITY_REROUTED,
    INPUTS,
    SETTLEMENT_REROUTED,
    TYPES_BY_TOPIC,
    dead_letters_of,
)
from tests.simulation.options import FAULTS
from tests.simulation.world import World

QUICK = 20
SEEDS = int(os.environ.get("MEDAID_SEEDS") or (10_000 if os.environ.get("FULL") == "1" else 300))
CHUNK = 10
ZOMBIE_SEEDS = 40

DOUBTS = (
    "is fenced",
    "an answer was lost",
    "an answer did not come in time",
    "the view has another run or watermark",
    "the watermark was moved by somebody else",
    "is decided up to",
)
"""What a lane must have met, in some seed, for the seeds to prove anything."""

TOPICS = {*TYPES_BY_TOPIC, IDENTITY_REROUTED, SETTLEMENT_REROUTED, *map(dead_letters_of, (CLAIMS, IDENTITY_EVENTS))} - {*INPUTS, AUDIT}
"""What the services must have written; nobody is at the console's pages."""


def lived(seed: int, theme: str | None = None) -> World:
    """The world of a seed after it has come to its right end."""
    world = World(seed, theme=theme)
    world.run()
    return world


def test_the_first_seeds_end_like_their_replay_and_meet_every_fault() -> None:
    struck: Counter[str] = Counter()
    doubts: Counter[str] = Counter()
    told_of: Counter[str] = Counter()
    repeated: set[str] = set()
    closed = 0
    for seed in range(QUICK):
        world = lived(seed)
        struck += Counter(world.faults.struck)
        doubts += world.doubts
        told_of += world.told_of
        closed += world.ledger.closed
        repeated |= {key for key, revisions in world.ledger.results.items() if len(revisions) > 1}
    assert struck.keys() == set(FAULTS)
    assert told_of.keys() >= TOPICS
    assert closed, "no operator closed what stood"
    assert repeated, "no claim was settled anew"
    for doubt in DOUBTS:
        assert any(doubt in text for text in doubts), f"no lane was in doubt because: {doubt}"


@pytest.mark.prove
@pytest.mark.parametrize("first", range(QUICK, SEEDS, CHUNK))
def test_any_seed_ends_like_its_replay(first: int) -> None:
    for seed in range(first, min(first + CHUNK, SEEDS)):
        lived(seed)


@pytest.mark.prove
def test_a_zombie_in_the_last_step_of_its_heal_opens_no_gate() -> None:
    """It is frozen there, another one takes the lane and commits, the view is emptied, and then it goes on."""
    drawn = sum(lived(seed, "zombies").faults.zombies_at_their_mark for seed in range(ZOMBIE_SEEDS))
    assert drawn >= 3
