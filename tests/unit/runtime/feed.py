"""What lies before the lanes of the counting service, the same each time, and what must come of it whatever happens."""

from dataclasses import dataclass, field

import orjson

from services.runtime.home import home_of
from services.runtime.memory import MemoryKafka
from services.runtime.records import Record
from tests.unit.runtime.counting import AMOUNTS, FACTORS, POISON, UNREADABLE, Person, document_of

LANES = 2
PEOPLE = ("Ann", "Bob", "Cid", "Fay")
"""Two at home in each lane."""
GROUPS = ("A", "D")
"""One at home in each lane."""
NUMBERS = (1, 2)
SHARED = ("A-shared1", "A-shared2", "D-shared3", "D-shared4")
"""Keys that two persons of different lanes use."""

Letter = tuple[str, int, int, str]
"""Topic, partition and offset of a refused record, and why."""


@dataclass
class Feed:
    """Published records.

    Attributes:
        refused: The dead letters of records that are wrong in themselves.
        conflicts: Each shared key with, by its two users, the dead letter that comes if the other was first.
    """

    kafka: MemoryKafka
    refused: set[Letter] = field(default_factory=set)
    conflicts: dict[str, dict[str, Letter]] = field(default_factory=dict)
    count: int = 0

    def amount(self, person: str, key: str, amount: int) -> Record:
        return self.raw(orjson.dumps({"person": person, "key": key, "amount": amount}))

    def raw(self, value: bytes) -> Record:
        """Into each partition in turn, so that half of the records are misplaced."""
        self.count += 1
        return self.kafka.append(AMOUNTS, self.count % LANES, None, value)

    def share(self, key: str, person: str) -> None:
        self.conflicts.setdefault(key, {})[person] = letter(self.amount(person, key, 7), "conflicting_duplicate")


def letter(record: Record, reason: str) -> Letter:
    return (record.topic, record.partition, record.offset, reason)


def publish(kafka: MemoryKafka) -> Feed:
    """Shared keys once early and once late, amounts twice and with another amount, what fails in reading and deciding, factors."""
    feed = Feed(kafka)
    for number, key in enumerate(SHARED):
        feed.share(key, PEOPLE[number])
    for number in NUMBERS:
        for person in PEOPLE:
            for group in GROUPS:
                feed.amount(person, f"{group}-{person}{number}", 10 * number)
    feed.refused.add(letter(feed.amount("Cid", "D-poison", POISON), "processing_failed"))
    feed.refused.add(letter(feed.raw(UNREADABLE), "processing_failed"))
    feed.refused.add(letter(feed.raw(b"{"), "malformed_json"))
    feed.amount("Ann", "A-Ann1", 10)
    feed.refused.add(letter(feed.amount("Ann", "A-Ann2", 21), "conflicting_duplicate"))
    for number, key in enumerate(SHARED):
        feed.share(key, next(person for person in PEOPLE if home_of(person, LANES) != home_of(PEOPLE[number], LANES)))
    for revision, factor in ((1, 2), (2, 2), (3, 3)):
        for person in PEOPLE[:3]:
            value = orjson.dumps({"person": person, "revision": revision, "factor": factor})
            kafka.append(FACTORS, home_of(person, LANES), person.encode(), value)
    return feed


def right_people(shared: dict[str, str]) -> dict[str, Person]:
    """What must be known in the end, given who was the first to use each shared key; numbers of revisions left out."""
    people: dict[str, Person] = {}
    for person in PEOPLE:
        factor = (3, 3) if person in PEOPLE[:3] else (0, 1)
        amounts = {f"{group}-{person}{number}": 10 * number for group in GROUPS for number in NUMBERS}
        amounts |= {key: 7 for key, first in shared.items() if first == person}
        people[document_of(person)] = Person(factor, {key: (amount, amount * factor[1], 0) for key, amount in amounts.items()})
    for group in GROUPS:
        keys = {key for person in people.values() for key in person.claims if key[0] == group}
        people[document_of(group)] = Person(shares=frozenset(keys))
    return people
