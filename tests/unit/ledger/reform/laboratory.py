"""A laboratory at hand: a ledger by hand or of a generated city, policies to be tried, and what settlement itself says of the same events under them."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson

from services.embedded.replay import Replay
from services.ledger.reform.buckets import Buckets
from services.ledger.reform.cases import Case, settle_person
from services.ledger.reform.gathering import Wanted, gather_file
from services.ledger.reform.given import Patch, from_patch, today
from services.ledger.reform.persons import persons_in
from services.ledger.reform.running import Outcome, Task, run
from services.ledger.reform.sites import thresholds_of
from services.ledger.reform.sources import FileLedger
from services.policy.library import Policies, Source, load_policies
from services.policy.tree import Reading
from services.synthetic import generate

POLICIES = load_policies()
THRESHOLDS = thresholds_of(POLICIES)
YEAR = 2025
Amounts = Mapping[str, tuple[int, str, str | None, str]]
"""Of each claim its year, outcome, category, and assistance."""


def reformed(region: str, figures: Mapping[str, Any] | None = None, readings: Mapping[str, Reading] | None = None) -> Case:
    """The shipped policy of a region, patched."""
    return from_patch(today(POLICIES, region), Patch("patch", figures or {}, readings or {}))


def source_of(region: str) -> Source:
    """The shipped file of a region."""
    case = today(POLICIES, region)
    return case.origins[POLICIES.current[region][0].whole]


def replayed(policies: Policies, lines: Iterable[bytes]) -> list[bytes]:
    """What `medaid replay` writes."""

    async def feed() -> list[bytes]:
        work = Replay(policies)
        await work.start()
        return [output for number, line in enumerate(lines) for output in await work.feed(number, line)]

    return asyncio.run(feed())


@cache
def town(region: str, persons: int = 20, seed: int = 5) -> tuple[bytes, ...]:
    """A generated year of a city, as input events."""
    return tuple(generate(POLICIES.current[region][-1], persons, seed, YEAR))


@cache
def town_ledger(region: str, persons: int = 20, seed: int = 5) -> tuple[bytes, ...]:
    """The same, settled as shipped."""
    return tuple(replayed(POLICIES, town(region, persons, seed)))


def written(path: Path, outputs: Iterable[bytes]) -> Path:
    """Output events as a file."""
    path.write_bytes(b"".join(output + b"\n" for output in outputs))
    return path


def newest(outputs: Iterable[bytes], region: str) -> Amounts:
    """What the newest result of each claim says."""
    found: dict[str, tuple[int, str, str | None, str]] = {}
    for output in outputs:
        event = orjson.loads(output)
        if event["type"].startswith("settlement.") and event["data"]["region"] == region:
            data = event["data"]
            found[f"{data['hospital_id']}/{data['claim_id']}"] = data["year"], data["outcome"], data["category"], data["assistance_amount"]
    return found


def tried(case: Case, path: Path, jobs: int = 1, buckets: int = 3) -> Amounts:
    """What the laboratory says of each claim of a ledger."""
    shelf = Buckets(buckets, jobs)
    gather_file(path, Wanted(case.region, None, case.is_anew), shelf, jobs, lambda _: None)
    found: dict[str, tuple[int, str, str | None, str]] = {}
    for number in range(buckets):
        for person in persons_in(shelf.rows(number), None):
            for one in settle_person(case, person, None):
                settlement = one.settlement
                category = settlement.chosen.category if settlement.chosen else None
                paid = f"{settlement.assistance_fen // 100}.{settlement.assistance_fen % 100:02d}"
                found[one.claim.key] = one.year, settlement.outcome, category, paid
    shelf.close()
    return found


def outcome(path: Path, cases: Sequence[Case], year: int | None = YEAR, jobs: int = 1, **more: Any) -> Outcome:
    """A whole run."""
    base = today(POLICIES, cases[0].region)
    task = Task(base, cases, year, THRESHOLDS, **more)
    return run(task, FileLedger(path), lambda _name, _total: lambda _steps: None, jobs)


def alias(text: str) -> str:
    """A pseudonym that tests can tell."""
    return f"alias-{crc32(text.encode()):08x}"


Tell = Callable[[int], None]
