"""Replay: a file of input events through the three services, no server needed; what they write comes out line by line.

In: lines, each one CloudEvent. Out: each record that the services wrote for others (timelines, subsidies, assessments, results, warnings, dead
letters), as the bytes of its value. Promise: each line is at rest in all services before the next counts, so the same lines give the same bytes;
memory holds the views and one line. Not here: files, progress (`cli/commands/replay.py`).
"""

from typing import Final

from schemas.catalogue import (
    HOSPITAL_SHARES,
    IDENTITY_REROUTED,
    IDENTITY_WAITING,
    INPUTS,
    SETTLEMENT_REROUTED,
    SETTLEMENT_WAITING,
    TYPES_BY_TOPIC,
    home_field,
)
from schemas.envelope import read_document, read_envelope
from schemas.exact_json import read_json
from services.ledger.services import all_services
from services.policy.library import Policies
from services.runtime.deadletters import letter_value
from services.runtime.embedded import Embedded
from services.runtime.errors import Refused
from services.runtime.records import Record

PARTITIONS: Final = 4
GC_THRESHOLDS: Final = (50_000, 20, 50)
"""For whoever replays many lines: each makes many objects and no cycles."""

INTERNAL: Final = frozenset({IDENTITY_REROUTED, IDENTITY_WAITING, SETTLEMENT_REROUTED, SETTLEMENT_WAITING, HOSPITAL_SHARES})
"""Topics that the services write for themselves alone."""

TOPIC_OF_TYPE: Final = {kind: topic for topic in INPUTS for kind in TYPES_BY_TOPIC[topic]}
"""Where an input event goes."""


class Replay:
    """The services at work on lines.

    Attributes:
        embedded: Where they work; its views tell what they know.
    """

    def __init__(self, policies: Policies) -> None:
        """Set up the services for a site's policies, as they stand today; `start` begins.

        Raises:
            PolicyError: A fault in the thresholds beside them.
        """
        self.embedded = Embedded(all_services(policies), PARTITIONS)

    async def start(self) -> None:
        """Before the first line."""
        await self.embedded.start()

    async def feed(self, number: int, line: bytes) -> list[bytes]:
        """Let the services settle one line; what they wrote for others, in the order of commits.

        Args:
            number: Of the line, from 0.
            line: Its bytes, with or without the end of the line.
        """
        line = line.removesuffix(b"\n").removesuffix(b"\r")
        place = place_of(line)
        if place is None:
            return [_stray_letter(number, line)]
        topic, key = place
        self.embedded.publish(topic, key, line)
        await self.embedded.settle()
        return [record.value for record in self.embedded.drain() if record.value is not None and record.topic not in INTERNAL]


def place_of(line: bytes) -> tuple[str, str | None] | None:
    """Topic and key of a line by its type and person (of a warning its subject); None where its type is no input's, or it is no event at all."""
    try:
        event = read_json(line)
    except Refused:
        return None
    kind = event.get("type") if isinstance(event, dict) else None
    topic = TOPIC_OF_TYPE.get(kind) if isinstance(kind, str) else None
    if topic is None:
        return None
    try:
        data = read_document(line, (), bytes_max=None)["data"]  # of an event with data_base64, too
        key = data[home_field(topic)]
    except (LookupError, TypeError, Refused):  # then it belongs nowhere, and is refused there
        key = None
    return topic, key if isinstance(key, str) else None


def _stray_letter(number: int, line: bytes) -> bytes:
    """The dead letter of a line that fits no topic; its offset is the line's number."""
    try:
        read_envelope(line, ())
        refused = Refused("unknown_type", "type", "one of " + ", ".join(sorted(TOPIC_OF_TYPE)))
    except Refused as found:
        refused = found
    return letter_value("replay", Record("", 0, number, None, line), refused, None)
