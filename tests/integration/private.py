"""What nobody who watches may see: the persons, claims, admissions, dates of birth and amounts in lines of input; and finding them in what was told.

Against coincidences: an id is looked for as it is, from four characters on; an amount as a whole number, not as a part of a longer one, with fen that are not
00, or from six characters on.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

IDS = frozenset({"person_id", "claim_id", "admission_id", "visit_id", "document_no", "birth_date"})
AMOUNTS = frozenset(
    {
        "total_amount",
        "policy_scope_amount",
        "basic_paid",
        "critical_illness_paid",
        "other_paid",
        "above_basic_cap_amount",
        "consultation_fee",
    }
)
LENGTH_MIN = 4


def private_words(lines: Iterable[bytes]) -> tuple[set[str], set[str]]:
    """The ids and the amounts in events, as they are printed."""
    ids, amounts = set[str](), set[str]()
    for event in events_in(lines):
        data = event.get("data")
        told = data if isinstance(data, dict) else {}
        ids.update(str(told[name]) for name in IDS & told.keys() if told[name])
        ids.add(str(event.get("id")))
        amounts.update(str(told[name]) for name in AMOUNTS & told.keys())
    return {word for word in ids if len(word) >= LENGTH_MIN}, {word for word in amounts if is_telling(word)}


def events_in(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Lines that are JSON objects."""
    for line in lines:
        try:
            event = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(event, dict):
            yield event


def is_telling(amount: str) -> bool:
    """Whether an amount is none that stands anywhere by chance."""
    return bool(re.fullmatch(r"[\d,]+\.\d\d", amount)) and (len(amount) >= 6 or (len(amount) >= LENGTH_MIN and not amount.endswith("00")))


def leaks(told: Mapping[str, str], lines: Iterable[bytes]) -> dict[str, set[str]]:
    """Where which of the private words stands."""
    ids, amounts = private_words(lines)
    assert min(len(ids), len(amounts)) > 100, "else nothing would be looked for"
    found = {place: {word for word in ids if word in text} | (amounts & numbers_in(text)) for place, text in told.items()}
    return {place: words for place, words in found.items() if words}


def numbers_in(text: str) -> set[str]:
    """Whole numbers with decimals, as they are printed."""
    return set(re.findall(r"(?<![\d.,])\d[\d,]*\.\d+(?![\d.])", text))
