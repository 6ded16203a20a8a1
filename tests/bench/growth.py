"""What settlement's state costs: memory in Redis, and what a lane's healing takes when Redis has lost it."""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

import redis

from services.settlement.app import SettlementService
from tests import clients
from tests.bench.process import LOOK_S, WAIT_S_MAX, Site, Worker

KINDS = {b"d:p/": "person", b"d:y/": "counters", b"d:c/": "claims", b"b:": "index"}


class Memory(NamedTuple):
    """Bytes in Redis, as it counts them itself, by kind of key."""

    by_kind: Mapping[str, int]
    persons: int
    years: int

    def a_year(self) -> float:
        """Bytes of the counters of a person-year."""
        return self.by_kind["counters"] / self.years

    def a_claim(self, claims: int) -> float:
        """Bytes of a settled claim, its share of the index included."""
        return (self.by_kind["claims"] + self.by_kind["index"]) / claims

    def a_person(self) -> float:
        """Bytes of a person's document: the timeline, and the names of the years."""
        return self.by_kind["person"] / self.persons


def memory_of(site: Site) -> Memory:
    """What settlement's keys take."""
    prefix = f"{site.prefix}medaid:settlement:f{SettlementService.format}:".encode()
    found: dict[str, int] = defaultdict(int)
    count: dict[str, int] = defaultdict(int)
    with clients.redis_at(site.environment["REDIS_URL"]) as client:
        for keys in _chunks(client, prefix):
            with client.pipeline(transaction=False) as pipeline:
                for key in keys:
                    pipeline.memory_usage(key, samples=0)
                for key, size in zip(keys, pipeline.execute(), strict=True):
                    kind = next((name for start, name in KINDS.items() if key.startswith(prefix + start)), "other")
                    found[kind] += size
                    count[kind] += 1
    return Memory(found, count["person"], count["counters"])


def _chunks(client: "redis.Redis", prefix: bytes) -> Iterator[list[bytes]]:
    keys = client.scan_iter(match=prefix + b"*", count=1000)
    while chunk := list(islice(keys, 1000)):
        yield chunk


def healing_cpu_s(site: Site, worker: Worker) -> float:
    """Processor seconds that the worker takes to heal all its lanes, once Redis is empty."""
    taken = worker.lanes_taken
    before_s = worker.cpu_s
    with clients.redis_at(site.environment["REDIS_URL"]) as client:
        client.flushdb()
    until = time.monotonic() + WAIT_S_MAX
    while worker.lanes_taken < taken + site.partitions:
        assert time.monotonic() < until, "not healed"
        time.sleep(LOOK_S)
    return worker.cpu_s - before_s
