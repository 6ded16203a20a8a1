"""What lies before the services in one seed: some persons of generated cities, and what is nastier than a city.

Each person's own records lie in one partition of a topic, right or wrong, so that the contract promises one end for every schedule. The others:
two persons of one claim key, records that cannot be read or decided, records sent twice, operators who close what may stand by then or not.
"""

from collections import defaultdict
from functools import cache
from random import Random
from typing import Any, NamedTuple

import orjson

from schemas.catalogue import ACTIONS, CLAIMS, IDENTITY_EVENTS
from schemas.codes import WarningKind
from schemas.hospital import ClaimSubmitted
from services.embedded.replay import place_of
from services.monitoring.domain.warnings import CLOSED_BY_OPERATORS, warning_id
from services.policy.library import Policies, load_policies
from services.runtime.home import home_of
from services.synthetic import generate
from tests.simulation.options import Options

POOL_PERSONS = 160
POOL_SEED = 4
BYTES_MAX = 20_000
POISON = "poison"
"""How a claim's id begins that cannot be decided."""

CLAIM = "hospital.claim.submitted.v1"


class Event(NamedTuple):
    """A record to publish."""

    topic: str
    partition: int
    key: str | None
    value: bytes


class Line(NamedTuple):
    """An event of a generated year, and its place among the others."""

    place: float
    topic: str
    key: str
    value: bytes


@cache
def policies() -> Policies:
    return load_policies()


@cache
def pool(region: str) -> dict[str, list[Line]]:
    """The events of a city's year by person."""
    persons: defaultdict[str, list[Line]] = defaultdict(list)
    lines = list(generate(policies().current[region][-1], POOL_PERSONS, POOL_SEED))
    for number, line in enumerate(lines):
        place = place_of(line)
        if place is not None and place[1] is not None and len(line) <= BYTES_MAX:
            persons[place[1]].append(Line(number / len(lines), place[0], place[1], line))
    return dict(persons)


class Feed:
    """The events of a seed, in the order in which they are published."""

    def __init__(self, rng: Random, options: Options, lanes: int) -> None:
        self._rng = rng
        self._options = options
        self._lanes = lanes
        self._places: dict[tuple[str, str], int] = {}
        lines = self._persons()
        lines += [line for _ in range(options.shared) if (line := self._shared(lines))]
        changed = [self._changed(line) for line in self._some_claims(lines, 2)]
        lines += [line for claim in [*changed, *self._some_claims(lines, 4)] for line in self._closings(claim)] + changed
        lines += [self._poisoned(line) for line in self._some_claims(lines, 2)]
        reach = options.disorder / len(lines)
        lines.sort(key=lambda line: line.place + rng.random() * reach)
        self.events = self._again([self._event(line) for line in lines])
        for topic in (CLAIMS, IDENTITY_EVENTS):
            self.events.insert(rng.randrange(len(self.events)), Event(topic, rng.randrange(lanes), None, b"{"))

    def _persons(self) -> list[Line]:
        """All lines of some persons of one or two cities."""
        rng = self._rng
        people = [lines for region in rng.sample(policies().regions(), rng.randint(1, 2)) for lines in pool(region).values()]
        rng.shuffle(people)
        found: list[Line] = []
        for lines in people:
            if len(found) >= self._options.events:
                break
            if len(lines) > 3 or rng.random() < 0.3:
                found += lines
        return found

    def _some_claims(self, lines: list[Line], count: int) -> list[Line]:
        claims = [line for line in lines if _type(line) == CLAIM]
        return self._rng.sample(claims, min(count, len(claims)))

    def _shared(self, lines: list[Line]) -> Line | None:
        """A claim of one person under the key of another one's, at about the same time or later."""
        first, second = (*self._some_claims(lines, 2), None, None)[:2]
        if first is None or second is None or first.key == second.key:
            return None
        told, taken = orjson.loads(second.value), orjson.loads(first.value)
        told["data"] |= {name: taken["data"][name] for name in ("hospital_id", "claim_id")}
        told |= {"source": taken["source"], "id": f"{told['id']}-shared"}
        return second._replace(place=first.place + self._rng.choice((0, self._rng.random())), value=orjson.dumps(told))

    def _changed(self, line: Line) -> Line:
        """The same claim with other content, later."""
        told = orjson.loads(line.value)
        told["data"]["district"] = "999999"
        return line._replace(place=line.place + self._rng.random() * 0.2, value=orjson.dumps(told))

    def _closings(self, line: Line) -> list[Line]:
        """An operator closes whatever has been told of a claim by then, or has not: the first episode, and later the second."""
        try:
            claim = ClaimSubmitted.model_validate(orjson.loads(line.value)["data"])
            year = claim.date.year
        except ValueError:
            return []  # a broken one
        found: list[Line] = []
        for kind in sorted(CLOSED_BY_OPERATORS):
            place = line.place
            for episode in (1, 2):
                place += self._rng.random() * 0.2
                found.append(Line(place, ACTIONS, line.key, _closing(kind, claim.region, line.key, year, claim.key, episode)))
        return found

    def _poisoned(self, line: Line) -> Line:
        """Another claim of the same person, which cannot be decided."""
        told = orjson.loads(line.value)
        told["data"]["claim_id"] = f"{POISON}-{told['data']['claim_id']}"
        return line._replace(value=orjson.dumps(told))

    def _event(self, line: Line) -> Event:
        return Event(line.topic, self._partition(line), line.key, line.value)

    def _partition(self, line: Line) -> int:
        """One for all records of a person in a topic; the console writes to the right one."""
        if line.topic == ACTIONS:
            return home_of(line.key, self._lanes)
        place = (line.topic, line.key)
        if place not in self._places:
            home = home_of(line.key, self._lanes)
            right = self._rng.randrange(100) < self._options.right_percent
            self._places[place] = home if right else (home + self._rng.randint(1, self._lanes - 1)) % self._lanes
        return self._places[place]

    def _again(self, events: list[Event]) -> list[Event]:
        """The same with some sent twice; a person's first claim perhaps into another partition, for that changes no order."""
        rng = self._rng
        told: list[tuple[float, Event]] = []
        claimed: set[str | None] = set()
        for number, event in enumerate(events):
            told.append((number, event))
            if rng.randrange(100) < self._options.twice_percent:
                elsewhere = event.topic == CLAIMS and event.key not in claimed
                partition = rng.randrange(self._lanes) if elsewhere else event.partition
                told.append((number + rng.random() * rng.choice((1, 20)), event._replace(partition=partition)))
            if event.topic == CLAIMS:
                claimed.add(event.key)
        return [event for _, event in sorted(told, key=lambda pair: pair[0])]


def _closing(kind: WarningKind, region: str, person: str, year: int, detail: str, episode: int) -> bytes:
    name = warning_id(kind, region, person, year, detail)
    about = {
        "warning_id": name,
        "kind": kind,
        "region": region,
        "subject": person,
        "year": year,
        "episode": episode,
        "operator": "wang.min",
    }
    event = {"id": f"{name}/{episode}", "source": "/medaid/console", "type": "monitoring.action.closed.v1", "data": about}
    return orjson.dumps({"specversion": "1.0", "time": f"{year}-12-31T12:00:00+08:00", **event})


def _type(line: Line) -> Any:
    return orjson.loads(line.value).get("type")
