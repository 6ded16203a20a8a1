"""Everything else that the console takes in: timelines, reversals that wait, dead letters, its own audit, and what it could not take in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.console.domain import index, places
from services.console.domain.claims import Told, from_row
from services.console.domain.desk import Desk

PROPOSALS_MAX = 16
"""Of a letter; whoever wants to send an older one proposes it again."""


@dataclass(frozen=True, slots=True)
class TimelineTold:
    """Where a person's newest timeline lies."""

    person_id: str
    revision: int
    offset: int


@dataclass(frozen=True, slots=True)
class Waits:
    """A reversal that waits for its claim, or a year (its `key`) that waits to be settled anew; with `time` None it no longer does."""

    person_id: str
    region: str
    key: str
    time: str | None = None

    @property
    def field(self) -> str:
        """Where the person's document says in which slot it stands."""
        return f"r:{self.region}/{self.key}"


@dataclass(frozen=True, slots=True)
class LetterTold:
    """A dead letter: of which topic and reason, and where it lies itself."""

    topic: str
    reason: str
    detail: str
    letter_id: str
    service: str
    own_topic: str
    offset: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class AuditTold:
    """An event of the audit: its verb, time and data."""

    verb: str
    time: str
    data: Mapping[str, Any]

    @property
    def letter(self) -> str | None:
        """The dead letter whose record somebody proposed to send, or sent."""
        return self.data["letter"] if self.verb in ("proposed", "replayed") else None


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A record that is none of what its topic carries; `why` is the kind of error, never its text."""

    topic: str
    offset: int
    why: str


def know_timeline(desk: Desk, lane: int, told: TimelineTold) -> None:
    """Keep where the timeline lies, unless a newer one is known."""
    document = places.person(lane, told.person_id)
    known = desk.get(document, "t")
    if known is None or known[0] < told.revision:
        desk.put(document, "t", [told.revision, told.offset])


def wait(desk: Desk, lane: int, waits: Waits) -> None:
    """List what waits, or strike it off; a reversal whose claim is reversed already waits no longer, whichever topic is read first."""
    document = places.person(lane, waits.person_id)
    stands = desk.get(document, waits.field) is not None
    row = desk.get(document, f"c:{waits.key}")
    claim = None if row is None else from_row(row)
    is_over = claim is not None and claim.region == waits.region and claim.is_reversed
    if waits.time is None or is_over:
        if stands:
            index.remove(desk, lane, places.heads(lane, places.WAITING), (document, waits.field))
    elif not stands:
        entry = {"person_id": waits.person_id, "region": waits.region, "key": waits.key, "time": waits.time}
        index.add(desk, lane, places.heads(lane, places.WAITING), places.WAITING, (document, waits.field), entry)


def end_waiting(desk: Desk, lane: int, told: Told) -> None:
    """A reversed claim ends the waiting of its reversal; after its topic was compacted nobody else may say so."""
    if told.claim.is_reversed:
        wait(desk, lane, Waits(told.person_id, told.claim.region, told.key))


def file_letter(desk: Desk, lane: int, told: LetterTold) -> None:
    """Count a dead letter, and keep where it lies among the newest of its topic and reason."""
    name = f"{told.topic}|{told.reason}"
    count, _ = desk.get(places.letters(lane), name) or (0, 0)
    desk.put(places.letters(lane), name, [count + 1, told.at_ms])
    entry = {"id": told.letter_id, "detail": told.detail, "service": told.service, "at_ms": told.at_ms}
    index.push(desk, places.ring(lane, name), {**entry, "topic": told.own_topic, "offset": told.offset})


def audit(desk: Desk, lane: int, told: AuditTold) -> None:
    """Keep an event of the audit among the newest, a verification of the ledger besides."""
    index.push(desk, places.ring(lane, "audit"), {"verb": told.verb, "time": told.time, **told.data})
    if told.letter is not None:
        _keep_mending(desk, places.mending(lane, told.letter), told)
    if told.verb == "verified":
        desk.put(places.last(lane), "verified", {"time": told.time, **told.data})


def _keep_mending(desk: Desk, document: str, told: AuditTold) -> None:
    """Keep the first replay of a letter, which stands, and its newest proposals; in their order."""
    known = desk.get(document, "told") or []
    replays = [event for event in known if event["verb"] == "replayed"]
    proposals = [event for event in known if event["verb"] == "proposed"]
    event = {"verb": told.verb, "time": told.time, **told.data}
    (replays if told.verb == "replayed" else proposals).append(event)
    desk.put(document, "told", [*replays[:1], *proposals[-PROPOSALS_MAX:]])


def note(desk: Desk, lane: int, told: NotUnderstood) -> None:
    """Keep what could not be taken in: the health page tells it."""
    index.push(desk, places.ring(lane, "not_understood"), {"topic": told.topic, "offset": told.offset, "why": told.why})
