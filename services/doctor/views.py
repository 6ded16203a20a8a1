"""What Redis does with the views of the services: evicting, persistence, memory, formats, rights."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from schemas.catalogue import RESULTS
from services.console.service import ConsoleService
from services.doctor.cluster import Cluster
from services.doctor.findings import Finding, fail, ok, warn
from services.doctor.site import Site
from services.doctor.store import Store
from services.identity.app import IdentityService
from services.monitoring.app import MonitoringService
from services.runtime.errors import Doubt
from services.runtime.kafka import AioKafkaBroker
from services.runtime.records import TopicPartition
from services.runtime.redis_forgetting import formats_of, root_of
from services.runtime.redis_rights import QUESTION, asked_of, is_refusal, told
from services.runtime.redis_scripts import EVICTED, FORGETTING
from services.settlement.app import SettlementService

CLAIM_BYTES: Final = 450
"""A claim in settlement's view, with its share of the person-year's counters (docs/benchmarks.md: 369 bytes a claim, 1,058 a person-year)."""

FULL_PERCENT: Final = 90
_MIB: Final = 1 << 20
_FORMATS: Final[Mapping[str, int]] = {
    one.name: one.format for one in (IdentityService, SettlementService, MonitoringService, ConsoleService)
}


async def evicting(site: Site, store: Store) -> Sequence[Finding]:
    """Nothing is forgotten to make room."""
    if store.info is None:
        return []
    policy = store.text("maxmemory_policy")
    if policy == "noeviction":
        return [ok("redis.eviction", "maxmemory-policy noeviction")]
    what = f"maxmemory-policy {policy or 'is not told'}: a counter that is evicted would pay again"
    return [
        fail(
            "redis.eviction",
            what,
            "maxmemory-policy noeviction in Redis and its configuration, then `medaid ledger rebuild` for each service",
        )
    ]


async def persisting(site: Site, store: Store) -> Sequence[Finding]:
    """What is written outlives a restart."""
    if store.info is None:
        return []
    if not store.number("aof_enabled"):
        what = "appendonly is off: a restart empties the view, and no claim is settled until all is healed"
        return [fail("redis.persistence", what, "appendonly yes, appendfsync everysec, as in deploy/redis/redis.conf")]
    for name in ("aof_last_write_status", "aof_last_bgrewrite_status"):
        if store.text(name) not in ("ok", ""):
            return [fail("redis.persistence", f"{name} is {store.text(name)}: Redis cannot write its file", "look at its disk and its log")]
    return [ok("redis.persistence", "append-only file, written")]


async def memory(site: Site, cluster: Cluster | None, store: Store | None) -> Sequence[Finding]:
    """There is room for what the ledger holds, and for a second format of it when one is upgraded."""
    if store is None or store.info is None:
        return []
    used, limit = store.number("used_memory"), store.number("maxmemory") or store.number("total_system_memory")
    claims = await _claims(site, cluster)
    needed = claims * CLAIM_BYTES
    what = f"{used // _MIB:,} of {limit // _MIB:,} MiB used; the ledger's {claims:,} offsets need {needed // _MIB:,} MiB at most"
    mend = "raise maxmemory, or give the machine more: when it is full, writes are refused and claims wait"
    if used * 100 > limit * FULL_PERCENT or needed > limit:
        return [fail("redis.memory", what, mend)]
    if 2 * needed > limit:
        return [warn("redis.memory", f"{what}: an upgrade with another format needs it twice", mend)]
    return [ok("redis.memory", what)]


async def formats(site: Site, store: Store) -> Sequence[Finding]:
    """Which formats of the services' views lie there, and whether one is being emptied."""
    found = []
    for service in site.viewed:
        fields = await store.calls.ask("HGETALL", f"{site.settings.prefix}medaid:{service}:healed")
        if fields is not None:
            found.append(_of_view(service, fields))
    return found


async def rights(site: Site, store: Store) -> Sequence[Finding]:
    """Each command that views run, on the keys of each service's view, and what the console's sessions need."""
    if store.is_old:
        return []  # it could not be asked
    who = store.user or site.settings.redis_username or "our user"
    refused: defaultdict[str, list[str]] = defaultdict(list)
    for service in site.viewed:
        refused[await _refused(site, service, store)].append(service)
    found = []
    for what, services in refused.items():
        concerned = ", ".join(services)
        mend = f"ACL SETUSER {who} ~{site.settings.prefix}medaid:* and a + for each command that docs/doctor.md lists"
        found.append(
            fail("redis.right", f"{who} may not run {what}, for {concerned}", mend)
            if what
            else ok("redis.right", f"{who} may run each command on the keys of {concerned}")
        )
    return found


async def _refused(site: Site, service: str, store: Store) -> str:
    """What Redis refuses us on a view, in words; empty where nothing.

    Raises:
        Doubt: Redis is away.
    """
    beginning = f"{site.settings.prefix}medaid:{service}:"
    key = f"{root_of(beginning, _FORMATS[service])}d:doctor"
    asked = [*asked_of(key)]
    if service in site.services and service == ConsoleService.name:  # sessions are the process' own
        asked += [f"SET {beginning}s:doctor v", f"EXISTS {beginning}s:doctor"]
    try:
        numbers = await store.calls.call(QUESTION, [], asked)
    except Doubt as doubt:
        if is_refusal(doubt.__cause__):
            return "scripts (EVAL, EVALSHA)"
        raise
    return told([asked[number - 1] for number in numbers], key, f"{site.settings.prefix}medaid:")


def _of_view(service: str, marks: Mapping[bytes, bytes]) -> Finding:
    check, ours = "redis.format", _FORMATS[service]
    lives = [value.decode(errors="replace") for field, value in marks.items() if field.startswith(b"life")]
    if EVICTED in lives:
        what = f"{service}: Redis could evict keys, and nobody can tell which are gone"
        return fail(check, what, f"`medaid ledger rebuild --service {service}`")
    if any(life.startswith(FORGETTING) for life in lives):
        return warn(check, f"{service}: a view is being emptied", f"if nobody does so, `medaid ledger rebuild --service {service}`")
    present = formats_of(marks)
    if ours in present or not present:
        others = [str(one) for one in present if one != ours]
        beside = f"; of format {', '.join(others)} something is left, which its lanes drop" if others else ""
        return ok(check, f"{service}: format {ours}{'' if present else ' will be healed when its lanes are taken'}{beside}")
    what = f"{service}: the view is of format {', '.join(map(str, present))}, this medaid's is {ours}"
    return warn(
        check,
        what,
        "none while an upgrade goes on: lanes heal into their own format by themselves; else use the version that the services run",
    )


async def _claims(site: Site, cluster: Cluster | None) -> int:
    """At most so many claims are on the ledger: its offsets, of which some are revisions and markers. 0 where we cannot see it."""
    name = site.settings.prefix + RESULTS
    if cluster is None or cluster.unreached or name not in cluster.topics:
        return 0
    broker = AioKafkaBroker("doctor", site.settings)
    ends = await broker.log_ends([TopicPartition(RESULTS, one.number) for one in cluster.topics[name] if one.leader >= 0])
    return sum(ends.values())
