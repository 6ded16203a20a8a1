"""Indexes stay sound whatever comes in whatever batches: every slot full, each entry pointed at, the same warnings in the same states."""

from random import Random

import pytest

from services.console.domain.warnings import LEVELS
from tests.unit.console.world import Documents, Kept, index_of, normal, said, waits
from tests.unit.monitoring.world import Event, action

WARNINGS = [f"annual_limit_near/suzhou/P{number}/2025/year" for number in range(5)] + ["hospital_self_pay_ratio/suzhou/H1/2025"]
EVENTS, SEEDS = 80, 25


def life(rng: Random) -> list[Event]:
    """Warnings that rise, fall and return, operators who do something with them, reversals that wait and do not."""
    numbers, episodes = dict.fromkeys(WARNINGS, 0), dict.fromkeys(WARNINGS, 1)
    events = []
    for number in range(EVENTS):
        warning = rng.choice(WARNINGS)
        match rng.randrange(4):
            case 0:
                verb = rng.choice(["acknowledged", "assigned", "commented", "closed"])
                more = {"comment": "x"} if verb == "commented" else {"assignee": "li"} if verb == "assigned" else {}
                events.append(action(verb, warning, episodes[warning], number, **more))
            case 1:
                events.append(waits(f"H1/C{rng.randrange(4)}", over=rng.random() < 0.5))
            case _:
                numbers[warning] += 1
                verb = rng.choice(["raised", "escalated", "resolved"])
                episodes[warning] += verb == "raised" and rng.random() < 0.3
                events.append(said(verb, warning, numbers[warning], episode=episodes[warning], level=rng.choice(LEVELS)))
    return events


def are_sound(documents: Documents) -> None:
    """Every index of every lane; and each warning and waiting reversal stands in one."""
    for key, fields in documents.items():
        lane, kind, *_ = key.split("/")
        if kind == "n":
            for name in fields:
                if not name.startswith("audience:"):
                    assert index_of(documents, key, name)
        if kind in "ph":
            assert {field[2:] for field in fields if field.startswith("w:")} == {field[2:] for field in fields if field.startswith("s:")}
        assert not key.endswith("not_understood"), lane


@pytest.mark.parametrize("seed", range(SEEDS))
def test_any_batches_lead_to_sound_indexes_and_the_same_states(seed: int) -> None:
    rng = Random(seed)
    events = life(rng)
    single, batched = Kept().see(*events), Kept()
    rest = events
    while rest:
        size = rng.randrange(1, 20)
        batched.see_together(*rest[:size])
        are_sound(batched.documents)
        rest = rest[size:]
    are_sound(single.documents)
    assert normal(batched.documents) == normal(single.documents)
    assert normal(batched.lose().documents) == normal(single.documents)
