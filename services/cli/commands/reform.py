"""`medaid reform`: what another policy would have cost, and whom it would have helped, on the ledger itself."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from services.cli.failure import Exit, Failure, refuse
from services.cli.options import Lang, Language, PoliciesFolder
from services.cli.progress import progress
from services.cli.reform_text import report
from services.cli.reform_use import cases_of, ledger_of, site_of, sought_in
from services.ledger.reform.crew import Lost, Tell
from services.ledger.reform.running import Outcome, Phase, Task, run
from services.ledger.reform.sources import Ledger
from services.ledger.reform.writing import write
from services.policy.tree import PolicyError
from services.runtime import logging
from services.runtime.settings import Settings

HELP = """Tell what another policy would have cost, and whom it would have helped: the ledger settled anew under it.

    FILE is a whole policy file, or a patch of the one that runs: YAML with `set`, paths to figures, plain ones for all dates or dated:
    `set: {benefits.inpatient.rate.class_percent.II: 75}`; a benefit is named by its id. Several FILEs are shown side by side. --readings reads the decree
    otherwise, with a FILE or without. Every person-year is settled from its first claim on, with today's statuses; nobody behaves differently, and nothing
    is written to Kafka or Redis.

    DIR gets index.html, a report with plots that needs nothing else, and the page in the other language; summary.json, all its figures, in yuan; persons.csv,
    a line for each person-year under a pseudonym (MEDAID_PSEUDONYM_KEY; without it one for this run alone). Cost now and then by month, category, component,
    district, hospital, kind of visit; who gains and loses, by tenths of burden; warnings, limits and deductibles; the ten largest changes explained.

    --solve PATH --budget +5%: the largest value of that figure, to 0.01 percentage point or 1 yuan, that keeps the cost within the budget: +5% of today's
    cost, +50000 yuan more, or 1200000 yuan in all. Where a higher value costs less, the smallest.

    Standard output: a line for each FILE. Exit status 0: done, 2: wrong use, 3: faults in a FILE, no such year, a ledger that is not in order, 4: a topic has
    lost its front, 5: Kafka is away. Memory does not grow with the ledger but for 16 bytes a person-year; rows lie in files without names under TMPDIR, about
    370 bytes a result, until it ends. MEDAID_READINGS and MEDAID_POLICIES must be
    what the services run with. More: docs/reform.md

    \b
    Examples:
      medaid reform higher.yaml --region REGION --year 2026 --out higher
      medaid reform --readings REGION.rounding=down --year 2026 --from settled.jsonl --out rounding
      medaid reform --region REGION --year 2026 --solve benefits.inpatient.rate.class_percent.II --budget +5% --out most
"""


def reform(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", exists=True, dir_okay=False, help="Policy files, or patches, to be tried.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", file_okay=False, metavar="DIR", help="The folder for the report.")] = ...,  # type: ignore[assignment]
    region: Annotated[str | None, typer.Option("--region", metavar="REGION", help="The region's code, where no FILE says it.")] = None,
    year: Annotated[
        int | None, typer.Option("--year", min=1900, max=2100, metavar="YEAR", help="The calendar year; without it all years.")
    ] = None,
    source: Annotated[str, typer.Option("--from", metavar="FILE|kafka", help="The ledger; a FILE of output events.")] = "kafka",
    sought: Annotated[str | None, typer.Option("--solve", metavar="PATH", help="The figure whose value is sought.")] = None,
    budget: Annotated[
        str | None, typer.Option("--budget", metavar="AMOUNT", help="What may be spent: +5%, +50000 or 1200000; with --solve.")
    ] = None,
    readings: Annotated[
        list[str] | None,
        typer.Option("--readings", metavar="REGION.NAME=VALUE", help="Readings to be tried; MEDAID_READINGS says those that run."),
    ] = None,
    folder: PoliciesFolder = None,
    lang: Lang = Language.EN,
) -> None:
    """Reckon, and write the report.

    Raises:
        Declined: The ledger cannot be settled anew.
        Failure: Options that do not go together, or a report that cannot be written.
    """
    settings = Settings.from_env()
    logging.configure(settings.model_copy(update={"log_level": "warning"}))
    asked = sought_in(sought, budget)
    policies, thresholds = site_of(settings, folder)
    today, cases = cases_of(policies, files or [], region, readings, year, is_sought=sought is not None)
    task = Task(today, cases, year, thresholds, logging.pseudonym, asked)
    outcome = _run(task, ledger_of(source, settings))
    try:
        write(out, outcome, lang.value)
    except OSError as error:
        raise Failure(Exit.USAGE, f"--out {out}: cannot be written: {error.strerror}") from None
    for line in report(outcome.summary, lang.value):
        print(line)
    sys.stdout.flush()
    print(f"report: {out / 'index.html'}", file=sys.stderr)


def _run(task: Task, ledger: Ledger) -> Outcome:
    """Do it, with a bar for each part of the work.

    Raises:
        Failure: A value that is tried cannot stand in the file, or a process died.
    """
    try:
        with _phases() as phase:
            return run(task, ledger, phase)
    except PolicyError as error:
        refuse(str(error).splitlines())
    except Lost as lost:
        raise Failure(Exit.REFUSED, str(lost)) from None


@contextmanager
def _phases() -> Iterator[Phase]:
    """A bar for each part of the work."""
    with progress() as bar:

        def phase(name: str, total: int) -> Tell:
            task = bar.add_task(name, total=total or None)
            return lambda steps: bar.advance(task, steps)

        yield phase
