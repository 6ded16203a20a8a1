"""The table of SCALING.md, computed: `python -m deploy.scaling` writes it into the page; `--check` tells whether page and figures have drifted apart.

In: the tables of docs/benchmarks.md, and the few figures below that are measured elsewhere. Out: rows for sites of three sizes. Not here: what the sizes
mean and what breaks first, which is the page's own text.
"""

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE, BENCHMARKS = Path(__file__).with_name("SCALING.md"), ROOT / "docs/benchmarks.md"
BEGINS, ENDS = "<!-- computed by `make generate` -->\n", "<!-- computed until here -->\n"

HOUR_S = 3_600
WORKING_S_A_YEAR = 250 * 8 * HOUR_S
PEAK = 5
NIGHT_S = 6 * HOUR_S
YEARS = 5
REPLICAS = 3
INPUT_DAYS = 400
HEAL_S = 900

CLAIM_BYTES, RESULT_BYTES = 860, 1_900
"""On Kafka: a claim as generated, a result; both uncompressed."""

IDENTITY_BYTES, MONITORING_BYTES, CONSOLE_BYTES = 1_320, 230, 223
"""In Redis: of identity a person, of monitoring and console a claim, persons and hospitals included. Measured with 3,800 persons and 20,804 claims."""


@dataclass(frozen=True)
class Measured:
    """What docs/benchmarks.md says.

    Attributes:
        settled: Claims a second, one settlement worker.
        watched: Results a second, one monitoring worker.
        heal_us: CPU microseconds to heal a result.
        person: Bytes of Redis a person.
        year: Bytes of Redis a person-year.
        claim: Bytes of Redis a claim.
    """

    settled: int
    watched: int
    heal_us: int
    person: int
    year: int
    claim: int

    @classmethod
    def read(cls, text: str) -> "Measured":
        """From the page. Raises: ValueError, it has no such row."""

        def last_of(row: str) -> int:
            found = re.search(rf"^\| {re.escape(row)} \|.*?([\d,]+) \|$", text, re.MULTILINE)
            if found is None:
                raise ValueError(f"docs/benchmarks.md: expected a row that begins with {row!r}")
            return int(found.group(1).replace(",", ""))

        return cls(
            settled=last_of("medaid"),
            watched=last_of("monitoring: results"),
            heal_us=last_of("CPU µs a result to heal the lane"),
            person=last_of("Redis, bytes a person: timeline, names of years"),
            year=last_of("Redis, bytes a person-year of counters"),
            claim=last_of("Redis, bytes a settled claim, its index entry included"),
        )


@dataclass(frozen=True)
class Site:
    """How many persons are entitled, and how many claims they have in a year."""

    name: str
    persons: int
    claims: int

    def night(self) -> float:
        """Claims a second where a month's come in one night."""
        return self.claims / 12 / NIGHT_S

    def redis(self, measured: Measured, years: int) -> float:
        """Bytes after so many years: nothing that was settled is ever forgotten."""
        persons = self.persons * (measured.person + IDENTITY_BYTES + years * measured.year)
        return persons + years * self.claims * (measured.claim + MONITORING_BYTES + CONSOLE_BYTES)

    def kafka(self) -> float:
        """Bytes of results of all years and of claims as long as they are kept, on all replicas."""
        return REPLICAS * self.claims * (YEARS * RESULT_BYTES + INPUT_DAYS / 365 * CLAIM_BYTES)

    def heal_s(self, measured: Measured) -> float:
        """Seconds of one core that settlement's view of all years takes to heal."""
        return YEARS * self.claims * measured.heal_us / 1_000_000

    def lanes(self, measured: Measured) -> int:
        """So many that, each on a core, they heal in `HEAL_S`; 4 at least."""
        return max(4, ceil(self.heal_s(measured) / HEAL_S))


SITES = (Site("a city", 100_000, 1_000_000), Site("a province", 3_000_000, 30_000_000), Site("the country", 80_000_000, 800_000_000))


def rows(measured: Measured) -> Sequence[tuple[str, Callable[[Site], str]]]:
    """What is said of a site, line by line."""
    return [
        ("persons entitled", lambda site: f"{site.persons:,}"),
        ("claims a year", lambda site: f"{site.claims:,}"),
        ("claims a second in the busiest hour", lambda site: f"{site.claims / WORKING_S_A_YEAR * PEAK:,.1f}"),
        ("claims a second, a month's in one night", lambda site: f"{site.night():,.0f}"),
        ("settlement processes for that night", lambda site: f"{ceil(site.night() / (measured.settled / 2))}"),
        ("monitoring processes for that night", lambda site: f"{ceil(site.night() / (measured.watched / 2))}"),
        ("Redis after a year", lambda site: gigabytes(site.redis(measured, 1))),
        (f"Redis after {YEARS} years", lambda site: gigabytes(site.redis(measured, YEARS))),
        (f"Kafka after {YEARS} years, {REPLICAS} replicas", lambda site: gigabytes(site.kafka())),
        (f"to heal {YEARS} years, one core", lambda site: span(site.heal_s(measured))),
        ("lanes", lambda site: f"{site.lanes(measured)}"),
        ("to heal, each lane on a core", lambda site: span(site.heal_s(measured) / site.lanes(measured))),
    ]


def gigabytes(count: float) -> str:
    """Bytes for a person."""
    return f"{count / 1e9:,.1f} GB" if count < 1e12 else f"{count / 1e12:,.1f} TB"


def span(seconds: float) -> str:
    """Seconds for a person."""
    return f"{seconds / 60:,.0f} min" if seconds < 2 * HOUR_S else f"{seconds / HOUR_S:,.0f} h"


def table(measured: Measured) -> str:
    """The section of the page."""
    lines = [f"| | {' | '.join(site.name for site in SITES)} |", "|---|---|---|---|"]
    lines += [f"| {name} | {' | '.join(tell(site) for site in SITES)} |" for name, tell in rows(measured)]
    return "\n".join([*lines, ""])


def page() -> str:
    """SCALING.md with the table as the figures give it."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGINS)
    _, _, after = rest.partition(ENDS)
    return f"{before}{BEGINS}{table(Measured.read(BENCHMARKS.read_text('utf-8')))}{ENDS}{after}"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(
            None if PAGE.read_text("utf-8") == page() else "deploy/SCALING.md says other figures than docs/benchmarks.md: make generate"
        )
    PAGE.write_text(page(), "utf-8")
