"""A small year by hand, settled by replay, and statements of files."""

import asyncio
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from services.embedded.replay import Replay
from services.policy.library import load_policies
from tests.unit.events import claim, granted, reversed_

REGION, YEAR = "lianyungang", 2025
HOSPITAL, OTHER = {"district": "320703"}, {"district": "Zhang San"}
BEFORE = [
    granted(),
    claim("1", "2025-03-02", "1500.00", **HOSPITAL),
    claim("2", "2025-05-20", "3500.00", referral="unreferred", **HOSPITAL),
    claim("3", "2025-06-20", "10.00", **OTHER),
    reversed_("3"),
]
"""A family at the margin: a deductible of 2000, then 70%, 20 points less where unreferred. H1/1 is below it; of H1/2 500 are taken, 3000 at 50% are paid."""

LATE = [
    granted("extreme_poverty", "2025-02-01", "g2"),
    granted("needy_worker", "2024-02-01", "g3", person_id="P2").replace(b"civil-affairs", b"trade-union"),
    claim("4", "2025-07-01", "900.00", person_id="P2", **HOSPITAL),
]
"""Extreme poverty, told late: H1/1 in full, H1/2 at 80%; and another person: 80% of 900."""

ELSEWHERE = [claim("5", "2024-12-30", "700.00"), claim("6", "2025-08-01", "700.00", region="suzhou", person_id="P3")]
"""Another year, another city."""


@cache
def settled(*lines: bytes) -> list[bytes]:
    """What `medaid replay` makes of the events."""

    async def feed() -> list[bytes]:
        work = Replay(load_policies())
        await work.start()
        return [output for number, line in enumerate(lines) for output in await work.feed(number, line)]

    return asyncio.run(feed())


def ledger(path: Path, outputs: Sequence[bytes]) -> Path:
    """The output events as a file."""
    path.write_bytes(b"".join(output + b"\n" for output in outputs))
    return path


def rewritten(outputs: Sequence[bytes], event_id: str, tamper: Callable[[dict[str, Any]], object]) -> list[bytes]:
    """The same, the data of one event changed."""
    events = [orjson.loads(output) for output in outputs]
    for event in events:
        if event["id"] == event_id:
            tamper(event["data"])
    return [orjson.dumps(event) for event in events]
