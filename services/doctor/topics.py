"""The topics that the services use: there, alike in partitions, led, copied, set as `schemas/topics.yaml` has them, and whole at their front."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from aiokafka.admin import AIOKafkaAdminClient

from schemas.topics import Topic, kept_for_ever, load_topics
from services.doctor.cluster import Cluster, Partition
from services.doctor.findings import Finding, fail, ok, warn
from services.doctor.site import Site
from services.runtime.kafka import AioKafkaBroker
from services.runtime.kafka.clients import reaching, start
from services.runtime.kafka.described import found_in
from services.runtime.kafka.rights import missing
from services.runtime.needs import Need
from services.runtime.records import TopicPartition
from services.runtime.topic_settings import differences


async def there(site: Site, cluster: Cluster) -> Sequence[Finding]:
    """Each is there, with the partitions that all topics about persons share."""
    found = []
    if cluster.missing:
        found.append(
            fail("kafka.topic", f"missing in Kafka: {', '.join(sorted(cluster.missing))}", "`medaid topics create` makes the topics")
        )
    counts = {name: len(partitions) for name, partitions in cluster.topics.items()}
    usual = max(Counter(counts.values()).items(), key=lambda one: (one[1], one[0]), default=(0, 0))[0]
    others = [f"{name} has {count}" for name, count in counts.items() if count != _wanted(site, name, usual)]
    if others:
        what = f"{', '.join(others)} partitions, all others have {usual}: a person would have several homes"
        found.append(
            fail(
                "kafka.partitions",
                what,
                "make that topic anew with the others' count, while it is empty; never change a topic with records",
            )
        )
    return found or [ok("kafka.topic", f"{len(counts)} topics are there, {usual} partitions each")]


async def led(site: Site, cluster: Cluster) -> Sequence[Finding]:
    """Each partition has a leader, and all of its replicas follow."""
    leaderless = _places(cluster, lambda one: one.leader < 0)
    if leaderless:
        return [fail("kafka.leader", f"no leader for {leaderless}", "bring back the brokers that hold them; nothing else is to be done")]
    behind = _places(cluster, lambda one: one.in_sync < one.replicas)
    if behind:
        return [
            warn("kafka.leader", f"replicas do not follow: {behind}", "bring back the brokers that hold them, or see why they are slow")
        ]
    return [ok("kafka.leader", "each partition has a leader, all replicas follow")]


async def copied(site: Site, cluster: Cluster) -> Sequence[Finding]:
    """How many copies of each topic there are."""
    copies = {name: min(one.replicas for one in partitions) for name, partitions in cluster.topics.items()}
    single = sorted(name for name, number in copies.items() if number < 2)
    if not single:
        return [ok("kafka.replicas", f"{min(copies.values(), default=0)} or more copies of each topic")]
    what = f"replication factor 1: one disk is the only copy of {len(single)} topics"
    if cluster.is_small:
        return [ok("kafka.replicas", f"{what}, as it must be with a single broker on this machine; not for real claims")]
    return [
        warn("kafka.replicas", f"{what} ({', '.join(single)})", "three brokers, default.replication.factor=3, kafka-reassign-partitions.sh")
    ]


async def set_as_described(site: Site, cluster: Cluster) -> Sequence[Finding]:
    """Retention, compaction, times, sizes, replicas in sync: what loses money fails, what only keeps more is told."""
    asked = await _readable(site, cluster)
    admin = AIOKafkaAdminClient(**reaching(site.settings), request_timeout_ms=site.settings.kafka_deadline_ms)
    try:
        await start(admin, site.settings, site.settings.kafka_deadline_ms)
        present = await found_in(admin, asked.keys())
    finally:
        await admin.close()
    found = []
    for name, topic in asked.items():
        for one in differences(name, topic, present[name]):
            found.append(fail("kafka.setting", str(one), one.mend) if one.loses else warn("kafka.setting", str(one), one.mend))
    return found or [ok("kafka.setting", f"{len(asked)} topics are set as schemas/topics.yaml has them")]


async def whole(site: Site, cluster: Cluster) -> Sequence[Finding]:
    """What is kept for ever begins at offset 0."""
    lasting = kept_for_ever(*(site.without_prefix(name) for name in cluster.topics))
    places = [
        TopicPartition(site.without_prefix(name), one.number)
        for name, partitions in cluster.topics.items()
        if site.without_prefix(name) in lasting
        for one in partitions
        if one.leader >= 0
    ]
    broker = AioKafkaBroker("doctor", site.settings)  # no group of that name comes into being
    try:
        beginnings = await broker.beginnings(places) if places else {}
    finally:
        await broker.close()
    gone = [f"{place.topic}[{place.partition}] begins at {offset}" for place, offset in beginnings.items() if offset > 0]
    if gone:
        mend = 'stop all services and restore it whole: deploy/RUNBOOK.md, "The front of a topic is gone"'
        return [fail("kafka.front", f"{'; '.join(gone)}: kept for ever, its first records are gone", mend)]
    return [ok("kafka.front", f"{len(lasting)} topics are kept for ever, each begins at 0")]


async def _readable(site: Site, cluster: Cluster) -> Mapping[str, Topic]:
    """The topics that are there and whose settings we may read, as they are described; where we may not, the rights have told."""
    asked = frozenset(Need("topic", name, "literal", "DESCRIBE_CONFIGS") for name in cluster.topics)
    refused = {need.name for need in await missing(cluster.connection, asked, 0)}
    described = load_topics()
    return {name: described[site.without_prefix(name)] for name in sorted(cluster.topics) if name not in refused}


def _wanted(site: Site, name: str, usual: int) -> int:
    return load_topics()[site.without_prefix(name)].partitions or usual


def _places(cluster: Cluster, is_meant: Callable[[Partition], bool]) -> str:
    return ", ".join(f"{name}[{one.number}]" for name, partitions in cluster.topics.items() for one in partitions if is_meant(one))
