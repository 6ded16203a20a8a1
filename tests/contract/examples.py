"""The examples of `schemas/examples/`, as `schemas/topics.yaml` names them, and the services that read them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from schemas.catalogue import TYPES_BY_TOPIC
from schemas.refusal import Reason
from schemas.topics import load_topics
from services.ledger.services import all_services
from services.policy.library import Policies, load_policies
from services.runtime.embedded import Embedded
from services.runtime.records import Record
from services.runtime.service import AnyService
from services.settlement.app import SettlementService

FOLDER = Path(__file__).parents[2] / "schemas" / "examples"
PARTITIONS = 4
RECEIVED_MS = 1_767_225_600_000
"""When Kafka got the examples: 2026-01-01T00:00:00Z."""


@dataclass(frozen=True)
class Refused:
    """An example that a service must refuse."""

    topic: str
    kind: str
    reason: Reason
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/refused/{self.reason}-{self.name}"


def accepted() -> Iterator[tuple[str, str, str]]:
    """Topic, type and name of each accepted example."""
    for name, topic in load_topics().items():
        for kind, event in topic.events.items():
            yield from ((name, kind, example) for example in event.examples)


def refused() -> Iterator[Refused]:
    """Each refused example."""
    for name, topic in load_topics().items():
        for kind, event in topic.events.items():
            yield from (Refused(name, kind, reason, example) for reason, example in event.refusals())


def bytes_of(place: str) -> Sequence[bytes]:
    """The record values of an example: one, or of a `.jsonl` one a line."""
    found = sorted(path for path in (FOLDER / place).parent.glob(f"{Path(place).name}.*") if path.suffix in {".json", ".bin", ".jsonl"})
    assert len(found) == 1, f"{place}: {len(found)} files"
    value = found[0].read_bytes()
    return value.splitlines() if found[0].suffix == ".jsonl" else [value]


def event_of(place: str) -> dict[str, Any]:
    """An accepted example as JSON."""
    event: dict[str, Any] = orjson.loads(bytes_of(place)[0])
    return event


def topic_of(kind: str) -> str:
    """The topic that events of type `kind` are sent to."""
    return next(topic for topic, types in TYPES_BY_TOPIC.items() if kind in types)


@cache
def services() -> Sequence[AnyService]:
    """One of each, with the shipped policies."""
    return all_services(load_policies())


def readers_of(topic: str) -> Sequence[AnyService]:
    """The services that read `topic`."""
    return [service for service in services() if topic in service.inputs]


def record(topic: str, value: bytes | None, **more: Any) -> Record:
    """A record at the beginning of a topic."""
    return Record(topic, more.pop("partition", 0), more.pop("offset", 0), more.pop("key", None), value, timestamp_ms=RECEIVED_MS, **more)


def key_of(value: bytes) -> str | None:
    """The key that a careful sender gives: the person's, or of a warning its subject."""
    try:
        data = orjson.loads(value)["data"]
        return str(data["subject"] if "warning_id" in data else data["person_id"])
    except (orjson.JSONDecodeError, LookupError, TypeError):
        return None


class City:
    """All services at work in memory."""

    def __init__(self) -> None:
        self.embedded = Embedded(services(), PARTITIONS)

    async def send(self, topic: str, value: bytes, **more: Any) -> list[Record]:
        """What comes of one record."""
        self.embedded.publish(topic, key_of(value), value, timestamp_ms=RECEIVED_MS, **more)
        await self.embedded.settle()
        return self.embedded.drain()

    async def correct(self, region: str) -> list[Record]:
        """Run on with another policy for a region, the one so far being gone. Nothing comes of it by itself."""
        for seat in self.embedded._seats:
            if isinstance(seat.lane.service, SettlementService):
                known = seat.lane.service._policies
                other = replace(known.current[region][0], edition="corrected", whole="corrected")
                seat.lane.service = SettlementService(Policies({**known.current, region: (other,)}))
        return []


async def city() -> City:
    """Services that have heard nothing yet."""
    made = City()
    await made.embedded.start()
    return made
