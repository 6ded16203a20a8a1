"""Kafka's access control lists read, added to and taken from, by the client that everything else goes through.

In: settings. Out: `Acl`s as Kafka has them. Promise: whoever may not ask, and a broker that keeps no list, are told for what they are; what was changed is
known to the broker that was asked when `change` returns. aiokafka speaks these requests and has no functions for them. Not here: who should have which.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import ClusterAuthorizationFailedError, SecurityDisabled, for_code
from aiokafka.protocol.admin import CreateAclsRequest_v1, DeleteAclsRequest_v1, DescribeAclsRequest
from aiokafka.protocol.api import Request

from services.runtime.errors import Doubt
from services.runtime.kafka.clients import reaching, start
from services.runtime.kafka.deadline import within
from services.runtime.settings import Settings

ANY = 1
"""Kafka's code for whatever there is."""

LOOKS_MAX, LOOK_S = 50, 0.1
"""How many times, and seconds apart, is looked whether what was changed is known."""

RESOURCES = {2: "topic", 3: "group", 4: "cluster", 5: "transactional-id", 6: "delegation-token", 7: "user"}
PATTERNS = {3: "literal", 4: "prefixed"}
OPERATIONS = {
    **dict(enumerate(("ALL", "READ", "WRITE", "CREATE", "DELETE", "ALTER", "DESCRIBE", "CLUSTER_ACTION", "DESCRIBE_CONFIGS"), 2)),
    **dict(enumerate(("ALTER_CONFIGS", "IDEMPOTENT_WRITE", "CREATE_TOKENS", "DESCRIBE_TOKENS", "TWO_PHASE_COMMIT"), 11)),
}
PERMISSIONS = {2: "deny", 3: "allow"}


class Acl(NamedTuple):
    """One entry: `principal`, with its type (`User:…`), may do `operation` from `host`, or may not (`deny`)."""

    principal: str
    resource: str
    name: str
    pattern: str
    operation: str
    host: str = "*"
    permission: str = "allow"


async def listed(settings: Settings) -> frozenset[Acl]:
    """Every entry that the cluster has.

    Raises:
        Doubt: Kafka is away, does not let us in or ask, or keeps no lists.
    """
    async with within(settings.kafka_deadline_ms / 1000, "read the access control lists"), _admin(settings) as admin:
        return await _listed(admin)


async def change(settings: Settings, add: Collection[Acl], remove: Collection[Acl]) -> None:
    """Add entries, then remove others; one that is there already, or gone, is as wanted.

    Raises:
        Doubt: Kafka is away, does not let us in or change them, or keeps no lists. Some may have been changed.
    """
    async with within(settings.kafka_deadline_ms / 1000, "change the access control lists"), _admin(settings) as admin:
        if add:
            answer = await admin._send_request(_Request(CreateAclsRequest_v1, add))
            for code, message in answer.creation_responses:
                _check(code, message, "change them", "ALTER")
        if remove:
            answer = await admin._send_request(_Request(DeleteAclsRequest_v1, remove))
            for code, message, _ in answer.filter_responses:
                _check(code, message, "change them", "ALTER")
        await _await_known(admin, add, remove)


class _Request(Request[CreateAclsRequest_v1 | DeleteAclsRequest_v1]):  # type: ignore[misc]
    """Several entries at once; aiokafka's own requests take one each."""

    API_KEY = 0

    def __init__(self, struct: Any, acls: Iterable[Acl]) -> None:
        self.API_KEY, self._CLASSES = struct.API_KEY, (struct,)
        self._rows = [_coded(acl) for acl in acls]

    def build(self, struct: Any) -> Any:
        """As the client asks for it."""
        return struct(self._rows)


async def _await_known(admin: AIOKafkaAdminClient, added: Collection[Acl], removed: Collection[Acl]) -> None:
    """Return when the broker knows what the controller has decided.

    Raises:
        Doubt: It does not.
    """
    for _ in range(LOOKS_MAX):
        found = await _listed(admin)
        if found.issuperset(added) and found.isdisjoint(removed):
            return
        await asyncio.sleep(LOOK_S)
    raise Doubt("kafka: access control lists: changed, but a broker does not know it yet")


async def _listed(admin: AIOKafkaAdminClient) -> frozenset[Acl]:
    answer = await admin._send_request(DescribeAclsRequest(ANY, None, ANY, None, None, ANY, ANY))
    _check(answer.error_code, answer.error_message, "read them", "DESCRIBE")
    return frozenset(
        Acl(
            principal,
            _word(RESOURCES, resource),
            name,
            _word(PATTERNS, pattern),
            _word(OPERATIONS, operation),
            host,
            _word(PERMISSIONS, permission),
        )
        for resource, name, pattern, acls in answer.resources
        for principal, host, operation, permission in acls
    )


def _check(code: int, message: str | None, done: str, right: str) -> None:
    """Whether a broker has done what was asked.

    Raises:
        Doubt: It has not.
    """
    error = for_code(code)
    if error is SecurityDisabled:
        raise Doubt("kafka: it keeps no access control lists: its authorizer.class.name is not set, and everybody may do everything")
    if error is ClusterAuthorizationFailedError:
        raise Doubt(f"kafka: access control lists: we may not {done}: that takes {right} on the cluster, or a super user")
    if code:
        raise Doubt(f"kafka: access control lists: {error.__name__}" + (f", {message}" if message else ""))


def _word(words: Mapping[int, str], code: int) -> str:
    """What a code means; itself where it is of a later Kafka."""
    return words.get(code, str(code))


def _coded(acl: Acl) -> tuple[int, str, int, str, str, int, int]:
    """As requests have it."""
    resource, pattern, operation, permission = (
        next((code for code, known in words.items() if known == word), None) or int(word)
        for words, word in ((RESOURCES, acl.resource), (PATTERNS, acl.pattern), (OPERATIONS, acl.operation), (PERMISSIONS, acl.permission))
    )
    return resource, acl.name, pattern, acl.principal, acl.host, operation, permission


@asynccontextmanager
async def _admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**reaching(settings), request_timeout_ms=settings.kafka_deadline_ms)
    try:
        await start(admin, settings, settings.kafka_deadline_ms)
        yield admin
    finally:
        await admin.close()
