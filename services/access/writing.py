"""A plan as text: arguments of kafka-acls.sh, a line an entry; or Strimzi's KafkaUsers. The same plan gives the same bytes."""

import re
import shlex
from collections.abc import Iterable
from itertools import groupby
from typing import Any, Final

import yaml

from services.runtime.kafka.acls import Acl

STRIMZI: Final = "kafka.strimzi.io/v1"
_NAME: Final = re.compile(r"(?P<tls>CN=)?(?P<name>[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)")


def arguments(acl: Acl) -> str:
    """An entry as kafka-acls.sh takes it behind `--add` or `--remove`, quoted as a shell reads it."""
    words = [f"--{acl.permission}-principal", acl.principal]
    words += [] if acl.host == "*" else [f"--{acl.permission}-host", acl.host]
    words += ["--operation", _camel(acl.operation)]
    words += ["--cluster"] if acl.resource == "cluster" else [_option(acl.resource), acl.name]
    return shlex.join([*words, "--resource-pattern-type", acl.pattern])


def as_arguments(plan: Iterable[Acl]) -> str:
    """A plan, a line an entry, to be given to kafka-acls.sh."""
    return "".join(f"--add --force {arguments(acl)}\n" for acl in plan)


def as_strimzi(plan: Iterable[Acl], cluster: str) -> str:
    """A plan as KafkaUsers of the Kafka called `cluster`, one document a user: by SCRAM, or by a certificate of Strimzi's where the user is CN=….

    Raises:
        ValueError: A user that Strimzi cannot have; its text says which.
    """
    users = [(principal.removeprefix("User:"), list(acls)) for principal, acls in groupby(plan, key=lambda acl: acl.principal)]
    found = [_NAME.fullmatch(user) for user, _ in users]
    for (user, _), match in zip(users, found, strict=True):
        if match is None:
            raise ValueError(f"{user}: Strimzi names users by a-z, 0-9, - and ., or CN= and such a name")
    names = [match["name"] for match in found if match]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"{min(twice)}: Strimzi cannot have this user with and without CN=")
    documents = [_user(match["name"], bool(match["tls"]), acls, cluster) for match, (_, acls) in zip(found, users, strict=True) if match]
    return yaml.safe_dump_all(documents, sort_keys=False, explicit_start=True, allow_unicode=True, width=1000)


def _user(name: str, by_certificate: bool, acls: Iterable[Acl], cluster: str) -> dict[str, Any]:
    rules = [
        {
            "resource": _resource(resource, name, pattern),
            "operations": [_camel(acl.operation) for acl in some],
            "host": "*",
            "type": "allow",
        }
        for (resource, name, pattern), some in groupby(acls, key=lambda acl: (acl.resource, acl.name, acl.pattern))
    ]
    return {
        "apiVersion": STRIMZI,
        "kind": "KafkaUser",
        "metadata": {"name": name, "labels": {"strimzi.io/cluster": cluster}},
        "spec": {
            "authentication": {"type": "tls" if by_certificate else "scram-sha-512"},
            "authorization": {"type": "simple", "acls": rules},
        },
    }


def _resource(resource: str, name: str, pattern: str) -> dict[str, str]:
    first, *rest = resource.split("-")
    kind = first + "".join(word.capitalize() for word in rest)
    return {"type": kind, "name": name, "patternType": "prefix" if pattern == "prefixed" else pattern}


def _camel(operation: str) -> str:
    """DescribeConfigs for DESCRIBE_CONFIGS."""
    return "".join(word.capitalize() for word in operation.split("_"))


def _option(resource: str) -> str:
    return "--user-principal" if resource == "user" else f"--{resource}"
