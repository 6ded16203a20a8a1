"""What whoever reads and mends the ledger needs of Kafka: each work by the very topics that its module names. Not here: lanes (`runtime/needs.py`)."""

from collections.abc import Sequence

from schemas.catalogue import AUDIT
from services.ledger.dossiers.sources import LOOKED_INTO
from services.ledger.letters.resending import RESENT
from services.ledger.verify.fold import TOPICS
from services.runtime.letters import refusable
from services.runtime.needs import Needs, fencing, group, reading, topics, writing
from services.runtime.service import AnyService
from services.settlement.app import SettlementService


def explaining() -> Needs:
    """`medaid explain`."""
    return reading(LOOKED_INTO)


def verifying() -> Needs:
    """`medaid ledger verify`, which the console begins too: the ledger and what explains a booking, up to where settlement has committed."""
    return reading(TOPICS) | group(SettlementService.name, "DESCRIBE")


def mending() -> Needs:
    """`medaid dlq`: every dead letter, the audit, and the topics into which refused records are sent again."""
    return reading((*refusable().values(), AUDIT)) | writing((*RESENT, AUDIT))


def rebuilding(services: Sequence[AnyService]) -> Needs:
    """`medaid ledger rebuild`: each lane taken as its worker takes it, nothing written."""
    return reading((AUDIT,)).union(*map(_healing, services))


def _healing(service: AnyService) -> Needs:
    """State topics are read; of inputs it is asked where they begin and end, and how far they were read."""
    asked = topics(service.inputs, "DESCRIBE") | group(service.name, "DESCRIBE")
    return reading(service.state_topics) | asked | fencing(service.name)
