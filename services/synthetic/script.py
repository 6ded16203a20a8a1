"""What is sent, by whom and when: events are noted in any order and come out in that of their arrival.

In: events with the instant they were made at and how long they took. Out: lines. Promise: ids follow from the order in which events are noted,
nothing else; no clock. Not here: what the events say (`statuses.py`, `visits.py`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import orjson

from services.synthetic.world import City

LOCAL = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody made up, with the hospital and the county they belong to."""

    id: str
    born: date
    hospital: str
    district: str


@dataclass(frozen=True, slots=True)
class Sent:
    """An event as it was sent; `at` is its `time` in +08:00, `arrival` when it came."""

    value: bytes
    document: Mapping[str, Any]
    at: datetime
    arrival: datetime

    @property
    def id(self) -> str:
        """The event's id."""
        return str(self.document["id"])

    @property
    def source(self) -> str:
        """Who sent it."""
        return str(self.document["source"])

    @property
    def data(self) -> Mapping[str, Any]:
        """What it says."""
        data: Mapping[str, Any] = self.document["data"]
        return data


class Script:
    """A city's events while they are made up.

    Attributes:
        city: Whose.
        rng: The only source of chance.
        people: Everybody so far.
        numbers: How many numbers hospitals have given out.
    """

    def __init__(self, city: City, rng: Random) -> None:
        self.city = city
        self.rng = rng
        self.people: list[Person] = []
        self._lines: list[tuple[datetime, int, bytes]] = []
        self._events = 0
        self.numbers = 0

    def person(self, age: int | None = None, on: date | None = None, born: date | None = None) -> Person:
        """A new person: of any age, `age` years old `on` a day, or born on a day."""
        rng, city = self.rng, self.city
        number = f"P{city.code}{len(self.people) + 1:07d}"
        person = Person(number, born or self._birthday(age, on), rng.choice(city.hospitals), rng.choice(city.districts))
        self.people.append(person)
        return person

    def _birthday(self, age: int | None, on: date | None) -> date:
        """A birthday; of somebody `age` years old `on` a day (by default when the year ends) in the weeks before that day."""
        if age is None:
            years = self.rng.choices((self.rng.randint(1, 17), self.rng.randint(18, 90)), (1, 7))[0]
            return date(self.city.year - years, self.rng.randint(1, 12), self.rng.randint(1, 28))
        latest = on or self.city.last
        return date(latest.year - age, latest.month, min(latest.day, 28)) - timedelta(days=self.rng.randint(0, 27))

    def document(self, kind: str, source: str, data: Mapping[str, Any], at: datetime, event_id: str | None = None) -> dict[str, Any]:
        """An event that is not sent yet: its attributes and its data."""
        self._events += 1
        told = event_id or f"{source.rpartition('/')[2]}-{self._events:07d}"
        return {"specversion": "1.0", "id": told, "source": source, "type": kind, "time": _instant(at, self._events), "data": data}

    def send(
        self, kind: str, source: str, data: Mapping[str, Any], at: datetime, *, delay: timedelta = timedelta(0), event_id: str | None = None
    ) -> Sent:
        """Send an event made `at` an instant in +08:00; it arrives within the hour, and `delay` later."""
        document = self.document(kind, source, data, at, event_id)
        sent = Sent(orjson.dumps(document), document, at, at + delay + timedelta(seconds=self.rng.randint(1, 3500)))
        self.post(sent.value, sent.arrival)
        return sent

    def again(self, sent: Sent, days: int = 0) -> None:
        """Send the same bytes once more, `days` and some minutes later."""
        self.post(sent.value, sent.arrival + timedelta(days=days, minutes=self.rng.randint(1, 300)))

    def post(self, value: bytes, arrival: datetime) -> None:
        """Send bytes, whatever they are."""
        exact = bytes(memoryview(value))  # a copy: what orjson returns holds several times its length in memory
        self._lines.append((arrival, len(self._lines), exact))

    def moment(self, day: date) -> datetime:
        """Office hours of a day, +08:00."""
        return datetime(day.year, day.month, day.day) + timedelta(seconds=self.rng.randint(8 * 3600, 20 * 3600))

    def mark(self) -> tuple[int, int]:
        """How much there is, for `back_to`."""
        return len(self.people), len(self._lines)

    def back_to(self, mark: tuple[int, int]) -> None:
        """Forget the people and events since `mark`."""
        people, lines = mark
        del self.people[people:], self._lines[lines:]

    def lines(self) -> Iterator[bytes]:
        """Everything that was sent, in order of arrival."""
        for _arrival, _place, value in sorted(self._lines):
            yield value


def _instant(at: datetime, number: int) -> str:
    """An instant as some senders write it: most in local time, some in UTC."""
    return f"{(at - LOCAL).isoformat()}Z" if number % 13 == 0 else f"{at.isoformat()}+08:00"
