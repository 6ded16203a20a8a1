"""The audit's events of letters: written, and read back. Each lies in the partition of what it is about, a letter's own in that of the letter, in order."""

from collections.abc import AsyncIterable
from datetime import datetime
from typing import Any, Final, cast
from uuid import uuid4

import orjson

from schemas.catalogue import AUDIT, AUDIT_TYPES
from schemas.console import Audited
from schemas.envelope import write_event
from services.ledger.letters.approval import Told, Verb
from services.runtime.home import home_of
from services.runtime.records import Record

SOURCE: Final = "/medaid/console"
"""Whose topic the audit is, also for what commands tell; an event's `operator` and `client` say who it was, and from where."""


def audit_record(verb: str, at: datetime, lanes: int, /, **data: Any) -> Record:
    """An event of the audit in its partition, one of so many."""
    kind = f"console.audit.{verb}.v1"
    told = cast(Audited, AUDIT_TYPES[kind].model_validate(data))
    value = write_event(kind, SOURCE, uuid4().hex, at.isoformat(timespec="milliseconds"), told.wire())
    return Record(AUDIT, home_of(told.home, lanes), 0, told.home.encode(), value)


async def told_of(letter_id: str, records: AsyncIterable[Record]) -> list[Told]:
    """What the audit says of a letter, the oldest first within a partition."""
    mark = orjson.dumps(letter_id)
    return [told async for record in records if mark in (record.value or b"") and (told := _told(letter_id, record)) is not None]


def _told(letter_id: str, record: Record) -> Told | None:
    event = orjson.loads(record.value or b"")
    verb, data = event["type"].split(".")[2], event["data"]
    return told_from(verb, event["time"], data) if data.get("letter") == letter_id else None


def told_from(verb: str, time: str, data: Any) -> Told | None:
    """What an event of the audit says of a letter; None where it says nothing of sending it."""
    if verb not in ("proposed", "replayed"):
        return None
    said: Verb = "proposed" if verb == "proposed" else "replayed"
    return Told(said, data["operator"], data["sha256"], data.get("with_headers", True), time, data.get("proposed_by"))
