"""What the pages of dead letters tell of a refused record to whoever may not see whose it is: its shape, masked."""

from collections.abc import Sequence
from typing import Any

import orjson

from schemas.deadletters import DeadLetter
from schemas.documents import all_types
from services.console.web.masks import HIDDEN
from services.ledger.letters.masking import KNOWN_NAMES, masked_detail


def masked(value: bytes | None) -> str:
    """A payload for whoever may not see whose it is: its shape, and of its values only an event type that we know."""
    try:
        return orjson.dumps(_masked(orjson.loads(value or b"")), option=orjson.OPT_INDENT_2).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):  # no JSON, or deeper than it can be written
        return f"{HIDDEN} ({len(value or b'')} bytes)"


def other_faults(letter: DeadLetter, is_clear: bool) -> Sequence[str]:
    """What else was wrong, besides the first fault, which the detail tells."""
    told = (f"{fault.path}: {fault.expected}" for fault in letter.faults[1:])
    return [fault if is_clear else masked_detail(fault) for fault in told]


def _masked(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        names = [inner if inner in KNOWN_NAMES else f"? {place}" for place, inner in enumerate(value, 1)]
        return {shown: _masked(inner, given) for shown, (given, inner) in zip(names, value.items(), strict=True)}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    return value if (name == "type" and isinstance(value, str) and value in all_types()) else HIDDEN
