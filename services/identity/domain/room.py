"""How much of a person's timeline an agency may fill. A timeline is one record with all events of its person, from all cities, so that it has an end.

In: accepted events. Out: whether one more has room. Promise: each agency of each city has rooms of its own, apart by purpose: whatever others send
takes nothing from them, nor do an agency's voids from its grants, or its grants from its losses and deaths. Beside them is a room that all share,
first come, first served. A redelivery takes none. Not here: what an event does (`services/policy/timeline.py`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, assert_never

import orjson

from schemas.identity import ApplicationApproved, EventVoided, StatusChanged, StatusGranted, StatusRevoked
from services.policy.standing import StatusData, StatusEvent
from services.runtime.errors import Refused

Purpose = Literal["grants", "voids", "losses", "deaths"]

TIMELINE_BYTES_MAX: Final = 7_680 * 1024
"""Of all events of a person; their topic takes a little more (`max_message_bytes` in `schemas/topics.yaml`)."""

SHARED_BYTES: Final = 2_048 * 1024
"""What nobody is promised: thousands of events of a person about whom an agency writes much."""

OWN_BYTES: Final[Mapping[Purpose, int]] = {"grants": 64 * 1024, "voids": 16 * 1024, "losses": 32 * 1024, "deaths": 16 * 1024}
"""What each agency is promised: some 90 grants or changes, 50 voids, 100 revocations and 50 deaths of usual length."""

DERIVED_BYTES: Final = 384
"""What a grant, change or application adds to a timeline beside itself, at most: an interval or application, made of codes and days."""


def told(event: StatusEvent) -> dict[str, Any]:
    """An accepted event as timelines carry it."""
    return {"source": event.source, "id": event.id, "type": event.type, "time": event.time, "data": event.data.wire()}


@dataclass(frozen=True, slots=True)
class Room:
    """How many bytes of a person's timeline each source has filled, by purpose."""

    filled: Mapping[tuple[str, Purpose], int] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[StatusEvent]) -> "Room":
        """What accepted events fill."""
        filled: dict[tuple[str, Purpose], int] = {}
        for event in events:
            place = (event.source, _purpose(event.data))
            filled[place] = filled.get(place, 0) + _size(event)
        return cls(filled)

    def take(self, event: StatusEvent, agencies: int) -> "Room":
        """The room with `event` in it, on a site with so many agencies in all its regions.

        Raises:
            Refused: `too_large`.
        """
        place = (event.source, _purpose(event.data))
        room = Room({**self.filled, place: self.filled.get(place, 0) + _size(event)})
        own = own_bytes(agencies)
        shared = sum(max(0, taken - own[purpose]) for (_, purpose), taken in room.filled.items())
        fits = room.filled[place] <= own[place[1]] or shared <= SHARED_BYTES
        if not fits or sum(room.filled.values()) > TIMELINE_BYTES_MAX:
            raise Refused("too_large", "data", _expected(place[1], self.filled.get(place, 0), own[place[1]]))
        return room


def own_bytes(agencies: int) -> Mapping[Purpose, int]:
    """What each agency is promised on a site with so many: less where a timeline could not hold it for all of them."""
    fair = (TIMELINE_BYTES_MAX - SHARED_BYTES) // agencies
    whole = sum(OWN_BYTES.values())
    return {purpose: min(size, size * fair // whole) for purpose, size in OWN_BYTES.items()}


def _purpose(data: StatusData) -> Purpose:
    match data:
        case StatusGranted() | StatusChanged() | ApplicationApproved():
            return "grants"
        case EventVoided():
            return "voids"
        case StatusRevoked():
            return "deaths" if data.reason == "death" else "losses"
        case _:
            assert_never(data)


def _size(event: StatusEvent) -> int:
    """What an event takes of a timeline: itself, a comma, and what is derived from it."""
    derived = DERIVED_BYTES if _purpose(event.data) == "grants" else 0
    return len(orjson.dumps(told(event))) + 1 + derived


def _expected(purpose: Purpose, filled: int, own: int) -> str:
    return (
        f"an event that has room in its person's timeline: of the {own} bytes that its agency has there for {purpose} {filled} are taken, and so is"
        f" what all agencies share ({SHARED_BYTES} bytes); send each change once, with an id of at most 64 characters; what is in cannot be taken out,"
        " but other purposes and agencies keep rooms of their own"
    )
