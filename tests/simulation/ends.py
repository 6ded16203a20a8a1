"""What must hold once the faults have ended and everything has come to rest: the end of `medaid replay` of the same events, and views that say so.

Where two persons used one claim key the ledger says who was first, and replay is told the events without the other's.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from schemas.catalogue import ASSESSMENTS, CLAIMS, INPUTS, RESULTS, SUBSIDIES, TIMELINES, WARNINGS, dead_letters_of
from schemas.hospital import ClaimSubmitted
from services.embedded.replay import PARTITIONS
from services.policy.result import FIGURES
from services.runtime.clock import InstantClock
from services.runtime.embedded import Embedded
from services.runtime.errors import Refused
from services.runtime.lanes import Lane
from services.runtime.memory import MemoryBroker, MemoryKafka
from services.runtime.memory_view import MemoryView
from services.runtime.metrics import NoMetrics
from services.runtime.records import Record, TopicPartition
from services.runtime.service import AnyService
from services.settlement.app import SettlementService
from tests.simulation.feed import Event, policies
from tests.simulation.ledger import Data, Wrong
from tests.simulation.services import comparable, speakers

FOLLOW_THE_ORDER = {"conflicting_duplicate", "recovery_due"}
"""Warnings that tell what happened, and in which order."""

NEWEST = {RESULTS: ("hospital_id", "claim_id"), TIMELINES: ("person_id",), SUBSIDIES: ("subsidy_id",)}
NEWEST |= {ASSESSMENTS: ("hospital_id", "admission_id", "person_id"), WARNINGS: ("warning_id",)}
"""What the newest record of each topic is known by."""

Letters = Counter[tuple[str, str, str | None]]


class End:
    """Where a run came to rest, as readers see it."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.told: defaultdict[str, dict[str, Data]] = defaultdict(dict)
        self.letters: Letters = Counter()
        for record in records:
            self._take(record)

    def _take(self, record: Record) -> None:
        if record.topic not in NEWEST and not record.topic.endswith(".dlq"):
            return
        event = orjson.loads(record.value or b"")
        data = event["data"]
        if record.topic.endswith(".dlq"):
            self.letters[data["topic"], data["reason"], data["payload"]] += 1
            return
        key = "/".join(data[name] for name in NEWEST[record.topic])
        told = self.told[record.topic]
        if event["type"] == "monitoring.warning.resolved.v1" or (record.topic == SUBSIDIES and data["category"] is None):
            told.pop(key, None)  # nothing stands: whoever heard of the cause and its end together never told of it
        elif data.get("kind") not in FOLLOW_THE_ORDER:
            told[key] = _promised(record.topic, data)


def _promised(topic: str, data: Data) -> Data:
    """What the contract promises of the last word, whatever the interleaving."""
    if topic == RESULTS:
        return {name: data[name] for name in (*FIGURES, "sequence", "claim", "person_id", "year")}
    if topic == WARNINGS:
        return {name: data[name] for name in ("level", "measure")}
    if topic == TIMELINES:
        return {name: data[name] for name in ("birth_date", "intervals", "applications")}
    return {name: value for name, value in data.items() if name not in ("revision", "caused_by")}


def check_end(events: Sequence[Event], kafka: MemoryKafka, reads_again: bool) -> None:
    """Hold what lies in the topics against replay. Raises: Wrong."""
    topics = [*NEWEST, *map(dead_letters_of, (*INPUTS, TIMELINES, RESULTS))]
    end = End(record for topic in topics for record in kafka.records(topic))
    losers = _losers(events, end)
    expected = End(replayed([event for place, event in enumerate(events) if place not in losers]))
    for topic in NEWEST:
        _same(topic, end.told[topic], expected.told[topic])
    letters = expected.letters + Counter(
        (CLAIMS, "conflicting_duplicate", event.value.decode()) for event in map(events.__getitem__, losers)
    )
    found = end.letters
    if reads_again:
        _same("dead letters", dict.fromkeys(found), dict.fromkeys(letters))
        if not found >= letters:
            raise Wrong("a dead letter is missing")
    else:
        _same("dead letters", found, letters)


def _losers(events: Sequence[Event], end: End) -> set[int]:
    """Places of claims under keys that somebody else used first; and of earlier deliveries of a claim that came while somebody else had the key booked.

    His worker died and the booking was lost with its view, so that a later delivery of the claim was the first after all.
    """
    claims = {place: claim for place, event in enumerate(events) if (claim := _claim(event)) is not None}
    held = {key: data["person_id"] for key, data in end.told[RESULTS].items()}
    losers = {place for place, claim in claims.items() if claim.key in held and held[claim.key] != claim.home}
    contested = {claims[place].key for place in losers}
    deliveries: defaultdict[str, list[int]] = defaultdict(list)
    for place, claim in claims.items():
        if place not in losers and claim.key in contested:
            deliveries[events[place].value.decode()].append(place)
    for payload, places in deliveries.items():
        refused = end.letters[CLAIMS, "conflicting_duplicate", payload]
        losers.update(places[: min(refused, len(places) - 1)])
    return losers


def _claim(event: Event) -> ClaimSubmitted | None:
    """The claim in an event that is not refused for what it is."""
    if event.topic != CLAIMS:
        return None
    try:
        claim = SettlementService(policies()).read(Record(CLAIMS, event.partition, 0, None, event.value)).data
    except Refused:
        return None
    return claim if isinstance(claim, ClaimSubmitted) else None


def replayed(events: Sequence[Event]) -> list[Record]:
    """What the services write when each event is at rest before the next counts, undisturbed, as `medaid replay` has it."""
    embedded = Embedded(speakers(), PARTITIONS)
    told: list[Record] = []

    async def run() -> None:
        await embedded.start()
        for event in events:
            embedded.publish(event.topic, event.key, event.value)
            await embedded.settle()
            told.extend(embedded.drain())

    asyncio.run(run())
    return told


async def check_view(service: AnyService, kafka: MemoryKafka, view: MemoryView, lanes: int) -> None:
    """The view says what healing from nothing says, up to the ends. Raises: Wrong."""
    fresh = MemoryView(lanes)
    broker = MemoryBroker(kafka, service.name, lanes)
    for lane in range(lanes):
        await Lane(service, lane, broker, fresh, InstantClock(), NoMetrics()).take()
    found, healed = view.snapshot(), fresh.snapshot()
    _same(f"the view of {service.name}", comparable(service, found.documents), comparable(service, healed.documents))
    if not found.holders.items() >= healed.holders.items():
        raise Wrong(f"the view of {service.name} lacks claim keys, or has others' holders")
    for lane in range(lanes):
        for topic in service.state_topics:
            left = kafka.fetch(TopicPartition(topic, lane), found.watermarks.get(lane, {}).get(topic, 0)).records
            if left:
                raise Wrong(f"the view of {service.name} has not followed {topic}[{lane}] to its end")


def _same(what: str, found: Mapping[Any, Any], wanted: Mapping[Any, Any]) -> None:
    """Raises: Wrong, with the first difference."""
    for key in sorted({*found, *wanted}, key=str):
        one, other = found.get(key), wanted.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            _same(f"{what}, {key}", one, other)
        elif one != other:
            raise Wrong(f"{what}, {key}: {one} instead of {other}")
