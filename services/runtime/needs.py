"""Which rights a process needs of Kafka: pure data, derived from what it declares to read and write.

In: topics and groups, by their names without prefix. Out: `Need`s; `with_prefix` makes them those of a site. Promise: whoever has just these rights is
refused nothing, and each is used. What Kafka's own authorizer lets follow from another right (DESCRIBE from READ or WRITE) is named all the same, for
others do not. No right to the cluster is among them: an idempotent producer needs none since Kafka 3.0. Not here: who needs what
(`services/access/declared.py`), ACLs (`services/access/`).
"""

from collections.abc import Collection, Iterable
from typing import Literal, NamedTuple

from schemas.catalogue import AUDIT
from schemas.topics import load_topics
from services.runtime.kafka.writer import transactional_ids
from services.runtime.service import AnyService
from services.runtime.topics import topics_of

Resource = Literal["topic", "group", "transactional-id"]
Pattern = Literal["literal", "prefixed"]
Operation = Literal["READ", "WRITE", "CREATE", "DESCRIBE", "DESCRIBE_CONFIGS"]


class Need(NamedTuple):
    """One right: `operation` on the resource called `name`, or on all whose names begin so (`prefixed`)."""

    resource: Resource
    name: str
    pattern: Pattern
    operation: Operation

    def __str__(self) -> str:
        return f"{self.operation} {self.resource} {self.name}{'*' if self.pattern == 'prefixed' else ''}"


Needs = frozenset[Need]


def topics(names: Iterable[str], *operations: Operation) -> Needs:
    """These rights on each topic."""
    return frozenset(Need("topic", name, "literal", operation) for name in names for operation in operations)


def reading(names: Iterable[str]) -> Needs:
    """To read topics, and look where they begin and end."""
    return topics(names, "READ", "DESCRIBE")


def writing(names: Iterable[str]) -> Needs:
    """To write topics."""
    return topics(names, "WRITE", "DESCRIBE")


def group(name: str, *operations: Operation) -> Needs:
    """These rights on a consumer group: READ to be in it and to commit, DESCRIBE to ask what it has committed."""
    return frozenset(Need("group", name, "literal", operation) for operation in operations)


def fencing(service: str) -> Needs:
    """To be the producer of any lane of `service`, however many there are, or to fence one."""
    operations: Collection[Operation] = ("WRITE", "DESCRIBE")
    return frozenset(Need("transactional-id", transactional_ids(service), "prefixed", operation) for operation in operations)


def written_by(name: str) -> frozenset[str]:
    """The topics of which `schemas/topics.yaml` says that `name` writes them."""
    return frozenset(topic for topic, described in load_topics().items() if name in described.writers)


def looked_at(service: AnyService, outputs: Iterable[str]) -> frozenset[str]:
    """The topics whose partitions and settings a service looks at when it starts; `outputs` are those that it writes, perhaps with others."""
    rerouted = () if service.rerouted is None else (service.rerouted,)
    return frozenset((*service.inputs, *service.state_topics, *outputs, *rerouted, AUDIT))


def lanes(service: AnyService) -> Needs:
    """What the lanes of `service` need: inputs, the topics that their view heals from, operators' rulings, outputs, group, transactional ids."""
    return (
        reading((*service.inputs, *service.state_topics, AUDIT))
        | writing(written_by(service.name))
        | topics(looked_at(service, topics_of(service.name, load_topics())), "DESCRIBE", "DESCRIBE_CONFIGS")
        | group(service.name, "READ", "DESCRIBE")
        | fencing(service.name)
    )


def with_prefix(needs: Needs, prefix: str) -> Needs:
    """The same on a site whose topics, groups and transactional ids begin with `prefix` (MEDAID_PREFIX)."""
    return frozenset(need._replace(name=prefix + need.name) for need in needs)
