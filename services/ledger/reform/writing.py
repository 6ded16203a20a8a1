"""A run of the laboratory as files in a folder: `index.html` and the page in the other language, `summary.json`, `persons.csv`; of several policies a table
beside each other there, and a folder for each.

Promise: a file is there whole or not at all. `persons.csv` has a line for each person-year, under a pseudonym, amounts in yuan, UTF-8 with a byte-order mark.
"""

import csv
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

import orjson

from schemas.money import yuan_text
from services.ledger.reform.report.page import page, side_by_side
from services.ledger.reform.running import Outcome
from services.ledger.reform.sums import Sums
from services.ledger.reform.tables import bounds_of, decile_of
from services.policy.words import Lang, Speech

PERSON_COLUMNS: Final = (
    "person", "year", "claims", "self_pay_now", "self_pay_then", "assistance_now", "assistance_then", "difference", "burden_now", "burden_then", "decile",
)  # fmt: skip
SUMMARY: Final = "summary.json"


def write(folder: Path, outcome: Outcome, lang: Lang) -> None:
    """Write everything.

    Raises:
        OSError: Something cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    reforms = outcome.summary["reforms"]
    names = [""] if len(reforms) == 1 else folder_names([one["name"] for one in reforms])
    for name, found, sums, lines in zip(names, reforms, outcome.sums, outcome.persons, strict=True):
        place = folder / name
        place.mkdir(exist_ok=True)
        for file, speech, other in _pages(lang):
            _put(place / file, page(outcome.summary, found, speech, other, f"../{file}" if name else None).encode())
        _put_lines(place / "persons.csv", persons(lines, sums))
    if len(reforms) > 1:
        for file, speech, other in _pages(lang):
            links = [f"{name}/{file}" for name in names]
            _put(folder / file, side_by_side(outcome.summary, links, speech, other).encode())
    _put(folder / SUMMARY, summary_bytes(outcome.summary))


def summary_bytes(summary: Mapping[str, Any]) -> bytes:
    """The summary as JSON, for people and programs."""
    return orjson.dumps(summary, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def persons(lines: IO[str], sums: Sums) -> Iterator[Sequence[object]]:
    """The lines of persons, the tenth of their burden with each."""
    bounds = bounds_of(sums.burdens)
    yield PERSON_COLUMNS
    for person, year, claims, *amounts in csv.reader(lines):
        own_now, own_then, paid_now, paid_then = map(int, amounts)
        told = (own_now, own_then, paid_now, paid_then, paid_then - paid_now, own_now - paid_now, own_then - paid_then)
        yield (person, year, claims, *map(yuan_text, told), decile_of(bounds, own_now - paid_now))


def folder_names(names: Sequence[str]) -> list[str]:
    """A folder for each policy, none of them twice."""
    return [
        f"{number}-{re.sub(r'[^A-Za-z0-9_-]+', '-', Path(name).stem)[:40].strip('-') or 'reform'}" for number, name in enumerate(names, 1)
    ]


def _pages(lang: Lang) -> Sequence[tuple[str, Speech, str]]:
    """The pages in both languages: file, speech, and the file in the other one."""
    other: Lang = "en" if lang == "zh" else "zh"
    return ("index.html", Speech(lang), f"index.{other}.html"), (f"index.{other}.html", Speech(other), "index.html")


def _put(path: Path, content: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content)
    os.replace(part, path)


def _put_lines(path: Path, rows: Iterator[Sequence[object]]) -> None:
    part = path.with_name(f"{path.name}.part")
    with part.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, lineterminator="\r\n").writerows(rows)
    os.replace(part, path)
