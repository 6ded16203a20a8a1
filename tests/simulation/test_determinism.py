"""A seed decides everything: the same run again, step by step, also in another process with other hashes."""

import os
import subprocess
import sys
from pathlib import Path

from tests.simulation.world import World

ROOT = Path(__file__).parents[2]


def traced(seed: int) -> str:
    world = World(seed)
    world.run()
    return world.trace.hash


def traced_elsewhere(seed: int, hash_seed: str) -> str:
    """The last word of the command, which is the trace."""
    command = [sys.executable, "-m", "tests.simulation", str(seed)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()[-1]


def test_the_same_seed_is_the_same_run() -> None:
    assert traced(7) == traced(7) == traced_elsewhere(7, "1") == traced_elsewhere(7, "2")


def test_another_seed_is_another_run() -> None:
    assert traced(3) != traced(4)
