"""What no text and no id of an event may be: control characters and halves of surrogate pairs, and words that stand for a missing value.

In: a document as JSON gave it. Out: every fault, by its path. Why: a control character writes into terminals and pages of whoever reads the text; and
a `person_id` "null", written by a program that had none, makes one person of many. Only what others send is asked; what was accepted before stays.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from schemas.refusal import Fault

ID_FIELDS: Final = ("person_id", "hospital_id", "claim_id", "admission_id", "visit_id")
NO_IDS: Final = frozenset({"null", "none", "nil", "nan", "undefined", "unknown", "0"})
"""What programs write for a value that they do not have; in any case."""

CONTROLS: Final = "\\x00-\\x1f\\x7f-\\x9f"
HALVES: Final = "\\ud800-\\udfff"
EXPECTED_TEXT: Final = "a text without control characters (U+0000 to U+001F, U+007F to U+009F) and without halves of surrogate pairs"
EXPECTED_ID: Final = "an id; a word such as null or unknown stands for a missing value"

_HALF: Final = re.compile(f"[{HALVES}]")
_UNFIT: Final = re.compile(f"[{CONTROLS}{HALVES}]")
_GAP: Final = re.compile(f"[{CONTROLS}\\s]+")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
_NO_ID_LENGTH_MAX: Final = max(map(len, NO_IDS))


def step(part: str | int) -> str:
    """One step of a path. The name of an unknown field is the sender's and may hold anything: it is told only where it looks like a name."""
    return str(part) if isinstance(part, int) or _NAME.fullmatch(part) else "?"


def on_one_line(text: str) -> str:
    """`text` as an event may carry it: each run of spaces, ends of lines and other control characters is one space."""
    return _GAP.sub(" ", text).strip()


def halves_in(document: Any) -> Iterator[Fault]:
    """Every text that holds half of a surrogate pair: it cannot be written again."""
    return _faults_in(document, "", _HALF)


def unfit_texts_in(document: Any, path: str = "") -> Iterator[Fault]:
    """Every text, and every name, of `document` at `path` that holds what no text may."""
    return _faults_in(document, path, _UNFIT)


def may_hold_controls(value: bytes) -> bool:
    """Whether a control character may stand in the JSON `value`: written as an escape, or as the bytes 7F, or C2 80 to C2 9F. Asked of every record."""
    return 0x5C in value or 0x7F in value or 0xC2 in value


def holds_no_id(data: Mapping[str, Any]) -> bool:
    """Whether an id of validated `data` stands for a missing value. Asked of every record."""
    for name in ID_FIELDS:
        value = data.get(name)
        if value and len(value) <= _NO_ID_LENGTH_MAX and value.lower() in NO_IDS:
            return True
    return False


def missing_ids_in(data: Mapping[str, Any]) -> Iterator[Fault]:
    """Every id of `data` that stands for a missing value."""
    for name in ID_FIELDS:
        value = data.get(name)
        if isinstance(value, str) and value.lower() in NO_IDS:
            yield Fault(f"data.{name}", EXPECTED_ID)


def _faults_in(value: Any, path: str, unfit: re.Pattern[str]) -> Iterator[Fault]:
    if isinstance(value, str):
        if unfit.search(value):
            yield Fault(path or "$", EXPECTED_TEXT)
    elif isinstance(value, dict):
        for name, inner in value.items():
            place = f"{path}.{step(name)}" if path else step(name)
            if unfit.search(name):
                yield Fault(place, EXPECTED_TEXT)
            yield from _faults_in(inner, place, unfit)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _faults_in(inner, f"{path}.{number}" if path else str(number), unfit)
