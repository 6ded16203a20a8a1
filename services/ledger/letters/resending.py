"""A refused record sent again: into the topic in which it lay, as it came or with its value mended.

In: a letter, and the mended bytes if there are any. Promise: before anything is sent the service itself has read what is to be sent, and only topics
that others write are written to; key and headers are the letter's. Sending twice is harmless, as any redelivery is. Not here: finding the letter,
the home of its record (`runtime/letters.py`), sending (`runtime/kafka/sending.py`).
"""

from schemas.catalogue import IDENTITY_REROUTED, INPUTS, SETTLEMENT_REROUTED
from services.ledger.errors import Declined
from services.ledger.letters.listing import topic_in
from services.ledger.services import all_services
from services.policy.library import Policies
from services.runtime.errors import Refused
from services.runtime.letters import Letter, refusable
from services.runtime.records import Record

RESENT = tuple(topic for topic in INPUTS if topic in refusable())
"""The topics into which refused records are sent again: those that others write."""

_STRAY = "only strays lie there: publish the event to its input topic instead"
_INSTEAD = {IDENTITY_REROUTED: _STRAY, SETTLEMENT_REROUTED: _STRAY}
_OURS = "mend the cause, then `medaid ledger rebuild` and, for a year to be settled anew, `medaid readjudicate`"


def check_topic(letter_id: str) -> None:
    """Whether the record of `letter_id` may be sent into its topic again.

    Raises:
        Declined: That is no id (`Misnamed`), or the topic is one of our own, which others must not write.
    """
    topic = topic_in(letter_id)
    if topic not in RESENT:
        raise Declined(f"{letter_id}: {topic} is written by medaid alone; {_INSTEAD.get(topic, _OURS)}")


def mended(letter: Letter, payload: bytes | None, *, drop_headers: bool = False) -> Record:
    """The record to send: the refused one, its value replaced by `payload` where that is given, its headers dropped where that is asked for.

    Raises:
        Declined: The letter does not hold all of the record, and there is no `payload`.
    """
    if payload is None:
        if not letter.is_whole:
            held = f"{letter.data.headers_left_out} headers of it are" if letter.data.length is None else "all but its first 64 KiB is"
            raise Declined(f"{letter.id}: not whole, {held} not in the letter; ask its sender, and give --payload FILE")
        return letter.refused
    return letter.refused._replace(value=payload, headers=() if drop_headers else letter.refused.headers)


def refusal(policies: Policies, record: Record) -> Refused | None:
    """Why the service that reads its topic would refuse `record` at once; None where it would not. A duplicate shows only when it is decided."""
    service = next(service for service in all_services(policies, spares=True) if record.topic in service.inputs)
    try:
        service.read(record)
    except Refused as refused:
        return refused
    except Exception as error:  # as its lane has it: a mistake of ours, which the record would meet again
        return Refused("processing_failed", "data", f"to be decided without {type(error).__name__}")
    return None
