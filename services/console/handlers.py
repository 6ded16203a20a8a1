"""The console's handlers: the documents of a lane and an event in, the documents after it out. Nothing is published.

In: settlement.results.v1, identity.timelines.v1, monitoring.warnings.v1, monitoring.actions.v1, settlement.waiting.v1, console.audit.v1 and every
dead-letter topic. Promise: each document is a function of what its lane has read. No await, no client, no clock.
"""

from typing import assert_never

from services.console.domain import claims, places, records, warnings
from services.console.domain.claims import Told
from services.console.domain.desk import Desk
from services.console.domain.records import AuditTold, LetterTold, NotUnderstood, TimelineTold, Waits
from services.console.domain.seen import Seen
from services.console.domain.warnings import Acted, Said


def decide(desk: Desk, seen: Seen) -> None:
    """Move the documents by what was seen; a record that was read before (offsets were set back) moves nothing."""
    last = places.last(seen.lane)
    if seen.offset <= (desk.get(last, seen.topic) or (-1, 0))[0]:
        return
    desk.put(last, seen.topic, [seen.offset, seen.at_ms])
    match seen.data:
        case Told():
            claims.observe(desk, seen.lane, seen.data)
            records.end_waiting(desk, seen.lane, seen.data)
        case TimelineTold():
            records.know_timeline(desk, seen.lane, seen.data)
        case Said():
            warnings.hear(desk, seen.lane, seen.data)
        case Acted():
            warnings.act(desk, seen.lane, seen.data)
        case Waits():
            records.wait(desk, seen.lane, seen.data)
        case LetterTold():
            records.file_letter(desk, seen.lane, seen.data)
        case AuditTold():
            records.audit(desk, seen.lane, seen.data)
        case NotUnderstood():
            records.note(desk, seen.lane, seen.data)
        case _:
            assert_never(seen.data)
