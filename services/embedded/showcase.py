"""One city of `medaid demo`: a generated year, settled on the embedded default, summed up. A function that a process of its own can run."""

import asyncio
import gc
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import orjson

from services.embedded.replay import GC_THRESHOLDS, Replay
from services.embedded.summary import Summary
from services.ledger.dossiers.known import Known, explained, from_embedded, told
from services.policy.explain import Told
from services.policy.explain_text import explanation_text
from services.policy.library import load_policies
from services.policy.words import Lang
from services.runtime import logging
from services.runtime.settings import Settings
from services.synthetic import generate

YEAR = 2025
_HOSPITAL = re.compile(rb'"hospital_id":"([A-Za-z0-9._:-]{1,64})"')


@dataclass(frozen=True, slots=True)
class Shown:
    """A city's year as input events, its summary, its list of designated hospitals, and what is known of the claims worth explaining, by theme."""

    lines: Sequence[bytes]
    summary: Summary
    designated: str
    claims: dict[str, tuple[str, Known]]


def show_city(region: str, persons: int, seed: int, folder: Path | None = None) -> Shown:
    """Generate and settle a year of `region`; `folder`: of a site's own policies."""
    logging.configure(Settings(log_level="warning"))
    gc.set_threshold(*GC_THRESHOLDS)
    lines = list(generate(load_policies(site=folder).nearest(region, date(YEAR, 1, 1)), persons, seed, YEAR))
    return asyncio.run(_show_city(region, lines, designated_but_one(lines), folder))


def designated_but_one(lines: Iterable[bytes]) -> str:
    """A list of designated hospitals for a made-up year: all that sent claims but the one that sent fewest, so that its reason is seen too."""
    claims = (line for line in lines if b'"hospital.claim.submitted.v1"' in line)
    sent = Counter(found.group(1).decode() for line in claims if (found := _HOSPITAL.search(line)))
    listed = sorted(sent, key=lambda hospital: (sent[hospital], hospital))[1:]
    return "\n".join(f"{hospital}: {{from: {YEAR}-01-01}}" for hospital in listed) or "{}"


async def _show_city(region: str, lines: Sequence[bytes], designated: str, folder: Path | None) -> Shown:
    work, summary = Replay(load_policies(designated={region: designated}, site=folder)), Summary(region)
    await work.start()
    history: dict[str, list[Told]] = {}
    for number, line in enumerate(lines):
        for output in await work.feed(number, line):
            summary.add(output)
            if b'"type":"settlement.' in output:
                event = orjson.loads(output)
                history.setdefault(event["data"]["settlement_id"].rpartition("/")[0], []).append(told(event))
        summary.events = number + 1
    claims: dict[str, tuple[str, Known]] = {}
    for theme, key in summary.worth_explaining().items():
        known = await from_embedded(work.embedded, key)
        if known is not None:
            claims[theme] = (key, replace(known, history=history[key]))
    return Shown(lines, summary, designated, claims)


def explain_shown(city: Shown, theme: str, lang: Lang, folder: Path | None = None) -> str:
    """The explanation of the claim that a city showed for a theme."""
    key, known = city.claims[theme]
    found, _ = explained(load_policies(designated={city.summary.region: city.designated}, site=folder), known, key)
    return explanation_text(found, lang)
