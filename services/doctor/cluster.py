"""Kafka reached: which version it is, how the connection is secured, which brokers there are, and what it says of our topics.

Out: `Cluster`, which the other checks of Kafka are given. Kafka tells no version: only the newest level of metadata that a broker can speak, which names
its line of releases (4.1), not the release in it (4.1.2).
"""

import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final, NamedTuple

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError
from aiokafka.protocol.types import CompactArray, CompactString, Int16, TaggedFields

from services.doctor.findings import Finding, fail, ok, warn
from services.doctor.site import Site, is_loopback
from services.runtime.kafka import words
from services.runtime.kafka.clients import security_of
from services.runtime.kafka.rights import NOBODY, connected

LINES: Final[Mapping[int, str]] = {25: "4.0", 27: "4.1", 29: "4.2", 30: "4.3"}
"""The newest level of metadata in production, by line of releases (Kafka's `MetadataVersion`)."""

OLDEST = 25
BROKER_S = 3.0
"""So long each broker has to let us in; all of them together have the deadline of a check."""

_FEATURES = CompactArray(("name", CompactString("utf-8")), ("min", Int16), ("max", Int16), ("tags", TaggedFields))


class Broker(NamedTuple):
    """One of the cluster's, as it wants to be asked."""

    node: int
    host: str
    port: int


class Partition(NamedTuple):
    """One of a topic's: its leader (-1: none) and how many replicas it has, and how many of them follow."""

    number: int
    leader: int
    replicas: int
    in_sync: int


@dataclass(frozen=True)
class Cluster:
    """What Kafka says of itself.

    Attributes:
        connection: To one of its brokers.
        brokers: All of them.
        unreached: Those of them that cannot be reached by the address that they go by, with the reason.
        topics: The partitions of those topics of the site that are there and that we may see; names with prefix.
        missing: Topics that are not there.
        level: The newest level of metadata that the broker asked can speak.
    """

    connection: Any
    brokers: Sequence[Broker]
    unreached: Mapping[Broker, str]
    topics: Mapping[str, Sequence[Partition]]
    missing: frozenset[str]
    level: int

    @property
    def line(self) -> str:
        """The line of releases that the broker is of, as far as we know it."""
        return LINES.get(self.level, "")

    @property
    def is_small(self) -> bool:
        """Whether it is a single broker on this machine: a place to try things, where the disk is the only copy."""
        return len(self.brokers) == 1 and is_loopback(self.brokers[0].host)


@asynccontextmanager
async def reached(site: Site) -> AsyncIterator[Cluster]:
    """Kafka, asked what it is.

    Raises:
        Doubt: It is away, or does not let us in.
        KafkaError: It is too old to be asked.
    """
    async with connected(site.settings) as connection:
        answer = await connection.send(words.metadata(sorted({need.name for need in site.needs if need.resource == "topic"})))
        brokers = [Broker(node, host, port) for node, host, port, _ in answer.brokers]
        yield Cluster(
            connection,
            brokers,
            {broker: why for broker in brokers if (why := await _why_unreached(site, broker))},
            {topic: [_partition(*one) for one in partitions] for _, topic, _, partitions, _ in answer.topics if partitions},
            frozenset(topic for code, topic, *_ in answer.topics if code == UnknownTopicOrPartitionError.errno),
            await _level(connection),
        )


@asynccontextmanager
async def asked(site: Site, broker: Broker) -> AsyncIterator[Any]:
    """A connection to just this broker.

    Raises:
        KafkaError: It does not let us in.
        OSError: It is away; a TimeoutError is one.
    """
    connection = await create_conn(broker.host, broker.port, request_timeout_ms=int(BROKER_S * 1000), **security_of(site.settings))
    try:
        yield connection
    finally:
        connection.close()


async def server(site: Site, cluster: Cluster) -> Sequence[Finding]:
    """It is there: version, brokers, how it is reached."""
    version = f"Kafka {cluster.line}" if cluster.line else f"a Kafka whose newest metadata.version is {cluster.level}"
    what = f"{site.settings.kafka_bootstrap_servers} reached, {version} (which release of that line Kafka does not tell), {len(cluster.brokers)} broker(s)"
    if cluster.level < OLDEST:
        return [fail("kafka.server", f"{what}: older than 4.0", "upgrade Kafka: medaid is tested with 4.0 and later")]
    return [ok("kafka.server", what)]


async def brokers(site: Site, cluster: Cluster) -> Sequence[Finding]:
    """Each of its brokers can be reached from here by the name that it goes by."""
    if not cluster.unreached:
        return [ok("kafka.broker", f"each reached from here, {', '.join(f'{one.host}:{one.port}' for one in cluster.brokers)}")]
    mend = "start that broker, or let its advertised.listeners name an address that this machine reaches; then look again, for what it holds was not looked at"
    return [
        fail("kafka.broker", f"broker {one.node} says that it is at {one.host}:{one.port}, where nobody lets us in ({why})", mend)
        for one, why in cluster.unreached.items()
    ]


async def security(site: Site, cluster: Cluster) -> Sequence[Finding]:
    """How the connection is secured."""
    settings = site.settings
    mechanism = f" by {settings.kafka_sasl_mechanism}" if settings.kafka_uses_sasl else ""
    stays_here = all(is_loopback(broker.host) for broker in cluster.brokers)
    if settings.kafka_uses_tls:
        own = " and a certificate of our own" if settings.kafka_ssl_certfile else ""
        return [ok("kafka.security", f"{settings.kafka_security_protocol}{mechanism}, {_tls_of(cluster.connection)}{own}")]
    if stays_here:
        return [ok("kafka.security", f"{settings.kafka_security_protocol}{mechanism}, plain text that does not leave this machine")]
    read_by = "claims and statuses of persons" + (", and the password," if settings.kafka_sasl_mechanism == "PLAIN" and mechanism else "")
    what = f"{settings.kafka_security_protocol}{mechanism}: {read_by} can be read on the way"
    return [warn("kafka.security", what, "KAFKA_SECURITY_PROTOCOL=SASL_SSL or SSL, and a listener of Kafka that speaks it")]


async def _why_unreached(site: Site, broker: Broker) -> str:
    """Why a broker cannot be reached; empty where it can."""
    try:
        async with asked(site, broker):
            return ""
    except (KafkaError, OSError, TimeoutError) as error:
        return type(error).__name__


def _tls_of(connection: Any) -> str:
    """Which TLS it speaks."""
    spoken: ssl.SSLObject | None = connection._writer.get_extra_info("ssl_object")
    return str(spoken.version() if spoken is not None else "TLS")


def _partition(
    code: int, number: int, leader: int, epoch: int, replicas: Sequence[int], in_sync: Sequence[int], _: Sequence[int]
) -> Partition:
    return Partition(number, leader, len(replicas), len(in_sync))


async def _level(connection: Any) -> int:
    """The newest metadata.version that the broker supports; 0 where it has none."""
    supported = (await connection.send(words.versions(NOBODY))).tags.get(0, b"\x01")
    return max((highest for name, _, highest, _ in _FEATURES.decode(BytesIO(supported)) or () if name == "metadata.version"), default=0)
