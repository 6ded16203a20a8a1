"""What whoever reads and mends the ledger needs of Kafka: each work by the very topics that its module names. Not here: lanes (`runtime/needs.py`)."""

from collections.abc import Sequence

from schemas.catalogue import AUDIT, OPERATOR_EVENTS
from services.ledger.dossiers.sources import LOOKED_INTO
from services.ledger.letters.resending import RESENT
from services.ledger.persons.whose import reading_order
from services.ledger.reform.sources import READ as READ_BY_LABORATORY
from services.ledger.statements.sources import READ
from services.ledger.verify.fold import FOLDED, TOPICS
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


def readjudicating() -> Needs:
    """`medaid readjudicate`: the ledger, what was asked for before, the requests, and the audit."""
    return reading((*FOLDED, OPERATOR_EVENTS, AUDIT)) | writing((OPERATOR_EVENTS, AUDIT)) | group(SettlementService.name, "DESCRIBE")


def trying() -> Needs:
    """`medaid reform`, which the console begins too: the ledger, up to where settlement has committed, and what operators have ruled about its records."""
    return reading(READ_BY_LABORATORY) | group(SettlementService.name, "DESCRIBE")


def stating() -> Needs:
    """`medaid year`: results, warnings, and operators' rulings about them."""
    return reading((*READ, AUDIT))


def exporting() -> Needs:
    """`medaid person export`: every topic, and the audit, which is told first."""
    return reading(reading_order()) | writing((AUDIT,))


def rebuilding(services: Sequence[AnyService]) -> Needs:
    """`medaid ledger rebuild`: each lane taken as its worker takes it, nothing written."""
    return reading((AUDIT,)).union(*map(_healing, services))


def _healing(service: AnyService) -> Needs:
    """State topics are read; of inputs it is asked where they begin and end, and how far they were read."""
    asked = topics(service.inputs, "DESCRIBE") | group(service.name, "DESCRIBE")
    return reading(service.state_topics) | asked | fencing(service.name)
