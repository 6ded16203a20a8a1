"""`medaid year`: the statement of a year, and what has changed since it was made."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import orjson
import typer

from schemas.foreign import visible
from schemas.money import yuan_text
from schemas.times import YEAR_MAX, YEAR_MIN
from services.cli.failure import Exit, Failure
from services.cli.options import PoliciesFolder, policies_with
from services.cli.progress import progress
from services.cli.year_text import change_line, change_row, sum_lines
from services.ledger.errors import Declined
from services.ledger.statements.changes import Change, Sums, year_changes
from services.ledger.statements.closing import close_year
from services.ledger.statements.document import FILE, Statement, read_statement, written
from services.ledger.statements.names import chinese_names
from services.ledger.statements.sheets import sheets
from services.ledger.statements.sources import Ledger, file_ledger, kafka_ledger
from services.policy.library import Policies
from services.runtime import logging
from services.runtime.settings import Settings

app = typer.Typer(rich_markup_mode=None, help="Close a city's year with a statement; list what changed afterwards.")
T = TypeVar("T")

CLOSE_HELP = """State a city's year: what its claims have got as they stand on the ledger.

    Totals by month, category, component, district, hospital and reason, the policies settled under, counters, and open warnings; then which results of the
    ledger it is made of: their number, the offset behind the last of each partition, and a SHA-256 over their bytes. Amounts are yuan with 2 decimals, and
    every table adds up to the total, which is the sum of all deltas. No person stands in it. As long as nothing of that region and year is written, the
    same command gives the same bytes, whatever else is. Close when `medaid lanes status` shows that all has been read. docs/statements.md says what each
    part means, and how an auditor checks it by other means.

    JSON goes to standard output, or with --out into a folder as statement.json, beside one CSV file a table for a spreadsheet (UTF-8 with a byte-order mark).
    A folder that holds another statement is left as it is: status 4. No result of that region and year: status 3; a ledger whose form is broken: status 4.
    Memory: one partition at a time, about 1.3 KiB for each claim of the year. Servers: KAFKA_BOOTSTRAP_SERVERS; topics begin with MEDAID_PREFIX.

    \b
    Examples:
      medaid year close --region REGION --year 2025 --out closed-2025
      medaid year close --region REGION --year 2025 --from settled.jsonl
"""

CHANGES_HELP = """List what has changed in a year since its statement was made: every result of it that came later.

    A line each: claim and revision, what came of it, the difference in yuan, category, what it was caused by, and where it lies; then sums by month and
    category; or the word nothing. Texts of hospitals and agencies are theirs. --json gives a line of JSON each, the sums as the last line.

    Before that the statement is proved: the results up to its offsets must be those that its digests are of, and come to what it says. If not, the ledger
    was tampered with or has lost records, or the statement was changed: one line says which, and the status is 4. Else 0, with changes or without; 3 for a
    file that is no statement of that region and year. Servers: KAFKA_BOOTSTRAP_SERVERS; topics begin with MEDAID_PREFIX.

    \b
    Example:
      medaid year changes --region REGION --year 2025 --since closed-2025/statement.json
"""

Region = Annotated[str, typer.Option("--region", metavar="REGION", help="Code of the city.")]
Year = Annotated[int, typer.Option("--year", min=YEAR_MIN, max=YEAR_MAX, metavar="YEAR", help="The calendar year in which claims count.")]
Source = Annotated[
    str, typer.Option("--from", metavar="FILE|kafka", help="The ledger: Kafka's, or a file of output events (`medaid replay --out`).")
]


@app.command(help=CLOSE_HELP)
def close(
    region: Region,
    year: Year,
    source: Source = "kafka",
    out: Annotated[
        Path | None,
        typer.Option("--out", file_okay=False, metavar="DIR", help="Write JSON and CSV into this folder, made where it is not there."),
    ] = None,
    folder: PoliciesFolder = None,
) -> None:
    """Print or write the statement."""
    policies = policies_with(None, folder)
    document = _with_ledger(source, lambda ledger: close_year(ledger, region, year))
    if out is None:
        sys.stdout.buffer.write(written(document))
    else:
        _write(out, document, policies)
    total, proof = document["total"], document["ledger"]
    told = f"{total['claims']} claims of {total['persons']} persons, {total['assistance']} yuan of assistance"
    print(f"{visible(region)} {year}: {told}; {proof['results']} results, sha256 {proof['sha256']}", file=sys.stderr)


@app.command(help=CHANGES_HELP)
def changes(
    region: Region,
    year: Year,
    since: Annotated[Path, typer.Option("--since", dir_okay=False, metavar="STATEMENT.json", help="The statement.")],
    source: Source = "kafka",
    as_json: Annotated[bool, typer.Option("--json", help="Each change as a line of JSON, the sums as the last.")] = False,
) -> None:
    """Print what changed.

    Raises:
        Declined: The statement is of another region or year.
    """
    closed = read_statement(since)
    if (closed.region, closed.year) != (region, year):
        raise Declined(f"{since}: the statement of {closed.region} {closed.year}, not of {region} {year}")

    def say(change: Change) -> None:
        print(orjson.dumps(change_row(change)).decode() if as_json else change_line(change))

    sums: Sums = _with_ledger(source, lambda ledger: year_changes(ledger, closed, say))
    for line in [orjson.dumps(sums.told()).decode()] if as_json else sum_lines(sums):
        print(line)
    told = f"{sums.results} results after the statement, {yuan_text(sums.delta_fen)} yuan"
    print(f"{visible(region)} {year}: the statement stands; {told}", file=sys.stderr)


def _with_ledger(source: str, ask: Callable[[Ledger], Coroutine[Any, Any, T]]) -> T:
    """What `ask` makes of the ledger, with a bar that tells how far it was read."""
    logging.configure(Settings(log_level="warning"))
    with progress() as bar:
        task = bar.add_task("reading", total=None)

        def step(records: int) -> None:
            bar.advance(task, records)

        async def kafka() -> T:
            async with kafka_ledger(Settings.from_env(), lambda records: bar.update(task, total=records), step) as ledger:
                return await ask(ledger)

        return asyncio.run(kafka() if source == "kafka" else ask(file_ledger(Path(source), step)))


def _write(folder: Path, document: Statement, policies: Policies) -> None:
    """Write a statement's files, its JSON last.

    Raises:
        Failure: Another statement is there, or nothing can be written.
    """
    content = written(document)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        known = folder / FILE
        if known.exists() and known.read_bytes() != content:
            raise Failure(
                Exit.DIFFERENT,
                f"--out {folder}: holds another statement, which is left as it is; `medaid year changes --since {known}` tells what changed, "
                "or give another folder",
            )
        names = chinese_names(policies, document["region"])
        for name, value in [*sheets(document, names), (FILE, content)]:
            part = folder / f"{name}.part"
            part.write_bytes(value)
            os.replace(part, folder / name)
    except OSError as error:
        raise Failure(Exit.USAGE, f"--out {folder}: cannot be written: {error.strerror}") from None
