"""A Kafka that lets nobody do what no ACL allows him, by SCRAM in plain text on 127.0.0.1, and rights in both servers given and taken by name."""

import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from deploy.local.kafka import Kafka
from deploy.local.process import HOST, free_port
from services.runtime.needs import Need
from tests import clients

USER, PASSWORD = "medaid-services", "CANARY-rightful-41c0"
REDIS_USER, REDIS_PASSWORD = "medaid-view", "CANARY-rightful-9b27"
COMMANDS = (
    *("info", "eval", "evalsha", "scan", "del", "hdel", "hget", "hgetall", "hkeys", "hlen", "hmget", "hset", "hsetnx", "hvals", "unlink"),
    *("set", "exists", "time", "acl|whoami"),
)
"""What a user of Redis needs: the commands of views, of the console's sessions, and two that tell the doctor more."""


def until(condition: Callable[[], bool], seconds_max: float = 30) -> None:
    """Wait for `condition`."""
    end_s = time.monotonic() + seconds_max
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.05)


class RightfulKafka(Kafka):
    """Without a password everybody is a super user; by SCRAM one has the rights that he was given."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._sasl_port = free_port()

    def _forget_ports(self) -> None:
        super()._forget_ports()
        self._sasl_port = free_port()

    @property
    def by_password(self) -> str:
        """Host and port of SASL_PLAINTEXT."""
        return f"{HOST}:{self._sasl_port}"

    @property
    def admin(self) -> AdminClient:
        """A super user, held by whoever waits for its answers."""
        return clients.admin(self.bootstrap_servers)

    def let_in(self) -> None:
        """Make the user."""
        told = UserScramCredentialUpsertion(USER, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), PASSWORD.encode())
        admin = self.admin
        for answer in admin.alter_user_scram_credentials([told]).values():
            answer.result(timeout=30)

    def give(self, needs: Iterable[Need]) -> None:
        """Give the user rights."""
        admin = self.admin
        given = [_binding(need, AclBinding) for need in needs]
        for answer in admin.create_acls(given).values():
            answer.result(timeout=30)
        until(lambda: self._held(admin).issuperset(given))

    def take(self, needs: Iterable[Need]) -> None:
        """Take them from him."""
        admin = self.admin
        needs = list(needs)
        for answer in admin.delete_acls([_binding(need, AclBindingFilter) for need in needs]).values():
            answer.result(timeout=30)
        until(lambda: self._held(admin).isdisjoint([_binding(need, AclBinding) for need in needs]))

    def _held(self, admin: AdminClient) -> set[AclBinding]:
        """What the broker knows of his rights by now: it hears of them a little later than the controller."""
        anything = AclBindingFilter(
            ResourceType.ANY, None, ResourcePatternType.ANY, f"User:{USER}", None, AclOperation.ANY, AclPermissionType.ANY
        )
        return set(admin.describe_acls(anything).result(timeout=30))

    def _settings(self) -> dict[str, str]:
        found = super()._settings()
        place = f",SASL_PLAINTEXT://{self.by_password}"
        return found | {
            "listeners": found["listeners"] + place,
            "advertised.listeners": found["advertised.listeners"] + place,
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }


def _binding(need: Need, kind: type) -> AclBinding:
    resource = ResourceType[need.resource.upper().replace("-", "_")]
    pattern = ResourcePatternType[need.pattern.upper()]
    return kind(resource, need.name, pattern, f"User:{USER}", "*", AclOperation[need.operation], AclPermissionType.ALLOW)


def rights_in_redis(commands: Collection[str] = COMMANDS, keys: str = "*") -> list[str]:
    """The words of ACL SETUSER for the user."""
    return ["ACL", "SETUSER", REDIS_USER, "reset", "on", f">{REDIS_PASSWORD}", f"~{keys}", *(f"+{command}" for command in commands)]
