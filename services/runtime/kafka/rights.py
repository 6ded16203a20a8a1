"""Which of the rights that a process needs it does not have: each is asked for by a question that Kafka answers only to who has it, and that changes nothing.

In: needs, a connection to any one broker. Out: those that are missing. Of topics Kafka tells what we may do. Of groups and transactional ids it is
asked something that fails in any case, but for another reason where the right is there: a heartbeat of no member, the end of a transaction of a producer
that cannot exist. No coordinator is asked for, since that makes Kafka's internal topics where they are not there yet; who is no coordinator looks at
rights first, too. Promise: no group, member, offset or transaction is another afterwards, a running one's least of all. Not here: who needs what (`needs.py`).
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from aiokafka.admin.config_resource import ConfigResourceType
from aiokafka.conn import create_conn
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    UnknownTopicOrPartitionError,
)
from aiokafka.protocol.admin import DescribeConfigsRequest, DescribeGroupsRequest
from aiokafka.protocol.group import HeartbeatRequest
from aiokafka.protocol.transaction import EndTxnRequest

from services.runtime.errors import Doubt
from services.runtime.kafka import words
from services.runtime.kafka.clients import nameless, security_of, why_not
from services.runtime.needs import Need, Needs
from services.runtime.settings import Settings

TOPIC, GROUP, TRANSACTIONAL_ID = (
    error.errno for error in (TopicAuthorizationFailedError, GroupAuthorizationFailedError, TransactionalIdAuthorizationFailed)
)
_BITS: Final[Mapping[str, int]] = {"READ": 1 << 3, "WRITE": 1 << 4, "CREATE": 1 << 5, "DESCRIBE": 1 << 8}
NO_PRODUCER = (1 << 63) - 1
"""Kafka gives producers their ids from 0 on; nobody has had this one."""

NOBODY = "medaid-doctor"
"""A member that no group has: Kafka gives members their ids, with a random part."""


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Any]:
    """A connection to the first of Kafka's servers that lets us in.

    Raises:
        Doubt: None does; the text says why.
    """
    connection = await _first(settings)
    if connection is None:
        why = await why_not(settings, settings.kafka_deadline_ms)
        raise Doubt(f"kafka: {why or f'nobody answers at {settings.kafka_bootstrap_servers}'}", "kafka")
    try:
        if why := await nameless(connection, settings):
            raise Doubt(f"kafka: {why}", "kafka")
        yield connection
    finally:
        connection.close()


async def _first(settings: Settings) -> Any:
    """A connection to the first of Kafka's servers that takes one; None where none does."""
    security = security_of(settings)
    for place in settings.kafka_bootstrap_servers.split(","):
        host, _, port = place.rpartition(":")
        with suppress(KafkaError, OSError, TimeoutError):
            return await create_conn(host, int(port), request_timeout_ms=settings.kafka_deadline_ms, **security)
    return None


async def missing(connection: Any, needs: Needs, lanes: int) -> Needs:
    """Those of `needs` that Kafka refuses; needs about a topic that is not there are none of them.

    Args:
        connection: To any broker.
        needs: With the site's prefix.
        lanes: How many lanes there are: prefixed transactional ids are asked for by each lane's.

    Raises:
        KafkaError: Kafka is away, or too old to be asked.
    """
    topics = {need for need in needs if need.resource == "topic"}
    lacking = set(await _of_topics(connection, topics)) | set(await _of_settings(connection, topics))
    for need in needs - topics:
        for name in _names(need, lanes):
            if await _REFUSED[need.resource, need.operation](connection, name):
                lacking.add(need)
                break
    return frozenset(lacking)


def told(lacking: Iterable[Need], principal: str) -> str:
    """What is missing, in one line: of each resource the rights, and for whom."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for need in sorted(lacking):
        grouped.setdefault((need.resource, need.name + ("*" if need.pattern == "prefixed" else "")), []).append(need.operation)
    listed = "; ".join(f"{', '.join(operations)} on {resource} {name}" for (resource, name), operations in grouped.items())
    return f"{principal} may not {listed}"


def principal_of(settings: Settings) -> str:
    """Who we are to Kafka, as its ACLs name us, as far as our settings tell."""
    if settings.kafka_uses_sasl:
        return f"User:{settings.kafka_sasl_username or settings.kafka_sasl_oauth_client_id}"
    return "the owner of KAFKA_SSL_CERTFILE" if settings.kafka_ssl_certfile else "User:ANONYMOUS"


def _names(need: Need, lanes: int) -> list[str]:
    return [f"{need.name}{lane}" for lane in range(lanes)] if need.pattern == "prefixed" else [need.name]


async def _of_topics(connection: Any, needs: Iterable[Need]) -> list[Need]:
    """Those that the operations which Kafka names for a topic do not include; it names none of a topic that we may not see."""
    asked = [need for need in needs if need.operation in _BITS]
    answer = await connection.send(words.metadata(sorted({need.name for need in asked})))
    found = {
        topic: 0 if code == TOPIC else None if code == UnknownTopicOrPartitionError.errno else bits
        for code, topic, _, _, bits in answer.topics
    }
    return [need for need in asked if (bits := found[need.name]) is not None and not bits & _BITS[need.operation]]


async def _of_settings(connection: Any, needs: Iterable[Need]) -> list[Need]:
    """Those topics whose settings we may not read."""
    asked = {need.name: need for need in needs if need.operation == "DESCRIBE_CONFIGS"}
    if not asked:
        return []
    answer = await connection.send(DescribeConfigsRequest([(ConfigResourceType.TOPIC, name, ["cleanup.policy"]) for name in sorted(asked)]))
    return [asked[name] for code, _, _, name, _ in answer.resources if code == TOPIC]


async def _heartbeat(connection: Any, name: str) -> bool:
    return bool((await connection.send(HeartbeatRequest(name, -1, NOBODY))).error_code == GROUP)


async def _group(connection: Any, name: str) -> bool:
    return bool((await connection.send(DescribeGroupsRequest([name]))).groups[0][0] == GROUP)


async def _end(connection: Any, name: str) -> bool:
    return bool((await connection.send(EndTxnRequest(name, NO_PRODUCER, 0, False))).error_code == TRANSACTIONAL_ID)


async def _transaction(connection: Any, name: str) -> bool:
    return bool((await connection.send(words.transactions([name]))).transactions[0][0] == TRANSACTIONAL_ID)


_REFUSED: Final[Mapping[tuple[str, str], Callable[[Any, str], Awaitable[bool]]]] = {
    ("group", "READ"): _heartbeat,
    ("group", "DESCRIBE"): _group,
    ("transactional-id", "WRITE"): _end,
    ("transactional-id", "DESCRIBE"): _transaction,
}
"""Whether Kafka refuses that right on the group or transactional id of a name."""
