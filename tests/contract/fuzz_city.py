"""A city that hostile records come into, between good events. What comes of it is held against the same city without them.

Promise of `hold`: nothing is raised; each record is accepted, or is one dead letter of each service that refuses it; a refused record changes no byte of
what is told and kept; another person's events behind it in the same partition are settled as if it had not been there.
"""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import count

import orjson

from schemas.catalogue import ADMISSIONS, CLAIMS, IDENTITY_EVENTS, OPERATOR_EVENTS, WARNINGS
from services.runtime.embedded import Embedded
from services.runtime.home import home_of
from services.runtime.memory_view import Snapshot
from services.runtime.records import Record
from tests.contract.examples import PARTITIONS, bytes_of, readers_of, services
from tests.contract.fuzz_verdict import check_letter, check_schema, origin_of
from tests.contract.spoiling import Sent

PERSON, HOSPITAL = b"P320700-0001", b"H32070000123"
GRANT = (IDENTITY_EVENTS, bytes_of("identity.status.granted.v1/low_income_margin")[0])
CLAIM = (CLAIMS, bytes_of("hospital.claim.submitted.v1/inpatient")[0])
OPENED = (ADMISSIONS, bytes_of("hospital.admission.opened.v1/referred")[0])
AGAIN = (OPERATOR_EVENTS, bytes_of("operator.readjudication.requested.v1/new_edition")[0])
Place = tuple[str, int, int]


@dataclass(frozen=True)
class Seen:
    """What a city told, in order, and what its views hold."""

    told: Sequence[Record]
    views: Mapping[str, Snapshot]


class City:
    """All services at work in memory.

    `known`: the persons of the examples have a history. `spoiled`: topics in which anything may come to lie. Of such a topic the one service that writes
    it would stop there (`tests/unit/runtime/test_strays.py`); here it does not look, for what is asked is what readers make of it.
    """

    def __init__(self, *, known: bool, spoiled: Iterable[Sent] = ()) -> None:
        blind = {sent.topic for sent in spoiled}
        ours = [copy(service) for service in services()]
        for service in ours:
            service.state_topics = {
                topic: until for topic, until in service.state_topics.items() if until == "committed" or topic not in blind
            }
        self.embedded = Embedded(ours, PARTITIONS, keeps_records=True)
        self._known = known

    async def begin(self) -> None:
        """Take the lanes, and let the history happen."""
        await self.embedded.start()
        for topic, value in (GRANT, CLAIM, OPENED) if self._known else ():
            self.embedded.publish(topic, PERSON.decode(), value)
            await self.embedded.settle()
        self.embedded.drain()

    def send(self, sent: Sent) -> Record:
        """One record, as it is."""
        headers: tuple[tuple[str, bytes], ...] = sent.headers  # type: ignore[assignment]  # Kafka knows null for a value
        return self.embedded.kafka.append(sent.topic, sent.partition, sent.key, sent.value, headers, sent.timestamp_ms)

    def send_good(self, lane: int, name: str = "good") -> None:
        """A grant, a stay and its claim of a person at home in `lane`, who is in no example, and an operator's question."""
        for topic, value in (GRANT, OPENED, CLAIM, AGAIN):
            own = value.replace(PERSON, bystander(lane).encode()).replace(HOSPITAL, f"H-{bystander(lane)}".encode())
            self.send(Sent(topic, lane, None, own.replace(b"S-2025-55120", f"S-{name}".encode()).replace(b"ADM-889", name.encode())))

    async def look(self) -> Seen:
        """Let everything be read, and see what has come of it."""
        await self.embedded.settle()
        return Seen(self.embedded.drain(), {name: view.snapshot() for name, view in self.embedded.views.items()})


def bystander(lane: int) -> str:
    """A person at home in `lane`."""
    return next(name for name in (f"good-{number}" for number in count()) if home_of(name, PARTITIONS) == lane)


_usual: dict[tuple[tuple[int, ...], bool], Seen] = {}


async def usual(lanes: tuple[int, ...], known: bool) -> Seen:
    """What comes of the good events alone."""
    if (lanes, known) not in _usual:
        _usual[lanes, known] = (await _run((), lanes, known))[0]
    return _usual[lanes, known]


def hold(sent: Sequence[Sent], known: bool) -> None:
    """Send `sent`, good events behind them in the same partitions, and look."""
    asyncio.run(_hold(sent, known))


async def _hold(sent: Sequence[Sent], known: bool) -> None:
    lanes = tuple(sorted({one.partition for one in sent}))
    seen, records = await _run(sent, lanes, known)
    for record in seen.told:
        check_schema(record)
    refusals = letters_of(seen.told)
    accepted: list[Sent] = []
    for one, record in zip(sent, records, strict=True):
        origin = origin_of(record)
        readers = {f"/medaid/{service.name}" for service in readers_of(record.topic)}
        if check_letters(origin, refusals.pop(place_of(origin), []), readers) != readers:
            accepted.append(one)
    assert not refusals, f"only what was sent is refused: {refusals}"
    check_others(lanes, seen, await usual(lanes, known))
    check_nothing_changed(seen, (await _run(accepted, lanes, known))[0])


def heal(sent: Sequence[Sent], known: bool, service: str) -> None:
    """Send `sent` to topics that a service's view is healed from, lose the view, and look whether good events are settled as if nothing had happened."""
    asyncio.run(_heal(sent, known, service))


async def _heal(sent: Sequence[Sent], known: bool, service: str) -> None:
    lanes = tuple(sorted({one.partition for one in sent}))
    seen: list[Seen] = []
    for given in (sent, ()):
        city = City(known=known, spoiled=sent)
        await city.begin()
        for one in given:
            city.send(one)
        for name in ("good", "later"):
            for lane in lanes:
                city.send_good(lane, name)
            seen.append(await city.look())
            if given:
                city.embedded.views[service].lose()
    for found, usually in zip(seen[:2], seen[2:], strict=True):
        check_others(lanes, found, usually)


async def _run(sent: Sequence[Sent], lanes: Sequence[int], known: bool) -> tuple[Seen, Sequence[Record]]:
    """What comes of `sent` and the good events behind, and where each lay."""
    city = City(known=known, spoiled=sent)
    await city.begin()
    records = [city.send(one) for one in sent]
    for lane in lanes:
        city.send_good(lane)
    return await city.look(), records


def check_letters(origin: Record, letters: Sequence[Record], readers: Collection[str]) -> set[str]:
    """At most one dead letter of each reader, and each as it must be. Returns: who refused it."""
    senders = [orjson.loads(letter.value or b"")["source"] for letter in letters]
    assert len(set(senders)) == len(senders), f"refused twice by {senders}"
    assert set(senders) <= set(readers)
    for letter in letters:
        check_letter(origin, letter)
    return set(senders)


def check_others(lanes: Sequence[int], seen: Seen, alone: Seen) -> None:
    """The good events were settled as if nothing else had been there."""
    names = {name.encode() for lane in lanes for name in (bystander(lane), f"H-{bystander(lane)}")}
    assert _told(record for record in seen.told if record.key in names) == _told(record for record in alone.told if record.key in names)


def check_nothing_changed(seen: Seen, without: Seen) -> None:
    """Without those that were refused, nothing that is told or kept is another, but for their dead letters and the warnings of claims sent twice."""
    assert _told(_consequences(seen.told)) == _told(_consequences(without.told))
    for name in ("identity", "settlement"):
        assert seen.views[name].documents == without.views[name].documents, name
        assert seen.views[name].holders == without.views[name].holders, name


def letters_of(told: Sequence[Record]) -> dict[Place, list[Record]]:
    """Dead letters by the place of what was refused."""
    letters: dict[Place, list[Record]] = {}
    for record in told:
        if record.topic.endswith(".dlq"):
            data = orjson.loads(record.value or b"")["data"]
            letters.setdefault((data["topic"], data["partition"], data["offset"]), []).append(record)
    return letters


def place_of(record: Record) -> Place:
    """Topic, partition and offset."""
    return record.topic, record.partition, record.offset


def _consequences(told: Sequence[Record]) -> Iterator[Record]:
    """What is neither a dead letter nor a copy on its way home, nor told of a refused duplicate."""
    for record in told:
        if record.topic.endswith((".dlq", ".rerouted.v1")):
            continue
        if record.topic == WARNINGS and orjson.loads(record.value or b"")["data"]["kind"] == "conflicting_duplicate":
            continue
        yield record


def _told(records: Iterable[Record]) -> Mapping[tuple[str, bytes | None], Sequence[bytes | None]]:
    """What is told of each person or hospital on each topic; between them there is no order, for another lane may have the next turn."""
    told: dict[tuple[str, bytes | None], list[bytes | None]] = {}
    for record in records:
        told.setdefault((record.topic, record.key), []).append(record.value)
    return told
