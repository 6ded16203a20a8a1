"""Whether a record is about one person, by what it says itself, by its key where it says nothing, by his claims and letters where it names no person. Pure.

In: records of every topic in the order of `reading_order`. Promise: a record that names another person is that one's, whatever its key; one that names
several, as a broken bill may, is nobody's, for it cannot be handed to one of them. Where neither value nor key names anybody, as in what was cut off, it
is his if his id stands in it. Not here: what a record in another encoding says (`letters/mending.py`).
"""

import re
from collections.abc import Sequence
from typing import Final

import orjson

from schemas.catalogue import (
    ACTIONS,
    AUDIT,
    HOSPITAL_SHARES,
    IDENTITY_WAITING,
    RESULTS,
    SETTLEMENT_WAITING,
    WARNINGS,
    dead_letters_of,
)
from schemas.topics import load_topics
from services.ledger.letters.mending import person_in, readable
from services.runtime.letters import Letter, read_letter
from services.runtime.records import Record

NOBODY: Final = ""
"""Of whom a record is that is surely about no single person."""

_HOSPITALS: Final = "hospital_self_pay_ratio/"
"""How the id of a warning about a hospital begins; its subject is no person."""

_WAITING: Final = frozenset({IDENTITY_WAITING, SETTLEMENT_WAITING})
"""Topics whose keys have several parts, the third of which is a person."""

_SHARES_REFUSED: Final = dead_letters_of(HOSPITAL_SHARES)
"""Few, and his id stands in none of them."""

_HINTS: Final = (b"\\u", b"base64")
"""What an id may be written by that is not found as it is: an escape of JSON, base64."""

_NAMED: Final = re.compile(rb'"person_id"\s*:\s*"([^"]*)"')
"""A person named elsewhere than in an event's data: in the data of a reversal that waits, or in what is no JSON, as the beginning of a value too large."""


def reading_order() -> Sequence[str]:
    """Every topic: what names persons, then what is about their claims, dead letters, and the audit, which is about them and about letters."""
    names = load_topics()
    late = [HOSPITAL_SHARES, *sorted((name for name in names if name.endswith(".dlq")), key=len), AUDIT]
    return [*(name for name in names if name not in late), *late]


class Sought:
    """One person, and what was learned of him while the topics were read."""

    def __init__(self, person_id: str) -> None:
        """Begin with nothing but his id."""
        self._person_id = person_id
        self._marks = tuple(person_id.encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be"))
        self._word = re.compile(rb"(?<![A-Za-z0-9._:-])" + re.escape(person_id.encode()) + rb"(?![A-Za-z0-9._:-])")
        self._claims: set[str] = set()
        self._letters: set[str] = set()

    def is_his(self, record: Record) -> bool:
        """Whether a record is about him; his settled claims and his dead letters are remembered, for what names nothing else."""
        if record.topic == HOSPITAL_SHARES:
            return _text_in(record, "claim") in self._claims
        if record.topic == AUDIT:
            named = _text_in(record, "person_id")
            return named == self._person_id or (named is None and _text_in(record, "letter") in self._letters)
        letter = read_letter(record) if record.topic.endswith(".dlq") and self._may_be(record) else None
        if letter is not None:
            return self._is_his_letter(letter)
        if not self._may_be(record) or not self._names_him(record):
            return False
        if record.topic == RESULTS:  # a refused claim may bear the key of somebody else's
            said = readable(record)
            self._claims.add(f"{said.get('hospital_id')}/{said.get('claim_id')}")
        return True

    def _is_his_letter(self, letter: Letter) -> bool:
        """Whether what was refused was his; of a letter about a letter, what that one holds."""
        refused, inner = letter.refused, read_letter(letter.refused)
        if refused.topic == HOSPITAL_SHARES:
            return _text_in(refused, "claim") in self._claims
        is_his = self._names_him(refused) if inner is None else self._is_his_letter(inner)
        if is_his:
            self._letters.add(letter.id)
        return is_his

    def _names_him(self, record: Record) -> bool:
        """Whether it is he whom a record names, or who stands in one that names nobody."""
        person = _person_of(record)
        return person == self._person_id or (person is None and self._word.search(record.value or b"") is not None)

    def _may_be(self, record: Record) -> bool:
        """Whether it is worth reading: most records are neither his nor written so that one could not see it."""
        value, key = record.value or b"", record.key or b""
        return (
            record.topic == _SHARES_REFUSED
            or any(mark in value or mark in key for mark in self._marks)
            or any(hint in value for hint in _HINTS)
        )


def _person_of(record: Record) -> str | None:
    """Whom a record is about: by what it says, else by its key; None where neither tells."""
    said = _said(record)
    if said is not None:
        return said
    key = (record.key or b"").decode(errors="replace")
    parts = key.split("/")
    if record.topic in _WAITING and len(parts) > 2:
        return parts[2]
    return key or None


def _said(record: Record) -> str | None:
    """Whom it names; None where it names nobody that can be read."""
    if record.topic in (WARNINGS, ACTIONS):
        said = readable(record)
        return NOBODY if said.get("warning_id", "").startswith(_HOSPITALS) else said.get("subject")
    found = person_in(record)
    if found is not None:
        return found
    named = {name.decode(errors="replace") for name in _NAMED.findall(record.value or b"")}
    return next(iter(named)) if len(named) == 1 else NOBODY if named else None


def _text_in(record: Record, name: str) -> str | None:
    """A text in the data of an event of ours; None where there is none."""
    try:
        found = orjson.loads(record.value or b"")["data"][name]
    except (LookupError, TypeError, ValueError):
        return None
    return found if isinstance(found, str) else None
