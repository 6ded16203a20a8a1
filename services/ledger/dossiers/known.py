"""Where a dossier comes from: a view (replayed or Redis), or the ledger (a file of output events, or Kafka).

Both end in the same documents that settlement keeps, healed from the ledger by settlement's own function, so that explain knows what settlement knows.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import orjson

from schemas.catalogue import RESULTS, TIMELINES
from services.identity.adapters import decode as decode_identity
from services.identity.adapters import document_key
from services.identity.adapters import heal as heal_identity
from services.ledger.errors import Declined
from services.policy.explain import Dossier, Explanation, Told, explain
from services.policy.library import Policies
from services.policy.result import figures_hash
from services.policy.standing import StatusEvent
from services.runtime.embedded import Embedded
from services.runtime.ports import Loaded
from services.runtime.records import Record, Want
from services.runtime.strays import named
from services.settlement.adapters.documents import decode, person_key, year_keys
from services.settlement.adapters.healing import heal
from services.settlement.domain import Holder, Person

Read = Callable[[str, int | None], AsyncIterator[Record]]
"""Committed records of a topic: of one partition, or of all."""


class Peeking(Protocol):
    """As much of the port `View` as is needed to look."""

    async def peek(self, lane: int, want: Want) -> Loaded:
        """As the port has it."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """What a source knows of a claim and its person."""

    holder: Holder
    person: Person
    events: Sequence[StatusEvent] | None = None
    history: Sequence[Told] = ()


async def from_view(view: Peeking, key: str) -> Known | None:
    """What settlement's view knows of the claim `key`; None where it does not know it."""
    found = await view.peek(0, Want(peeks=frozenset({key})))
    if key not in found.holders:
        return None
    holder = Holder.parse(found.holders[key])
    wanted = [person_key(holder.person_id), *year_keys(holder.person_id, holder.region, holder.year)]
    documents = (await view.peek(0, Want(dict.fromkeys(wanted)))).documents
    return Known(holder, decode(holder.person_id, documents, {}))


async def from_embedded(embedded: Embedded, key: str) -> Known | None:
    """What the services at work in this process know of the claim `key`; None where they do not know it. Its history they do not keep."""
    known = await from_view(embedded.views["settlement"], key)
    if known is None:
        return None
    place = document_key(known.holder.person_id)
    documents = (await embedded.views["identity"].peek(0, Want({place: None}))).documents
    return replace(known, events=decode_identity(known.holder.person_id, documents[place]).events)


async def from_ledger(read: Read, key: str) -> Known | None:
    """What results and timelines tell of the claim `key`; None where there is no result of it.

    Raises:
        Stop: A record that may be about its person is not as it was written.
    """
    place = await _place(read, key)
    if place is None:
        return None
    partition, holder = place
    documents: dict[str, dict[str, bytes]] = {person_key(holder.person_id): {}}
    history: list[Told] = []
    events: Sequence[StatusEvent] = ()
    person = orjson.dumps(holder.person_id)
    async for record in read(RESULTS, partition):
        with named(record):
            event = _about(record, person, holder)
            if event is not None and event["data"]["region"] == holder.region:
                _bring_forward(record, documents, holder)
                if _key(event["data"]) == key:
                    history.append(told(event))
    async for record in read(TIMELINES, partition):
        with named(record):
            event = _about(record, person, holder)
            if event is not None:
                _bring_forward(record, documents, holder)
                events = _events(record, holder.person_id)
    return Known(holder, decode(holder.person_id, documents, {}), events, history)


async def _place(read: Read, key: str) -> tuple[int, Holder] | None:
    """The partition in which the claim's results lie, and whose it is.

    Raises:
        Stop: A record that may be one of them is not as it was written.
    """
    mark = orjson.dumps(f"{key}/0")
    async for record in read(RESULTS, None):
        if record.value is not None and mark in record.value:
            with named(record):
                data = orjson.loads(record.value)["data"]
                if _key(data) == key:
                    return record.partition, Holder(data["year"], data["person_id"], data["region"], "")
    return None


def _events(record: Record, person_id: str) -> Sequence[StatusEvent]:
    """The accepted events that a timeline carries, healed as identity does; a record of a file has no key."""
    place = document_key(person_id)
    healed = heal_identity([record._replace(key=person_id.encode())], {place: {}}).documents[place]
    return decode_identity(person_id, {name: value for name, value in healed.items() if value is not None}).events


def _about(record: Record, person: bytes, holder: Holder) -> Any:
    """The event in `record` if it is about the person; most are thrown out without parsing them."""
    if record.value is None or person not in record.value:
        return None
    event = orjson.loads(record.value)
    return event if event["data"].get("person_id") == holder.person_id else None


def _bring_forward(record: Record, documents: dict[str, dict[str, bytes]], holder: Holder) -> None:
    """Heal the documents by one record, as settlement does."""
    known: Mapping[str, dict[str, bytes]] = {**{key: {} for key in _keys(record, holder)}, **documents}
    for key, fields in heal([record], known).documents.items():
        document = documents.setdefault(key, {})
        document.update({name: value for name, value in fields.items() if value is not None})


def _keys(record: Record, holder: Holder) -> Sequence[str]:
    if record.topic == TIMELINES:
        return ()
    data = orjson.loads(record.value or b"{}")["data"]
    return year_keys(holder.person_id, data["region"], data["year"])


def _key(data: Mapping[str, Any]) -> str:
    return f"{data['hospital_id']}/{data['claim_id']}"


def told(event: Mapping[str, Any]) -> Told:
    """A revision as the result `event` tells it."""
    data = event["data"]
    verb = event["type"].split(".")[1]
    return Told(data["revision"], verb, event["time"], data["assistance_amount"], data["delta"], data["caused_by"])


def explained(policies: Policies, known: Known, key: str) -> tuple[Explanation, bool]:
    """The explanation of the claim `key`, and whether it says what the source's newest result says.

    Raises:
        Declined: The claim is not among the person's, or the region has no policy here.
    """
    holder = known.holder
    year = known.person.years.get((holder.region, holder.year))
    if year is None or key not in year.claims or holder.region not in policies.current:
        raise Declined(f"{key}: known, but not as a settled claim of a region that has a policy here")
    claims = [(record.claim, record.reversed_for) for record in year.whole()]
    dossier = Dossier(
        holder.person_id,
        holder.region,
        holder.year,
        known.person.status,
        lambda day: policies.for_year(holder.region, day, year.edition, year.readings, year.through),
        claims,
        known.events,
        known.history,
    )
    found = explain(policies, dossier, key)
    return found, figures_hash(found.settlement, found.reversed_for) == year.claims[key].figures
