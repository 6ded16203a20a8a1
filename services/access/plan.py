"""The access control lists that a site should have: each service, the operator and each publisher exactly what it needs, and nobody else anything.

In: who is who at Kafka, the publishers. Out: entries, in one order. Not here: what Kafka has (`comparing.py`), a plan as text (`writing.py`).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from services.access.declared import needs_of_all
from services.runtime.kafka.acls import Acl
from services.runtime.needs import Needs, with_prefix, writing
from services.runtime.publishers import Publisher, kafka_user

SERVICES: Final = ("identity", "settlement", "monitoring", "console", "operator", "auditor")
USERS: Final[Mapping[str, str]] = {name: f"medaid-{name}" for name in SERVICES}
"""Who is who at Kafka unless a site says otherwise."""


def users_in(text: str) -> Mapping[str, str]:
    """The Kafka user of each service, from `service=user` by semicolons (a certificate's subject has commas); the others as they are by default.

    Raises:
        ValueError: What was expected instead.
    """
    users = dict(USERS)
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, _, user = part.partition("=")
        if name not in users:
            raise ValueError(f"service=user by semicolons, service one of {', '.join(SERVICES)}")
        users[name] = kafka_user(user.strip())
    return users


def plan(users: Mapping[str, str], publishers: Iterable[Publisher], prefix: str) -> Sequence[Acl]:
    """Every entry, sorted; `prefix` stands before each topic, group and transactional id.

    Raises:
        PolicyError: A fault in the shipped policies or thresholds.
    """
    rights = [(users[who], needs) for who, needs in needs_of_all(prefix).items()]
    rights += [(one.kafka_user, with_prefix(writing(one.topics), prefix)) for one in publishers if one.kafka_user]
    return sorted({acl for user, needs in rights for acl in _acls(f"User:{user}", needs)})


def _acls(principal: str, needs: Needs) -> Iterable[Acl]:
    return (Acl(principal, *need) for need in needs)
