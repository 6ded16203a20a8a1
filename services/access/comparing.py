"""What Kafka has held against what is planned: what is missing, what is surplus, and who else may write where medaid alone should.

A principal is managed when something is planned for it, or when it is named as a former one. Entries of others are never touched.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple

from services.runtime.kafka.acls import Acl

CHANGING: Final = frozenset({"ALL", "WRITE", "DELETE", "ALTER", "ALTER_CONFIGS", "CREATE"})
"""What lets somebody change a topic or act as a lane."""


class Differences(NamedTuple):
    """Each sorted.

    Attributes:
        missing: Planned, and not there.
        surplus: There, of a managed principal, and not planned.
        strange: There, of another principal, and lets it change what is ours.
    """

    missing: Sequence[Acl]
    surplus: Sequence[Acl]
    strange: Sequence[Acl]


def differences(planned: Collection[Acl], found: Collection[Acl], former: Collection[str] = ()) -> Differences:
    """How what is found differs from what is planned; `former`: users for whom nothing is planned any more."""
    managed = {acl.principal for acl in planned} | {f"User:{user}" for user in former}
    own = {acl for acl in found if acl.principal in managed}
    return Differences(
        sorted(set(planned) - own), sorted(own - set(planned)), sorted(_strange(planned, [acl for acl in found if acl not in own]))
    )


def _strange(planned: Collection[Acl], others: Collection[Acl]) -> Iterator[Acl]:
    """Of topics and of lanes."""
    ours = {(acl.resource, acl.name) for acl in planned if acl.resource != "group"}
    for acl in others:
        if acl.permission == "allow" and acl.operation in CHANGING and any(_covers(acl, *one) for one in ours):
            yield acl


def _covers(acl: Acl, resource: str, name: str) -> bool:
    """Whether an entry speaks of a resource of ours; of lanes' transactional ids, ours is what they begin with."""
    if acl.resource != resource:
        return False
    if resource == "transactional-id" and acl.name.startswith(name):
        return True
    return name.startswith(acl.name) if acl.pattern == "prefixed" else acl.name in (name, "*")
