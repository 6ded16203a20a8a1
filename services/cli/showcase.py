"""One city of `medaid demo`: a generated year, settled on the embedded default, summed up. A function that a process of its own can run."""

import asyncio
import gc
from dataclasses import dataclass, replace
from datetime import date

import orjson

from services.cli.commands.replay import GC_THRESHOLDS
from services.cli.dossiers import Known, explained, from_embedded, told
from services.cli.replay import Replay
from services.cli.summary import Summary
from services.cli.synthetic import generate
from services.policy.explain import Told
from services.policy.explain_text import explanation_text
from services.policy.library import Policies, load_policies
from services.policy.words import Lang
from services.runtime import logging
from services.runtime.settings import Settings

YEAR = 2025


@dataclass(frozen=True, slots=True)
class Shown:
    """A city's summary, and what is known of the claims worth explaining, by theme."""

    summary: Summary
    claims: dict[str, tuple[str, Known]]


def show_city(region: str, persons: int, seed: int) -> Shown:
    """Generate and settle a year of `region`."""
    logging.configure(Settings(log_level="warning"))
    gc.set_threshold(*GC_THRESHOLDS)
    return asyncio.run(_show_city(load_policies(), region, persons, seed))


async def _show_city(policies: Policies, region: str, persons: int, seed: int) -> Shown:
    work, summary = Replay(policies), Summary(region)
    await work.start()
    history: dict[str, list[Told]] = {}
    for number, line in enumerate(generate(policies.nearest(region, date(YEAR, 1, 1)), persons, seed, YEAR)):
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
    return Shown(summary, claims)


def explain_shown(policies: Policies, key: str, known: Known, lang: Lang) -> str:
    """The explanation of a claim that a city showed."""
    found, _ = explained(policies, known, key)
    return explanation_text(found, lang)
