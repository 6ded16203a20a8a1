"""What a workload must come to: the same events through `medaid replay`, and a hash by which two piles of events are told to be the same."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256

import orjson

from schemas.catalogue import TYPES_BY_TOPIC
from services.embedded.replay import Replay
from services.policy.library import load_policies
from tests.bench.workload import Workload

OUTPUTS = {kind: topic for topic, kinds in TYPES_BY_TOPIC.items() for kind in kinds}


def digest(values: Iterable[bytes]) -> str:
    """The same for the same events in any order; nothing is kept, so they may be a million."""
    return f"{sum(int.from_bytes(sha256(value).digest()[:8]) for value in values) % (1 << 64):016x}"


@cache
def digest_of(work: Workload, topic: str) -> str:
    """What a replay of a workload writes to a topic."""
    return digest(replayed(work)[topic])


def replayed(work: Workload) -> Mapping[str, list[bytes]]:
    """What the three services write for a workload, by topic."""
    return asyncio.run(_replay(work))


async def _replay(work: Workload) -> Mapping[str, list[bytes]]:
    replay = Replay(load_policies())
    await replay.start()
    told: dict[str, list[bytes]] = defaultdict(list)
    for number, line in enumerate(work.lines()):
        for value in await replay.feed(number, line):
            told[topic_of(value)].append(value)
    return told


def topic_of(value: bytes) -> str:
    """The topic of one of our own events."""
    return OUTPUTS[orjson.loads(value)["type"]]
