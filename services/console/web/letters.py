"""The pages of dead letters: the newest of a topic and reason, one with its payload, masked, and its record sent again once mended."""

from collections.abc import Mapping
from typing import Any, get_args

from starlette.responses import RedirectResponse, Response

from schemas.catalogue import INPUTS
from schemas.envelope import VALUE_BYTES_MAX
from schemas.refusal import Reason
from services.console.domain import places
from services.console.web.masks import HIDDEN
from services.console.web.mending import payload_text, send_again, told_of
from services.console.web.payloads import masked, other_faults
from services.console.web.room import Visit, audit, failure, render
from services.ledger.letters.masking import masked_detail
from services.ledger.letters.mending import person_in
from services.runtime.letters import Letter, read_letter, refusable
from services.runtime.records import TopicPartition

SHOWN_MAX = 50

_NOT_WHOLE = (
    "死信只保存了开头部分，请向发送方索取完整内容。",
    "the letter holds only its beginning; ask its sender for the whole.",
)


async def index(visit: Visit) -> Response:
    """The newest letters of a topic and reason, at most `SHOWN_MAX`."""
    topic, reason = visit.query.get("topic", ""), visit.query.get("reason", "")
    if (topic not in refusable() and topic != "None") or reason not in get_args(Reason):
        return failure(visit.room, visit.request, 404, visit.visitor)
    shelf = visit.room.shelf
    rings = await shelf.read({places.ring(lane, f"{topic}|{reason}"): None for lane in shelf.lanes})
    rows: list[Mapping[str, Any]] = []
    for ring, fields in rings.items():
        lane = int(ring.partition("/")[0])
        rows += [
            {**entry, "detail": masked_detail(entry["detail"]), "address": _address(visit, entry, lane)}
            for slot, entry in fields.items()
            if slot != "count"
        ]
    newest = sorted(rows, key=lambda row: (row["at_ms"], row["offset"]), reverse=True)[:SHOWN_MAX]
    return render(visit, "letters.html", topic=topic, reason=reason, rows=newest)


def _address(visit: Visit, entry: Mapping[str, Any], lane: int) -> str:
    place = f"{entry['topic']}|{lane}|{entry['offset']}"
    return f"/letters/{visit.room.masks.token('letter', place)}"


async def show(visit: Visit) -> Response:
    """One letter."""
    letter = await _letter(visit)
    if letter is None:
        return failure(visit.room, visit.request, 404, visit.visitor)
    return await _shown(visit, letter)


async def unmask(visit: Visit) -> Response:
    """Show its payload in clear for a while, once the audit has been told whose it is, as far as it says."""
    letter = await _letter(visit)
    if letter is None:
        return failure(visit.room, visit.request, 404, visit.visitor)
    await audit(visit.room, "unmasked", visit.visitor.operator, visit.visitor.client, person_id=person_in(letter.refused), letter=letter.id)
    visit.room.sessions.unmask(visit.request, visit.path["letter"])
    return RedirectResponse(f"/letters/{visit.path['letter']}", 303)


async def replay(visit: Visit) -> Response:
    """Send its record again, as it came or mended, once the audit has been told; another event, or what would be refused again, is not sent."""
    room, letter = visit.room, await _letter(visit)
    if letter is None:
        return failure(room, visit.request, 404, visit.visitor)
    if letter.refused.topic not in INPUTS or not room.sessions.is_clear(visit.request, visit.visitor, visit.path["letter"]):
        return failure(room, visit.request, 403, visit.visitor)
    text = visit.form.get("payload", "").replace("\r\n", "\n")
    is_edited = text != payload_text(letter.refused.value)
    if not is_edited and not letter.is_whole:
        return await _shown(visit, letter, payload=text, refused=visit.speech.pick(*_NOT_WHOLE))
    headers = () if visit.form.get("drop_headers") else letter.refused.headers
    record = letter.refused._replace(value=text.encode(), headers=headers) if is_edited else letter.refused
    done = await send_again(visit, letter, record)
    return await _shown(visit, letter, payload=text, refused=done.refused, place=done.place, proposed=done.proposed)


async def _shown(
    visit: Visit, letter: Letter, payload: str | None = None, refused: str = "", place: str = "", proposed: str = ""
) -> Response:
    is_clear = visit.room.sessions.is_clear(visit.request, visit.visitor, visit.path["letter"])
    value = letter.refused.value
    person = person_in(letter.refused)
    return render(
        visit,
        "letter.html",
        letter=letter,
        other_faults=other_faults(letter.data, is_clear),
        token=visit.path["letter"],
        is_clear=is_clear,
        detail=letter.data.detail if is_clear else masked_detail(letter.data.detail),
        payload=(payload if payload is not None else payload_text(value)) if is_clear else masked(value),
        key=payload_text(letter.refused.key) if is_clear else HIDDEN,
        person=f"/persons/{visit.room.masks.token('person', person)}" if person else "",
        can_send=letter.refused.topic in INPUTS,
        refused=refused,
        place=place,
        proposed=proposed,
        told=await told_of(visit, letter.id),
        bytes_max=VALUE_BYTES_MAX,
    )


async def _letter(visit: Visit) -> Letter | None:
    """The letter of this address, read by its place."""
    opened = visit.room.masks.open("letter", visit.path["letter"])
    if opened is None:
        return None
    topic, lane, offset = opened.split("|")
    record = await visit.room.outside.record(TopicPartition(topic, int(lane)), int(offset))
    return None if record is None else read_letter(record)
