"""From a record to an observation. Our own topics are validated like any other's; of a dead letter only a refused duplicate has consequences."""

from collections.abc import Mapping
from typing import Any

import orjson

from schemas.catalogue import (
    ACTION_TYPES,
    ACTIONS,
    CLAIM_TYPES,
    CLAIMS,
    RESULTS,
    SETTLEMENT_WAITING,
    TIMELINES,
    TYPES_BY_TOPIC,
    dead_letters_of,
)
from schemas.deadletters import DeadLetter, original
from schemas.envelope import VALUE_BYTES_MAX, CloudEvent, read_event
from schemas.hospital import ClaimReversed, ClaimSubmitted, check_dates
from schemas.identity import TimelineUpdated
from schemas.monitoring import WarningAction, WarningClosed
from schemas.settlement import SettlementResult, WaitingReversal, YearBehind
from schemas.times import local_day
from services.monitoring.domain.observed import Closed, Nothing, Observation
from services.monitoring.domain.observing import conflict, settled, status_known, waits
from services.monitoring.domain.warnings import CLOSED_BY_OPERATORS
from services.policy.declared import own_codes
from services.policy.library import Policies
from services.runtime.errors import Refused
from services.runtime.records import Record

CONSOLE = "/medaid/console"
"""The source of operators' actions: it alone knows who is logged in."""

REFUSED_CLAIMS = dead_letters_of(CLAIMS)
NOTHING = Observation(Nothing(), "", {})


def observe(policies: Policies, record: Record) -> Observation:
    """What `record` tells.

    Raises:
        Refused: A result, timeline, waiting reversal, share or action that is none; a dead letter never.
    """
    if record.topic == REFUSED_CLAIMS:
        return _refused_claim(policies, record)
    if record.topic == ACTIONS:
        return _action(policies, record)
    if record.topic == SETTLEMENT_WAITING and record.value is None:
        return NOTHING
    types: Mapping[str, Any] = TYPES_BY_TOPIC[record.topic]
    event: CloudEvent[Any] = read_event(record.value, record.headers, types, bytes_max=None)
    if record.topic == RESULTS:
        return _result(policies, event)
    if record.topic == TIMELINES:
        return _timeline(event)
    if record.topic == SETTLEMENT_WAITING:  # of a year that waits operators hear by its letter, and on the console
        return NOTHING if isinstance(event.data, YearBehind) else _waiting(policies, event)
    return Observation(event.data, event.time, event.data.caused_by.wire())


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


def _waiting(policies: Policies, event: CloudEvent[WaitingReversal]) -> Observation:
    try:
        seen = waits(policies, event.data)
    except ValueError:
        raise Refused("invalid_event", "data.reversal", "the reversal as settlement accepted it, and its time") from None
    return NOTHING if seen is None else Observation(seen, event.time, event.data.caused_by.wire())


def _action(policies: Policies, record: Record) -> Observation:
    """What an operator did; of no consequence here unless he closed a warning of a kind that operators close.

    Raises:
        Refused: It is no action of the console's in a region that has a policy; `processing_failed` where that region's files have faults.
    """
    types: Mapping[str, Any] = ACTION_TYPES
    event: CloudEvent[WarningAction] = read_event(record.value, record.headers, types, VALUE_BYTES_MAX)
    if lacking := policies.lacking(event.data.region):
        raise Refused(lacking[0], "data.region", lacking[1])
    if event.source != CONSOLE:
        raise Refused("source_mismatch", "source", CONSOLE)
    data = event.data
    if not isinstance(data, WarningClosed) or data.kind not in CLOSED_BY_OPERATORS:
        return NOTHING
    return Observation(Closed(data.subject, data.warning_id, data.episode, data.operator), event.time, event.cause)


def _refused_claim(policies: Policies, record: Record) -> Observation:
    """The refused duplicate in a dead letter; nothing where it is none, or cannot be read: a dead letter of a dead letter helps nobody."""
    try:
        # Not `read_event`: a letter holds a whole record and more, so that it may be larger than any record that is accepted.
        letter = DeadLetter.model_validate(orjson.loads(record.value or b"")["data"], extra="ignore")
        if letter.reason != "conflicting_duplicate" or letter.payload is None or letter.partition is None:
            return NOTHING
        headers = tuple((header.name, original(header.value, header.encoding)) for header in letter.headers)
        types: Mapping[str, Any] = CLAIM_TYPES
        value = original(letter.payload, letter.payload_encoding)
        own = own_codes(policies.current)
        event: CloudEvent[ClaimSubmitted | ClaimReversed] = read_event(value, headers, types, bytes_max=None, own=own)
        if isinstance(event.data, ClaimSubmitted):
            check_dates(event.data, local_day(event.time_ns), own)
    except (LookupError, TypeError, ValueError, Refused):
        return NOTHING
    if event.data.region not in policies.current:
        return NOTHING
    return Observation(conflict(policies, event.data, event.time_ns, letter.partition, letter.offset), event.time, event.cause)
