"""The simulation can fail: each safeguard taken out is noticed within a few seeds."""

import pytest

from tests.simulation.ledger import Mistake, Wrong
from tests.simulation.mutants import MUTANTS
from tests.simulation.parts import Parts
from tests.simulation.world import World

SEEDS_MAX = 100
"""When this was written the first three seeds sufficed for all but one, which needed 23."""


def first_wrong(mutant: Parts) -> int | None:
    """The first seed that shows what is missing."""
    for seed in range(SEEDS_MAX):
        try:
            World(seed, mutant, theme=mutant.theme).run()
        except Wrong:
            return seed
        except Mistake:
            continue  # the mutant is not only wrong, but broken, which any test would notice
    return None


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_missing_safeguard_is_noticed(mutant: type[Parts]) -> None:
    assert first_wrong(mutant()) is not None
