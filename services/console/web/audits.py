"""The audit, for auditors: who did what in the console, when, from where. Persons stand here by their pseudonyms; the topic has them in clear."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from services.console.domain import places
from services.console.web.room import Visit, render

SHOWN_MAX = 200


async def show(visit: Visit) -> Response:
    """The newest events, one ring a lane."""
    shelf, masks = visit.room.shelf, visit.room.masks
    rings = await shelf.read({places.ring(lane, "audit"): None for lane in shelf.lanes})
    events: list[Mapping[str, Any]] = [event for fields in rings.values() for slot, event in fields.items() if slot != "count"]
    newest = sorted(events, key=lambda event: str(event["time"]), reverse=True)[:SHOWN_MAX]
    return render(
        visit,
        "audit.html",
        events=newest,
        pseudonym=masks.pseudonym,
        person=lambda person_id: f"/persons/{masks.token('person', person_id)}",
        total=sum(fields.get("count", 0) for fields in rings.values()),
    )
