"""The room of a timeline: an agency fills its own rooms and what all share, and never keeps another's events, a loss or a death out."""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import count
from typing import Any, get_args

import orjson
import pytest

from schemas.codes import Agency
from schemas.topics import load_topics
from services.identity.domain.room import DERIVED_BYTES, SHARED_BYTES, TIMELINE_BYTES_MAX, Purpose, Room, own_bytes, told
from services.policy.standing import StatusEvent, status_event
from services.runtime.errors import Refused

CITIES = ("changchun", "lianyungang", "suzhou", "wuxi")
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
TARGET = "/agencies/suzhou/civil-affairs"
LOST = {"category": "orphan", "effective_date": "2025-01-01"}
KINDS: dict[Purpose, tuple[str, dict[str, str]]] = {
    "grants": ("identity.status.granted.v1", LOST),
    "voids": ("identity.status.voided.v1", {"voids": "\u533b" * 1024}),
    "losses": ("identity.status.revoked.v1", {**LOST, "reason": "fraud"}),
    "deaths": ("identity.status.revoked.v1", {**LOST, "reason": "death"}),
}
NUMBERS = count()


def agencies(cities: Iterable[str]) -> list[str]:
    """All sources of some cities."""
    return [f"/agencies/{city}/{agency}" for city in cities for agency in get_args(Agency)]


AGENCIES = len(agencies(CITIES))
OTHERS = [source for source in agencies(CITIES) if source != TARGET]


def sent(purpose: Purpose, source: str, length: int = 1024) -> StatusEvent:
    """An event under an id of its own, as long as it may be or as usual."""
    kind, data = KINDS[purpose]
    number = f"{next(NUMBERS):06}".ljust(length, "-" if length < 100 else "\u533b")
    about = {"person_id": "P1", "region": source.split("/")[2]}
    return status_event(source, number, kind, "2025-01-01T08:00:00+08:00", {**about, **data})


def flood(room: Room, purpose: Purpose, source: str, number: int = AGENCIES, kept: list[StatusEvent] | None = None) -> Room:
    """The room after `source` has sent as much as is taken."""
    for _ in range(10_000):
        event = sent(purpose, source)
        try:
            room = room.take(event, number)
        except Refused:
            return room
        if kept is not None:
            kept.append(event)
    raise AssertionError("a timeline without end")


def flood_all(sources: Iterable[str], kept: list[StatusEvent] | None = None) -> Room:
    """The room after all of them have sent as much as is taken, for every purpose."""
    room = Room()
    for source in sources:
        for purpose in PURPOSES:
            room = flood(room, purpose, source, kept=kept)
    return room


@pytest.fixture(scope="module")
def besieged() -> Room:
    """All agencies of all cities but one have filled whatever they can."""
    return flood_all(OTHERS)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_what_others_fill_takes_nothing_from_an_agency(besieged: Room, purpose: Purpose) -> None:
    """Nor does what it sends for other purposes: each of its rooms takes what it would take of an empty timeline without what all share."""
    own = own_bytes(AGENCIES)
    full = besieged
    for other in PURPOSES:
        if other != purpose:
            full = flood(full, other, TARGET)
    full = flood(full, purpose, TARGET)
    longest = len(orjson.dumps(told(sent(purpose, TARGET)))) + 1 + DERIVED_BYTES
    assert own[purpose] - longest < full.filled[TARGET, purpose] <= own[purpose]
    assert own[purpose] > 2 * longest


@pytest.mark.parametrize("flooding", PURPOSES)
def test_an_agencys_own_flood_keeps_its_other_events_in(flooding: Purpose) -> None:
    """Its voids a grant, its grants a loss, its losses a death; only what it floods with is refused, with a word on what to do."""
    room = flood(Room(), flooding, TARGET)
    assert SHARED_BYTES < sum(room.filled.values()) <= SHARED_BYTES + own_bytes(AGENCIES)[flooding]
    for purpose in PURPOSES:
        if purpose != flooding:
            room = room.take(sent(purpose, TARGET), AGENCIES)
    with pytest.raises(Refused, match=f"its agency has there for {flooding} .* send each change once") as caught:
        room.take(sent(flooding, TARGET), AGENCIES)
    assert caught.value.reason == "too_large"


def test_a_person_about_whom_much_is_told_has_room_for_it() -> None:
    """2,000 grants and 2,000 revocations of one agency with usual ids."""
    room = Room()
    for _ in range(2_000):
        room = room.take(sent("grants", TARGET, 24), AGENCIES).take(sent("losses", TARGET, 24), AGENCIES)


def test_a_timeline_filled_by_all_fits_into_its_topic() -> None:
    """With something to spare for the envelope; and what is filled is a function of the events."""
    kept: list[StatusEvent] = []
    room = flood_all([*OTHERS, TARGET], kept)
    assert Room.of(reversed(kept)) == room
    assert len(orjson.dumps([told(event) for event in kept])) <= sum(room.filled.values()) <= TIMELINE_BYTES_MAX
    most = load_topics()["identity.timelines.v1"].max_message_bytes
    assert most is not None
    assert 0.95 * most > TIMELINE_BYTES_MAX


def longest_derived() -> Iterator[dict[str, Any]]:
    """An interval and an application with codes as long as they may be."""
    day, code = date(2025, 1, 1).isoformat(), "c" * 64
    yield {"region": code, "category": code, "from": day, "to": day, "lost_on": day, "lost_by": "ordinary", "changed_to": code}
    yield {"region": code, "category": code, "applied_on": day, "from": day, "to": day}


def test_an_event_takes_the_room_of_what_follows_from_it() -> None:
    assert all(len(orjson.dumps(derived)) + 1 <= DERIVED_BYTES for derived in longest_derived())


@pytest.mark.parametrize("number", [6, 24, 26, 78, 240, 600])
def test_what_is_promised_is_there_for_all_agencies_of_all_cities(number: int) -> None:
    """On a site of many cities each agency is promised less, and a usual death has room still."""
    own = own_bytes(number)
    assert number * sum(own.values()) + SHARED_BYTES <= TIMELINE_BYTES_MAX
    Room().take(sent("deaths", TARGET, 64), number)


def test_a_timeline_filled_before_cities_were_added_does_not_outgrow_its_topic() -> None:
    """Seven cities fill all they can; a hundred more have rooms, too, but not all of them in this timeline."""
    room = Room()
    for source in agencies(f"city{number}" for number in range(7)):
        for purpose in PURPOSES:
            room = flood(room, purpose, source, number=42)
    for source in agencies(f"city{number}" for number in range(7, 107)):
        room = flood(room, "grants", source, number=642)
    longest = len(orjson.dumps(told(sent("grants", TARGET)))) + 1 + DERIVED_BYTES
    assert TIMELINE_BYTES_MAX - longest < sum(room.filled.values()) <= TIMELINE_BYTES_MAX
