"""One record, read by the service that owns its topic."""

from typing import Any

import orjson
import pytest

from schemas.envelope import CloudEvent
from schemas.refusal import Refused
from tests.contract.examples import event_of, readers_of, record

CLAIM = "hospital.claim.submitted.v1/inpatient"
GRANT = "identity.status.granted.v1/low_income_margin"


def read(topic: str, value: bytes | None, headers: tuple[tuple[str, Any], ...] = ()) -> CloudEvent[Any]:
    """What the service that owns `topic` makes of a record."""
    event: CloudEvent[Any] = readers_of(topic)[0].read(record(topic, value, headers=headers))
    return event


def refusal(topic: str, value: bytes | None, headers: tuple[tuple[str, Any], ...] = ()) -> tuple[str, str]:
    """Reason and field."""
    with pytest.raises(Refused) as caught:
        read(topic, value, headers)
    return caught.value.reason, caught.value.field


def changed(example: str, **data: Any) -> bytes:
    """An example with other data."""
    event = event_of(example)
    event["data"] |= data
    return orjson.dumps(event)


def altered(example: str, **attributes: Any) -> bytes:
    """An example with other attributes."""
    return orjson.dumps(event_of(example) | attributes)
