"""`medaid person`: what is held of one person."""

import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from pydantic import TypeAdapter, ValidationError

from schemas.fields import Id
from services.cli.failure import Exit, Failure
from services.cli.options import Operator, Reason, check_words
from services.cli.progress import progress
from services.ledger.persons.export import Asked, Progress, export_kafka
from services.runtime import logging
from services.runtime.letters import LOCAL
from services.runtime.settings import Settings

app = typer.Typer(rich_markup_mode=None, help="Hand out everything that is held of one person.")
STDIN = "-"

EXPORT_HELP = """Export everything that Kafka holds of one person, as lines of JSON: each record whole, with topic, partition, offset and kind.

    What agencies and hospitals sent and is still kept, his timeline, subsidies, admissions, results, warnings and what was done about them, what waits, was
    refused or lay in the wrong place, and who looked at him or exported this: that is told on the audit topic, with your name and reason, before anything
    is read. A record that names somebody else is not his; one that names several persons is left out. A file is made readable for you alone.
    docs/personal-data.md says what is held where and for how long, what Redis holds (a view of the same), and why nothing is deleted from the ledger.

    Whole topics are read. PERSON as - is read from standard input, for others on this machine can see what is typed. Standard error says how many records
    were found, by topic. Exit status 0, also where there are none; 2: no such id can be; 5: Kafka is away. Servers: KAFKA_BOOTSTRAP_SERVERS; topics begin
    with MEDAID_PREFIX.

    \b
    Examples:
      medaid person export PERSON --operator li --reason "he asked for it, letter of 3 March" --out person.jsonl
      medaid person export - --operator li --reason "court order 12/2026" < id.txt
"""


@app.callback()
def _group() -> None:
    pass


@app.command(help=EXPORT_HELP)
def export(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="The person's id (psn_no), or - to read it from standard input.")],
    operator: Operator,
    reason: Reason,
    out: Annotated[
        Path | None, typer.Option("--out", dir_okay=False, metavar="FILE", help="Write there instead of standard output.")
    ] = None,
) -> None:
    """Write what is held of the person."""
    check_words(operator, reason)
    person_id = _person(sys.stdin.readline().strip() if person == STDIN else person)
    settings = Settings.from_env()
    logging.configure(Settings(log_level="warning"))
    asked = Asked(person_id, f"cli:{operator}", socket.gethostname()[:64] or "localhost", reason, datetime.now(LOCAL))
    with _opened(out) as target, progress() as bar:
        task = bar.add_task("reading", total=None)
        told = Progress(lambda total: bar.update(task, total=total), lambda records: bar.advance(task, records))
        asyncio.run(_write(settings, asked, told, target))
    for topic, count in told.found.items():
        print(f"{count:7}  {topic}", file=sys.stderr)
    print(f"{sum(told.found.values()):7}  records", file=sys.stderr)


async def _write(settings: Settings, asked: Asked, told: Progress, target: BinaryIO) -> None:
    async for line in export_kafka(settings, asked, told):
        target.write(line + b"\n")
    target.flush()


def _person(text: str) -> str:
    """The id meant.

    Raises:
        Failure: Nobody can have it. It is not repeated: it may be a name.
    """
    try:
        return TypeAdapter(Id).validate_python(text)
    except ValidationError:
        raise Failure(Exit.USAGE, "PERSON: expected an id (psn_no): 1 to 64 letters, digits or . _ : -") from None


@contextmanager
def _opened(out: Path | None) -> Iterator[BinaryIO]:
    """Where to write: standard output, or a new file that nobody else may read; one that was not written to its end is removed.

    Raises:
        Failure: It is there already, or cannot be written.
    """
    if out is None:
        yield sys.stdout.buffer
        return
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Failure(Exit.USAGE, f"--out {out}: is there already; give another name") from None
    except OSError as error:
        raise Failure(Exit.USAGE, f"--out {out}: cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as target:
            yield target
    except BaseException:
        out.unlink(missing_ok=True)
        raise
