"""From a record to what it tells the console. Nothing is refused: the console judges nobody, and what it cannot read it notes for its health page."""

from collections.abc import Callable, Mapping
from typing import Any

from schemas.catalogue import ACTIONS, AUDIT, RESULTS, SETTLEMENT_WAITING, TIMELINES, TYPES_BY_TOPIC, WARNINGS
from schemas.envelope import CloudEvent, read_event
from schemas.hospital import ClaimSubmitted
from schemas.topics import load_topics
from services.console.domain.claims import COMPONENTS, Claim, Told
from services.console.domain.records import AuditTold, LetterTold, NotUnderstood, TimelineTold, Waits
from services.console.domain.seen import Data, Seen
from services.console.domain.warnings import Acted, Said
from services.policy.hospitals import hospital_share
from services.policy.library import Policies
from services.runtime.letters import read_letter
from services.runtime.records import Record

LETTERS = tuple(name for name in load_topics() if name.endswith(".dlq"))
INPUTS = (TIMELINES, RESULTS, SETTLEMENT_WAITING, WARNINGS, ACTIONS, AUDIT, *LETTERS)

Reader = Callable[[Policies, Record], Data]


def see(policies: Policies, record: Record) -> Seen:
    """What `record` tells; whatever is wrong with it is told by its kind."""
    read = _READERS.get(record.topic, _letter)
    try:
        data = read(policies, record)
    except Exception as error:
        data = NotUnderstood(record.topic, record.offset, type(error).__name__)
    return Seen(record.partition, record.topic, record.offset, record.timestamp_ms, data)


def _event(record: Record) -> CloudEvent[Any]:
    types: Mapping[str, Any] = TYPES_BY_TOPIC[record.topic]
    return read_event(record.value, record.headers, types, bytes_max=None)


def _result(policies: Policies, record: Record) -> Told:
    result = _event(record).data
    claim = ClaimSubmitted.accepted(result.claim)
    paid = dict.fromkeys(COMPONENTS, 0)
    for component in result.components:
        paid[component.kind] += component.amount
    kept = Claim(
        region=result.region,
        year=result.year,
        sequence=result.sequence,
        revision=result.revision,
        first=claim.first_date.isoformat(),
        last=claim.date.isoformat(),
        visit=result.visit_type,
        category=result.category,
        reason="reversed" if result.outcome == "reversed" else result.reason,
        self_pay=result.self_pay,
        components=tuple(paid.values()),
        district=result.district,
        share=hospital_share(policies, result, claim),
    )
    return Told(result.person_id, claim.key, kept, result.delta, record.offset, dict(result.counters))


def _timeline(_: Policies, record: Record) -> TimelineTold:
    timeline = _event(record).data
    return TimelineTold(timeline.person_id, timeline.revision, record.offset)


def _waiting(_: Policies, record: Record) -> Waits:
    parts = (record.key or b"").decode().split("/")
    time = None if record.value is None else _event(record).data.time
    if len(parts) == 3:
        return Waits(parts[2], parts[0], parts[1], time)
    hospital, claim, person, region = parts
    return Waits(person, region, f"{hospital}/{claim}", time)


def _warning(_: Policies, record: Record) -> Said:
    event = _event(record)
    data = event.data
    return Said(
        warning_id=data.warning_id,
        number=int(event.id.rpartition("/")[2]),
        verb=event.type.split(".")[2],
        episode=data.episode,
        kind=data.kind,
        level=data.level,
        region=data.region,
        year=data.year,
        subject=data.subject,
        audience=tuple(data.audience),
        measure=(data.measure.name, data.measure.value),
        threshold=(data.threshold.name, data.threshold.value),
        time=event.time,
        offset=record.offset,
        at_ms=record.timestamp_ms,
    )


def _action(_: Policies, record: Record) -> Acted:
    event = _event(record)
    data = event.data
    return Acted(
        event_id=event.id,
        warning_id=data.warning_id,
        verb=event.type.split(".")[2],
        episode=data.episode,
        kind=data.kind,
        region=data.region,
        year=data.year,
        subject=data.subject,
        operator=data.operator,
        assignee=getattr(data, "assignee", None),
        comment=data.comment,
        time=event.time,
    )


def _audit(_: Policies, record: Record) -> AuditTold:
    event = _event(record)
    return AuditTold(event.type.split(".")[2], event.time, event.data.wire())


def _letter(_: Policies, record: Record) -> LetterTold:
    letter = read_letter(record)
    if letter is None:
        raise ValueError("no dead letter")
    data = letter.data
    return LetterTold(
        str(data.topic), data.reason, data.detail, letter.id, letter.service, record.topic, record.offset, record.timestamp_ms
    )


_READERS: Mapping[str, Reader] = {
    RESULTS: _result,
    TIMELINES: _timeline,
    SETTLEMENT_WAITING: _waiting,
    WARNINGS: _warning,
    ACTIONS: _action,
    AUDIT: _audit,
}
