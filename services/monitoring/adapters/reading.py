"""From a record to an observation. Our own topics are validated like any other's; of a dead letter only a refused duplicate has consequences."""

import base64

import orjson
from pydantic import ValidationError

from schemas.catalogue import CLAIM_TYPES, CLAIMS, HOSPITAL_SHARES, RESULT_TYPES, TIMELINES, TYPES_BY_TOPIC, dead_letters_of
from schemas.deadletters import DeadLetter
from schemas.envelope import CloudEvent, read_event
from schemas.hospital import ClaimReversed, ClaimSubmitted, check_dates
from schemas.identity import TimelineUpdated
from schemas.monitoring import HospitalShare
from schemas.settlement import SettlementResult
from schemas.times import local_day
from services.monitoring.domain.observed import Nothing, Observation, conflict, settled, status_known
from services.policy.library import Policies
from services.runtime.errors import Refused
from services.runtime.records import Record

REFUSED_CLAIMS = dead_letters_of(CLAIMS)
NOTHING = Observation(Nothing(), "", {})


def observe(policies: Policies, record: Record) -> Observation:
    """What `record` tells.

    Raises:
        Refused: A result, timeline or share that is none; a dead letter never.
    """
    match record.topic:
        case topic if topic == REFUSED_CLAIMS:
            return _refused_claim(policies, record)
        case topic if topic == TIMELINES:
            return _timeline(read_event(record.value, record.headers, TYPES_BY_TOPIC[TIMELINES]))
        case topic if topic == HOSPITAL_SHARES:
            return _share(read_event(record.value, record.headers, TYPES_BY_TOPIC[HOSPITAL_SHARES]))
        case _:
            return _result(policies, read_event(record.value, record.headers, RESULT_TYPES))


def _result(policies: Policies, event: CloudEvent[SettlementResult]) -> Observation:
    try:
        return Observation(settled(policies, event.type, event.data), event.time, event.data.caused_by.wire())
    except ValueError:  # pydantic's ValidationError is one too
        raise Refused("invalid_event", "data.claim", "the claim as settlement accepted it") from None


def _timeline(event: CloudEvent[TimelineUpdated]) -> Observation:
    try:
        newest = event.data.events[-1]
        return Observation(status_known(event.data), event.time, {"source": newest.source, "id": newest.id})
    except (LookupError, ValueError):
        raise Refused("invalid_event", "data.events", "the accepted events that the timeline follows from, at least one") from None


def _share(event: CloudEvent[HospitalShare]) -> Observation:
    return Observation(event.data, event.time, event.data.caused_by.wire())


def _refused_claim(policies: Policies, record: Record) -> Observation:
    """The refused duplicate in a dead letter; nothing where it is none, or cannot be read: a dead letter of a dead letter helps nobody."""
    try:
        # Not `read_event`: a letter holds a whole record and more, so that it may be larger than any record that is accepted.
        letter = DeadLetter.model_validate(orjson.loads(record.value or b"")["data"])
        if letter.reason != "conflicting_duplicate" or letter.payload is None:
            return NOTHING
        headers = tuple((header.name, _bytes(header.value, header.encoding)) for header in letter.headers)
        event: CloudEvent[ClaimSubmitted | ClaimReversed] = read_event(_bytes(letter.payload, letter.payload_encoding), headers, CLAIM_TYPES)
        if isinstance(event.data, ClaimSubmitted):
            check_dates(event.data, local_day(event.time_ns))
    except (orjson.JSONDecodeError, LookupError, TypeError, ValidationError, ValueError, Refused):
        return NOTHING
    if event.data.region not in policies.current:
        return NOTHING
    return Observation(conflict(policies, event.data, event.time_ns), event.time, event.cause)


def _bytes(text: str, encoding: str | None) -> bytes:
    """What a dead letter holds as text or base64."""
    return base64.b64decode(text, validate=True) if encoding == "base64" else text.encode()
