"""The rights that the services need of Kafka, one by one: a line a resource."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from services.doctor.cluster import Cluster
from services.doctor.findings import Finding, fail, ok
from services.doctor.site import Site
from services.runtime.kafka.rights import missing, principal_of
from services.runtime.needs import Need

_OPTION: Final = {"topic": "--topic", "group": "--group", "transactional-id": "--transactional-id"}
_KIND: Final = {"topic": "topic", "group": "group", "transactional-id": "transactional.id"}


async def rights(site: Site, cluster: Cluster) -> Sequence[Finding]:
    """Whether Kafka gives us what we need of each topic, group and transactional id; of topics that are not there nothing is said."""
    needs = frozenset(need for need in site.needs if need.name not in cluster.missing)
    lacking = await missing(cluster.connection, needs, lanes_of(cluster))
    grouped: defaultdict[tuple[str, str, str], list[Need]] = defaultdict(list)
    for need in sorted(needs):
        grouped[need.resource, need.name, need.pattern].append(need)
    who = principal_of(site.settings)
    return [_finding(who, one, [need for need in one if need in lacking]) for one in grouped.values()]


def lanes_of(cluster: Cluster) -> int:
    """How many lanes there are, as far as topics tell."""
    return max((len(partitions) for partitions in cluster.topics.values()), default=1)


def _finding(who: str, needs: Sequence[Need], lacking: Sequence[Need]) -> Finding:
    first = needs[0]
    check = f"kafka.right.{_KIND[first.resource]}"
    resource = f"{first.resource} {first.name}{'*' if first.pattern == 'prefixed' else ''}"
    if not lacking:
        return ok(check, f"{', '.join(need.operation for need in needs)} on {resource}")
    operations = [need.operation for need in lacking]
    pattern = " --resource-pattern-type prefixed" if first.pattern == "prefixed" else ""
    given = f"--add --allow-principal {who} {' '.join(f'--operation {operation}' for operation in operations)}"
    mend = f"`medaid access apply`, or kafka-acls.sh --bootstrap-server HOST:PORT {given} {_OPTION[first.resource]} {first.name}{pattern}"
    return fail(check, f"{who} may not {', '.join(operations)} on {resource}", mend)
