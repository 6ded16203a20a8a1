"""Every generated claim of the four cities is settled as by the version before the language was widened (November 2026), under every reading.

What is compared is kept as a hash a city and reading, made by that version: lines of a generated year, what became of each claim, its counters.
`python -m tests.policy.test_as_before` writes the file anew, which a change that moves no money never needs.
"""

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from services.embedded.replay import Replay
from services.policy.library import SHIPPED, load_policies
from services.policy.result import FIGURES
from services.policy.tree import Reading
from services.synthetic.year import generate

KEPT = Path(__file__).parent / "before" / "hashes.json"
PERSONS, SEED = 80, 15
Switch = tuple[str, str | None, Reading]


def switches() -> Iterator[Switch]:
    """Each city as shipped, and with each of its readings the other way."""
    for region, files in sorted(load_policies(SHIPPED).current.items()):
        yield region, None, None
        for name, choice in files[-1].file.readings.items():
            yield region, name, choice.other


def settled_hash(switch: Switch) -> str:
    """A hash of the year's lines and results; an edition is another by its form and left out."""
    region, name, value = switch
    policies = load_policies(SHIPPED, {region: {name: value}} if name else None)
    found = hashlib.sha256()

    async def work() -> None:
        replay = Replay(policies)
        await replay.start()
        for number, line in enumerate(generate(policies.current[region][-1], PERSONS, SEED)):
            found.update(line)
            for value in await replay.feed(number, line):
                event = orjson.loads(value)
                if event["type"].startswith("settlement."):
                    data = event["data"]
                    data["policy"] = data["policy"] and {**data["policy"], "edition": None}
                    kept = {key: data[key] for key in (*FIGURES, "settlement_id", "counters", "candidates", "sequence", "delta")}
                    found.update(orjson.dumps(kept, option=orjson.OPT_SORT_KEYS))

    asyncio.run(work())
    return found.hexdigest()[:16]


def name_of(switch: Switch) -> str:
    """How a switch is called in the file."""
    region, name, value = switch
    return f"{region} {name}={value}" if name else region


@pytest.mark.parametrize("switch", [pytest.param(one, id=name_of(one), marks=[pytest.mark.prove] if one[1] else []) for one in switches()])
def test_every_generated_claim_is_settled_as_before(switch: Switch) -> None:
    """To the fen, with clause, rate, counters and candidates."""
    assert settled_hash(switch) == orjson.loads(KEPT.read_bytes())[name_of(switch)]


if __name__ == "__main__":
    KEPT.write_bytes(orjson.dumps({name_of(switch): settled_hash(switch) for switch in switches()}, option=orjson.OPT_INDENT_2))
