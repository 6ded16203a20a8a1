"""What the pages of dead letters tell of a refused record to whoever may not see whose it is: its shape, masked."""

from collections.abc import Sequence
from typing import Any

import orjson

from schemas.deadletters import DeadLetter
from schemas.documents import all_types
from schemas.envelope import ATTRIBUTE_LENGTH_MAX
from services.console.web.masks import HIDDEN

_KNOWN_NAMES = frozenset({"specversion", "data", *ATTRIBUTE_LENGTH_MAX}) | {
    name for model in all_types().values() for name in model.model_fields
}
"""Names that our own models give; another one may be anything, a person's name too."""

_OWN_STEPS = frozenset({"$", "?", "value", "headers"})
"""Steps of a refusal's path that are our own words."""


def masked(value: bytes | None) -> str:
    """A payload for whoever may not see whose it is: its shape, and of its values only an event type that we know."""
    try:
        return orjson.dumps(_masked(orjson.loads(value or b"")), option=orjson.OPT_INDENT_2).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):  # no JSON, or deeper than it can be written
        return f"{HIDDEN} ({len(value or b'')} bytes)"


def masked_detail(detail: str) -> str:
    """What was wrong, for whoever may not see whose the record is: steps of its path that our models do not name are the sender's, and hidden."""
    path, colon, expected = detail.partition(": ")
    steps = [step if step in _KNOWN_NAMES | _OWN_STEPS or step.isdecimal() else "?" for step in path.split(".")]
    return ".".join(steps) + colon + expected


def other_faults(letter: DeadLetter, is_clear: bool) -> Sequence[str]:
    """What else was wrong, besides the first fault, which the detail tells."""
    told = (f"{fault.path}: {fault.expected}" for fault in letter.faults[1:])
    return [fault if is_clear else masked_detail(fault) for fault in told]


def _masked(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        names = [inner if inner in _KNOWN_NAMES else f"? {place}" for place, inner in enumerate(value, 1)]
        return {shown: _masked(inner, given) for shown, (given, inner) in zip(names, value.items(), strict=True)}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    return value if (name == "type" and isinstance(value, str) and value in all_types()) else HIDDEN
