"""The clocks of this machine, Redis and Kafka, held against each other.

Redis tells its time. Kafka does not, to nobody who does not write; what can be asked is the newest of the times that it has put on records itself
(`LogAppendTime`): one that lies ahead of us says that a clock is wrong, and nothing else says that it is right.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from schemas.topics import load_topics
from services.doctor.cluster import Cluster, asked
from services.doctor.findings import Finding, fail, ok
from services.doctor.site import Site
from services.doctor.store import Store
from services.runtime.kafka import words

APART_S: Final = 2.0
_MEND: Final = "let NTP keep the clocks of this machine, Kafka and Redis (chronyc tracking): times decide which news is later"


async def clocks(site: Site, cluster: Cluster | None, store: Store | None) -> Sequence[Finding]:
    """Whether they are within two seconds."""
    told: list[str] = []
    apart: list[str] = []
    if store is not None and store.clock is not None:
        clock = store.clock
        off_s = max(clock.before_s - clock.at_s, clock.at_s - clock.after_s, 0.0)
        (apart if off_s > APART_S else told).append(f"Redis {off_s:.1f} s from this machine" if off_s > 0.05 else "Redis as this machine")
    elif store is not None:
        told.append("Redis does not tell us its clock (TIME)")
    if cluster is not None:
        newest_s = await _newest_s(site, cluster)
        ahead_s = newest_s - site.now_s()
        if newest_s <= 0:
            told.append("Kafka has put its clock on no record yet")
        elif ahead_s > APART_S:
            apart.append(f"Kafka put a time on a record that is {ahead_s:.1f} s ahead of this machine")
        else:
            told.append(f"Kafka not ahead of it: its newest record is {-ahead_s:.0f} s old, and it tells its clock by nothing else")
    if apart:
        return [fail("clocks", "; ".join(apart), _MEND)]
    return [ok("clocks", "; ".join(told))] if told else []


async def _newest_s(site: Site, cluster: Cluster) -> float:
    """The newest time that Kafka itself put on a record of our topics, seconds since 1970; 0 where there is none."""
    by_leader: defaultdict[int, dict[str, list[int]]] = defaultdict(dict)
    for name, partitions in cluster.topics.items():
        if load_topics()[site.without_prefix(name)].retention_days is not None:  # those have LogAppendTime
            for one in partitions:
                by_leader[one.leader].setdefault(name, []).append(one.number)
    newest_ms = 0
    for broker in cluster.brokers:
        if broker.node not in by_leader or broker in cluster.unreached:
            continue
        async with asked(site, broker) as connection:
            answer = await connection.send(words.newest(by_leader[broker.node]))
        newest_ms = max([newest_ms, *(one[2] for _, partitions, _ in answer.topics for one in partitions)])
    return newest_ms / 1000
