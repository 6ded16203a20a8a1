"""Other orders of the same events, for which the contract promises the same open warnings."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import Any

import orjson

from schemas.catalogue import CLAIMS, IDENTITY_EVENTS
from tests.monitoring.table import Sent

SUBMITTED = "hospital.claim.submitted.v1"


def promised(events: Iterable[Sent]) -> list[Sent]:
    """The events without those that use a claim key or an event id of another content: of these the first accepted stands, whichever that is."""
    known: dict[tuple[str, ...], Any] = {}
    return [event for event in events if all(known.setdefault(key, content) == content for key, content in _uses(event))]


def _uses(event: Sent) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The key that an event uses, and the content that it uses it for."""
    told = _read(event)
    data = told.get("data")
    if not isinstance(data, dict):
        return
    if event.topic == CLAIMS:
        yield (told["type"], str(data.get("hospital_id")), str(data.get("claim_id"))), data
    elif event.topic == IDENTITY_EVENTS:
        yield (str(told.get("source")), str(told.get("id"))), (data, told.get("time"))


def in_another_order(events: Sequence[Sent], seed: int) -> list[Sent]:
    """Each person's claims keep their order; all else comes at any place, reversals and voids before what they are about, too."""
    claims: dict[str | None, list[Sent]] = defaultdict(list)
    for event in events:
        if _read(event).get("type") == SUBMITTED:
            claims[event.key].append(event)
    queues = {person: iter(queue) for person, queue in claims.items()}
    mixed = Random(seed).sample(events, len(events))
    return [next(queues[event.key]) if _read(event).get("type") == SUBMITTED else event for event in mixed]


def _read(event: Sent) -> dict[str, Any]:
    try:
        told = orjson.loads(event.value)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}
