"""A refused record sent again from a page: judged by what the audit says of its letter, told, and sent once what was told stands."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.catalogue import AUDIT
from schemas.foreign import visible_lines
from services.console.domain import places
from services.console.web.room import Visit, audit
from services.ledger.letters.approval import Another, Propose, Send, Sent, Told, judge
from services.ledger.letters.audit import told_from
from services.ledger.letters.mending import Mending, evidence, mending
from services.runtime.errors import Doubt
from services.runtime.home import home_of
from services.runtime.letters import Letter, at_home
from services.runtime.records import Record

STANDS_S, LOOK_S = 5.0, 0.05
"""How long it is waited for what was told to be seen, and how often it is looked for."""

_ANOTHER = ("这是另一事件，请由其发送方另行发送；不同之处：", "it is another event, which its own sender must send; it differs in ")
_AGAIN = ("仍会被拒收，", "it would be refused again, ")
_SENT = ("此死信已经重放过，只能原样再发；当时由 ", "in this letter's place another content was sent, and only that may be sent again; by ")
_OWN = ("您已提请复核，须由另一名经办人发送。", "you have proposed it; another operator must send it.")


@dataclass(frozen=True, slots=True)
class Done:
    """What became of it: where it lies, the digest that was proposed to a second operator, or why it was not sent."""

    place: str = ""
    proposed: str = ""
    refused: str = ""


async def told_of(visit: Visit, letter_id: str) -> Sequence[Told]:
    """What the audit says of sending a letter's record again; that in its own partition, which has an order, behind what lies elsewhere."""
    shelf = visit.room.shelf
    home = home_of(letter_id, len(shelf.lanes))
    names = [places.mending(lane, letter_id) for lane in sorted(shelf.lanes, key=lambda lane: lane == home)]
    found = await shelf.read(dict.fromkeys(names, ("told",)))
    events = [event for name in names for event in found[name].get("told", ())]
    return [told for event in events if (told := told_from(event["verb"], event["time"], event)) is not None]


async def send_again(visit: Visit, letter: Letter, record: Record) -> Done:
    """Send `record` in the place of the refused one, if that may be. Raises: Doubt, and then the same may be sent again."""
    room, pick = visit.room, visit.speech.pick
    mended = mending(letter, at_home(record, len(room.shelf.lanes)))
    verdict = judge(mended, await told_of(visit, letter.id), visit.visitor.operator)
    if isinstance(verdict, Another):
        return Done(refused=pick(*_ANOTHER) + ", ".join(verdict.changed))
    if isinstance(verdict, Sent):
        return Done(refused=pick(*_SENT) + _by(verdict.first))
    refused = room.neighbours.refusal(mended.record)
    if refused is not None:
        return Done(refused=f"{pick(*_AGAIN)}{refused.reason}: {refused}")
    if isinstance(verdict, Propose):
        if verdict.is_told:
            return Done(refused=pick(*_OWN))
        await _tell(visit, "proposed", letter, mended, named=list(mended.named))
        return Done(proposed=mended.sha256)
    return await _send(visit, letter, mended, verdict)


async def _send(visit: Visit, letter: Letter, mended: Mending, verdict: Send) -> Done:
    record = mended.record
    more = {"place": f"{record.topic}/{record.partition}", "mended": mended.is_mended, "proposed_by": verdict.proposed_by}
    await _tell(visit, "replayed", letter, mended, **more)
    again = judge(mended, await told_of(visit, letter.id), visit.visitor.operator)
    if isinstance(again, Sent):  # somebody else was first, at the same time
        return Done(refused=visit.speech.pick(*_SENT) + _by(again.first))
    return Done(place=await visit.room.outside.send(record))


async def _tell(visit: Visit, verb: str, letter: Letter, mended: Mending, /, **more: object) -> None:
    """Tell the audit, and return when the console's view has it.

    Raises:
        Doubt: It was not told, or is not seen yet.
    """
    room = visit.room
    place = await audit(room, verb, visit.visitor.operator, visit.visitor.client, letter=letter.id, **evidence(mended), **more)
    _, lane, offset = place.split("/")
    for _ in range(int(STANDS_S / LOOK_S)):
        seen = (await room.shelf.read({places.last(int(lane)): (AUDIT,)}))[places.last(int(lane))].get(AUDIT, (-1, 0))
        if seen[0] >= int(offset):
            return
        await asyncio.sleep(LOOK_S)
    raise Doubt("the console has not caught up with the audit: what was told is not done yet, and may be sent again")


def _by(told: Told) -> str:
    return f"{told.operator}, {told.time}"


def payload_text(value: bytes | None) -> str:
    """Bytes as the page shows them, and as its form gives them back."""
    return "" if value is None else "\n".join(visible_lines(value.decode(errors="backslashreplace")))
