"""A tiny service with all that a lane must cope with: it multiplies each person's amounts by his factor, and keeps the results.

A key belongs to the first person who uses it; a new factor settles what was settled anew (like a timeline); every new key is told to its
group, whose lane keeps it (like a hospital's share). The end does not depend on the order of topics: it is the same whatever fails.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from services.runtime.errors import NotOurs, Refused
from services.runtime.records import Document, Record, Want, Writes
from services.runtime.service import Emission

FACTORS, AMOUNTS, REROUTED = "factors.v1", "amounts.v1", "counting.rerouted.v1"
PAID, SHARES = "paid.v1", "shares.v1"
FACTOR = "factor"
POISON = 13
"""An amount that the service fails to decide; one value, `UNREADABLE`, it fails to read."""
UNREADABLE = b"unreadable"


@dataclass(frozen=True)
class Event:
    """A factor, an amount, or a share: one shape for all."""

    topic: str
    home: str
    data: Mapping[str, Any]


@dataclass
class Person:
    """What is known of a person or group: his factor with its revision, and each key with amount, paid and revision."""

    factor: tuple[int, int] = (0, 1)
    claims: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    shares: frozenset[str] = frozenset()


def document_of(home: str) -> str:
    return f"home:{home}"


def read_person(document: Document) -> Person:
    person = Person()
    for name, value in document.items():
        kind, _, key = name.partition(":")
        if kind == FACTOR:
            person.factor = tuple(orjson.loads(value))
        elif kind == "claim":
            person.claims[key] = tuple(orjson.loads(value))
        else:
            person.shares |= {key}
    return person


def write_person(person: Person) -> dict[str, bytes]:
    claims = {f"claim:{key}": orjson.dumps(claim) for key, claim in person.claims.items()}
    shares = {f"share:{key}": b"1" for key in person.shares}
    return {FACTOR: orjson.dumps(person.factor), **claims, **shares}


class Fold:
    """The port `Fold`; writes whole documents."""

    def __init__(self, documents: Mapping[str, Document], holders: Mapping[str, str]) -> None:
        self._people = {key: read_person(document) for key, document in documents.items()}
        self._holders = holders
        self._touched: dict[str, None] = {}
        self._bookings: dict[str, str] = {}

    def decide(self, event: Event) -> Sequence[Emission]:
        person = self._people[document_of(event.home)]
        decided = {FACTORS: self._factor, AMOUNTS: self._amount, SHARES: self._share}[event.topic](event, person)
        self._touched[document_of(event.home)] = None
        return decided

    def conclude(self, home: str) -> Sequence[Emission]:
        return ()

    def writes(self) -> Writes:
        documents = {key: write_person(self._people[key]) for key in self._touched}
        return Writes(dict[str, Mapping[str, bytes | None]](documents), self._bookings)

    def _factor(self, event: Event, person: Person) -> list[Emission]:
        revision, factor = event.data["revision"], event.data["factor"]
        if revision < person.factor[0]:  # the same one again settles anew: after a reset and a loss the ledger may be behind the view
            return []
        person.factor = (revision, factor)
        changed = {key: claim for key, claim in person.claims.items() if claim[1] != claim[0] * factor}
        for key, (amount, _, number) in changed.items():
            person.claims[key] = (amount, amount * factor, number + 1)
        return [self._paid(event.home, key, person.claims[key]) for key in changed]

    def _amount(self, event: Event, person: Person) -> list[Emission]:
        key, amount = event.data["key"], event.data["amount"]
        known = person.claims.get(key)
        if self._holders[key] != event.home or (known is not None and known[0] != amount):
            raise Refused("conflicting_duplicate", "data.key", "to be used once")
        if amount == POISON:
            raise ZeroDivisionError(event.home)
        if known is not None:
            return []
        person.claims[key] = (amount, amount * person.factor[1], 0)
        self._bookings[key] = event.home
        share = Emission(SHARES, key, orjson.dumps({"key": key, "group": key[0]}), home=key[0])
        return [self._paid(event.home, key, person.claims[key]), share]

    def _share(self, event: Event, person: Person) -> list[Emission]:
        person.shares |= {event.data["key"]}
        return []

    def _paid(self, home: str, key: str, claim: tuple[int, int, int]) -> Emission:
        amount, paid, revision = claim
        return Emission(PAID, home, orjson.dumps({"person": home, "key": key, "amount": amount, "paid": paid, "revision": revision}))


class Counting:
    """The port `Service`."""

    name = "counting"
    format = 1
    inputs: tuple[str, ...] = (FACTORS, REROUTED, AMOUNTS, SHARES)
    first: tuple[str, ...] = (FACTORS,)
    rerouted: str | None = REROUTED
    state_topics: Mapping[str, Literal["end", "committed"]] = {PAID: "end", FACTORS: "committed", SHARES: "committed"}
    lasting: frozenset[str] = frozenset({PAID, FACTORS, SHARES})

    def read(self, record: Record) -> Event:
        if record.value == UNREADABLE:
            raise RecursionError
        try:
            data = orjson.loads(record.value or b"")
        except orjson.JSONDecodeError:
            raise Refused("malformed_json", "value", "to be JSON") from None
        return Event(record.topic, data["group"] if record.topic == SHARES else data["person"], data)

    def want(self, events: Sequence[Event]) -> Want:
        """Of amounts and shares the fields in question; of factors nothing yet."""
        documents: dict[str, tuple[str, ...]] = {}
        bookings: dict[str, str] = {}
        for event in events:
            key = event.data.get("key", "")
            field_name = {FACTORS: (), AMOUNTS: (f"claim:{key}",), SHARES: (f"share:{key}",)}[event.topic]
            documents[document_of(event.home)] = (*documents.get(document_of(event.home), (FACTOR,)), *field_name)
            if event.topic == AMOUNTS:
                bookings.setdefault(key, event.home)
        return Want(dict[str, tuple[str, ...] | None](documents), bookings)

    def want_more(self, events: Sequence[Event], documents: Mapping[str, Document], holders: Mapping[str, str]) -> Want | None:
        """Of a new factor the whole person."""
        whole = {document_of(event.home): None for event in events if event.topic == FACTORS}
        return Want(dict[str, tuple[str, ...] | None](whole)) if whole else None

    def fold(self, documents: Mapping[str, Document], holders: Mapping[str, str]) -> Fold:
        return Fold(documents, holders)

    def want_healing(self, records: Sequence[Record]) -> Want:
        return Want(dict.fromkeys(document_of(self._home_of(record)) for record in records))

    def want_more_healing(self, records: Sequence[Record], documents: Mapping[str, Document]) -> None:
        """Nothing."""

    def home_told(self, record: Record) -> str:
        return self._home_of(record)

    def follow(self, documents: Mapping[str, Document]) -> Callable[[Record], None]:
        known: dict[str, int] = {}

        def look(record: Record) -> None:
            data = orjson.loads(record.value or b"")
            claims = read_person(documents[document_of(data["person"])]).claims
            revision = known.get(data["key"], claims[data["key"]][2] if data["key"] in claims else -1) + 1
            if data["revision"] != revision:
                raise NotOurs(f"revision {data['revision']} where {revision} must come")
            known[data["key"]] = revision

        return look

    def heal(self, records: Sequence[Record], documents: Mapping[str, Document]) -> Writes:
        people = {key: read_person(document) for key, document in documents.items()}
        bookings = {}
        for record in records:
            data, person = orjson.loads(record.value or b""), people[document_of(self._home_of(record))]
            if record.topic == PAID:
                known = person.claims.get(data["key"])
                if known is None or known[2] < data["revision"]:
                    person.claims[data["key"]] = (data["amount"], data["paid"], data["revision"])
                bookings[data["key"]] = data["person"]
            elif record.topic == SHARES:
                person.shares |= {data["key"]}
            elif data["revision"] > person.factor[0]:
                person.factor = (data["revision"], data["factor"])
        return Writes(dict[str, Mapping[str, bytes | None]]({key: write_person(person) for key, person in people.items()}), bookings)

    def _home_of(self, record: Record) -> str:
        data = orjson.loads(record.value or b"")
        return str(data["group"] if record.topic == SHARES else data["person"])
