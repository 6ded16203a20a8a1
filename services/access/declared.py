"""Who needs what of Kafka: the services and whoever operates them, each derived from its own declarations."""

from collections.abc import Mapping, Sequence
from typing import Final

from schemas.catalogue import AUDIT, OURS
from schemas.topics import load_topics
from services.console import needs as console
from services.console.service import ConsoleService
from services.ledger.needs import explaining, exporting, mending, readjudicating, rebuilding, stating, trying, verifying
from services.ledger.services import all_services
from services.policy.library import load_policies
from services.runtime.needs import Needs, group, lanes, reading, topics, with_prefix, writing
from services.runtime.service import AnyService
from services.runtime.topics import topics_of

OPERATOR: Final = "operator"
AUDITOR: Final = "auditor"


def needs_of_all(prefix: str = "") -> Mapping[str, Needs]:
    """What each service and the operator's commands need, on a site whose topics, groups and transactional ids begin with `prefix`.

    Raises:
        PolicyError: A fault in the shipped policies or thresholds.
    """
    policies = load_policies()
    services = [*all_services(policies), ConsoleService(policies)]
    found = {service.name: lanes(service) for service in services} | {
        ConsoleService.name: console.needs(policies),
        OPERATOR: operating(services),
        AUDITOR: auditing(),
    }
    return {name: with_prefix(needs, prefix) for name, needs in found.items()}


def operating(services: Sequence[AnyService]) -> Needs:
    """What the commands need that an operator types: topics, lanes, dlq, ledger, explain, readjudicate, reform, year."""
    ledger = verifying() | rebuilding(services) | explaining() | readjudicating() | trying() | stating()
    return creating() | ruling(services) | mending() | ledger


def auditing() -> Needs:
    """What looks at everything and changes nothing: ledger verify, explain, reform, year; and person export, which the audit is told of."""
    return verifying() | explaining() | trying() | stating() | exporting()


def creating() -> Needs:
    """`medaid topics create`."""
    return topics(load_topics(), "CREATE", "DESCRIBE", "DESCRIBE_CONFIGS")


def ruling(services: Sequence[AnyService]) -> Needs:
    """`medaid lanes`: where lanes stand, how topics are set, a look at a record to be skipped, a ruling told."""
    standing = topics({topic for service in services for topic in service.inputs}, "DESCRIBE")
    settings = topics({topic for service in services for topic in topics_of(service.name, load_topics())}, "DESCRIBE", "DESCRIBE_CONFIGS")
    return standing.union(settings, reading((*OURS, AUDIT)), writing((AUDIT,)), *(group(service.name, "DESCRIBE") for service in services))
