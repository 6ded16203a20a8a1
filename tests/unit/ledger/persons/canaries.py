"""A record about a canary, and one about somebody else, for every example of every topic."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from schemas.catalogue import CLAIMS, IDENTITY_EVENTS, IDENTITY_REROUTED, SETTLEMENT_REROUTED
from schemas.refusal import Refused
from schemas.topics import load_topics
from services.runtime.deadletters import letter_value
from services.runtime.records import Record
from tests.contract.examples import bytes_of

CANARY, OTHER = "CANARY-7741", "SOMEBODY-ELSE-9"
PERSON = re.compile(rb"P[0-9]{6}-[0-9]{4}|P-ZHANG-0042|P-9\b|3205990000000017")
OF_NOBODY = {
    "console.audit.logged_in.v1/by_file",
    "console.audit.logged_out.v1/by_hand",
    "console.audit.refused.v1/wrong_password",
    "console.audit.refused.v1/not_his_role",
    "console.audit.unmasked.v1/evidence",
    "console.audit.loss_accepted.v1/claims",
    "console.audit.record_skipped.v1/foreign_result",
    "console.audit.readjudication_asked.v1/limit_corrected",
    "console.audit.policy_tried.v1/rate_raised",
    "console.audit.verifying.v1/begun",
    "console.audit.verified.v1/no_difference",
    "monitoring.action.closed.v1/of_a_hospital",
    "deadletter.v1/broken_share",
    "deadletter.v1/broken_result",
    "deadletter.v1/broken_waiting",
}
"""About no person, or so broken that nobody can tell about whom."""


class Planted(NamedTuple):
    """A value for a topic, and whose it is; "" of nobody."""

    topic: str
    name: str
    person: str
    value: bytes


def planted() -> Iterator[Planted]:
    """Of each example one about each of them; the other's claims and letters have other numbers."""
    for topic, described in load_topics().items():
        for kind, event in described.events.items():
            for name in event.examples:
                yield from _both(topic, f"{kind}/{name}", bytes_of(f"{kind}/{name}")[0])
    yield from _both(SETTLEMENT_REROUTED, "copy", bytes_of("hospital.claim.submitted.v1/inpatient")[0])
    yield from _both(IDENTITY_REROUTED, "copy", bytes_of("identity.status.granted.v1/extreme_poverty")[0])
    letter = bytes_of("deadletter.v1/invalid_amounts")[0]
    for found in _both(f"{CLAIMS}.dlq", "letter", letter):
        refused = Record(f"{CLAIMS}.dlq", 0, 5, None, found.value)
        yield found._replace(
            topic=f"{CLAIMS}.dlq.dlq", value=letter_value("monitoring", refused, Refused("invalid_event", "$", "an event"), refused.topic)
        )


def _both(topic: str, name: str, example: bytes) -> Iterator[Planted]:
    if name in OF_NOBODY:
        yield Planted(topic, name, "", example)
        return
    yield Planted(topic, name, CANARY, _about(CANARY, example))
    yield Planted(
        topic, name, OTHER, _about(OTHER, example).replace(b"S-2025", b"S-1999").replace(b"hospital.claims.v1/0/", b"hospital.claims.v1/9/")
    )


def _about(person: str, example: bytes) -> bytes:
    """An example about another person; of one in base64 what is in it."""
    if b'"payload_encoding": "base64"' in example:
        refused = Record(IDENTITY_EVENTS, 0, 8, None, b'\xff{"person_id": "%b"' % person.encode())
        return letter_value("identity", refused, Refused("malformed_json", "value", "UTF-8"), refused.topic)
    return PERSON.sub(person.encode(), example)
