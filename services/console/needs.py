"""What the console needs of Kafka: its lanes, and what its pages do besides."""

from schemas.catalogue import ACTIONS, AUDIT
from services.console.neighbours import neighbours
from services.console.service import ConsoleService
from services.ledger.letters.resending import RESENT
from services.ledger.needs import trying, verifying
from services.policy.library import Policies
from services.runtime.needs import Needs, group, lanes, reading, writing


def needs(policies: Policies) -> Needs:
    """Lanes; how far every service is, and how old the next record that it will read; actions, audit and mended records sent; the ledger verified, and other
    policies tried on it.

    Raises:
        PolicyError: A fault in the shipped thresholds.
    """
    inputs = neighbours(policies).inputs
    paces = reading(topic for topics in inputs.values() for topic in topics).union(*(group(service, "DESCRIBE") for service in inputs))
    return lanes(ConsoleService(policies)) | paces | writing((ACTIONS, AUDIT, *RESENT)) | verifying() | trying()
