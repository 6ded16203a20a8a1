"""Claim keys that are booked in Redis without a result on the ledger: those that may be.

A key is booked before its batch is decided. It has no result yet while its claim waits to be settled (a worker was killed, say), and never gets one when
the claim was set aside as `processing_failed`: it stays booked for the person's corrected bill.
"""

import base64
from collections.abc import Mapping

import orjson

from schemas.catalogue import CLAIMS, dead_letters_of
from services.ledger.verify.fold import Topics


async def without_reason(topics: Topics, booked: Mapping[str, str]) -> dict[str, str]:
    """Those of the keys `booked`, with their holders, that no claim under way and no dead letter explains.

    Raises:
        Doubt: Kafka is away.
    """
    left = dict(booked)
    if left:
        async for record in topics.unsettled():
            left.pop(_key(record.value), None)
    if left:
        async for record in topics.records(dead_letters_of(CLAIMS)):
            left.pop(_key_set_aside(record.value), None)
    return left


def _key_set_aside(value: bytes | None) -> str:
    """The claim key in a dead letter of settlement's, `processing_failed`; else nothing."""
    try:
        data = orjson.loads(value or b"")["data"]
        payload = data["payload"].encode()
        if data["reason"] != "processing_failed":
            return ""
        return _key(base64.b64decode(payload) if data["payload_encoding"] == "base64" else payload)
    except (AttributeError, LookupError, TypeError, ValueError):
        return ""


def _key(value: bytes | None) -> str:
    """The claim key in an event, structured or its data alone; nothing where it cannot be read."""
    try:
        event = orjson.loads(value or b"")
        data = event.get("data", event)
        return f"{data['hospital_id']}/{data['claim_id']}"
    except (AttributeError, LookupError, TypeError, ValueError):
        return ""
