"""The fields of a person's document: his timeline and the reversals that wait, to bytes and back."""

from collections.abc import Mapping
from typing import Any

import orjson

from schemas.hospital import ClaimReversed
from schemas.times import day_from_text
from services.policy.entitlement import Application, Interval, Status
from services.runtime.formats import without
from services.settlement.adapters.claim_record import day_in
from services.settlement.adapters.format import STAMP
from services.settlement.domain import Waiting


def status_in(value: bytes) -> tuple[Status, int]:
    """What `timeline_bytes` wrote; it was validated when it came in.

    Raises:
        ValueError: It is of another format or shape; or another error, where parts are not what they should be.
    """
    revision, birth_date, intervals, *more = orjson.loads(without(STAMP, value))
    known = [
        Interval(region, category, day_from_text(start), day_in(to), day_in(lost_on), lost_by, changed_to)
        for region, category, start, to, lost_on, lost_by, changed_to in intervals
    ]
    applications = [Application(region, category, *map(day_from_text, days)) for region, category, *days in (more[0] if more else ())]
    return Status(day_in(birth_date), tuple(known), tuple(applications)), revision


def timeline_bytes(status: Status, revision: int) -> bytes:
    """The field `timeline`: revision, birth date, each interval's fields in their order, and those of applications, where there are any."""
    applications = [[tuple(application) for application in status.applications]] if status.applications else []
    return STAMP + orjson.dumps([revision, status.birth_date, [tuple(interval) for interval in status.intervals], *applications])


def waiting_bytes(waiting: Mapping[str, Any]) -> bytes:
    """A field `w:`, from the data of the event that told of it."""
    return STAMP + orjson.dumps(waiting)


def waiting_in(value: bytes) -> Waiting:
    """What `waiting_bytes` wrote.

    Raises:
        ValueError: It is of another format or shape; or another error, where parts are not what they should be.
    """
    known = orjson.loads(without(STAMP, value))
    return Waiting(ClaimReversed.model_validate(known["reversal"], extra="ignore"), known["caused_by"], known["time"])


def waiting_json(waiting: Waiting) -> dict[str, Any]:
    """What the event that tells of a waiting reversal carries."""
    return {"reversal": waiting.reversal.wire(), "caused_by": waiting.cause, "time": waiting.time}
