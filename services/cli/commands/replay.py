"""`medaid replay`: a file of input events, settled without a server."""

import asyncio
import gc
import sys
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, BinaryIO

import orjson
import typer

from services.cli.failure import Exit, Failure, refuse
from services.cli.options import PoliciesFolder, Readings, policies_with
from services.cli.progress import lines_of
from services.embedded.replay import GC_THRESHOLDS, Replay
from services.ledger.encoding import check_is_utf8
from services.policy.library import Policies
from services.policy.tree import PolicyError
from services.runtime import logging
from services.runtime.settings import Settings

DEAD_LETTER = b'"type":"deadletter.v1"'
"""Nowhere else in an output: quotes within a text are escaped, and no output has data of such a field."""


HELP = """Settle a file of events with the same three services as in production, without Kafka or Redis.

    Each line is settled by all services before the next counts. Every output event is written as one JSON line: timelines, subsidies, assessments,
    results (amounts in yuan with 2 decimals), warnings, dead letters. A line that fits no topic gets a dead letter whose topic is null and whose
    offset is the line's number from 0. A file in UTF-16 is refused as a whole. The same file gives the same bytes. Exit status 0 when the file was
    read to its end, dead letters or not.
    Standard error says at the end how many lines were read, and how many dead letters there are by reason.

    \b
    Example:
      medaid generate --region REGION --persons 100 --seed 1 --out year.jsonl
      medaid replay year.jsonl --out settled.jsonl
"""


def replay(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.jsonl", exists=True, dir_okay=False, readable=True, help="Input events, one CloudEvents 1.0 JSON object a line."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", dir_okay=False, metavar="FILE", help="Write there instead of standard output.")
    ] = None,
    readings: Readings = None,
    folder: PoliciesFolder = None,
) -> None:
    """Settle a file."""
    logging.configure(Settings(log_level="warning"))
    work = _replay(policies_with(readings, folder))
    check_is_utf8(file)
    with ExitStack() as stack:
        lines = stack.enter_context(file.open("rb"))
        target = sys.stdout.buffer if out is None else stack.enter_context(_opened(file, out))
        read = asyncio.run(replay_file(work, lines, file.stat().st_size, target))
        target.flush()
    for line in told(file, read):
        print(line, file=sys.stderr)


def _replay(policies: Policies) -> Replay:
    """The services.

    Raises:
        Failure: The thresholds have faults, each of which is told.
    """
    try:
        return Replay(policies)
    except PolicyError as error:
        refuse(str(error).splitlines())


@dataclass(slots=True)
class Read:
    """What was read: how many lines, how many dead letters there are by reason, whether a byte-order mark stood before the first line."""

    lines: int = 0
    letters: Counter[str] = field(default_factory=Counter)
    is_marked: bool = False


async def replay_file(work: Replay, lines: BinaryIO, bytes_total: int, target: BinaryIO) -> Read:
    """Settle `lines`, and write what comes of each to `target` before the next is read."""
    await work.start()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    read = Read()
    for number, line in enumerate(lines_of(lines, bytes_total, "replaying")):
        read.lines += 1
        read.is_marked = read.is_marked or (number == 0 and line.startswith(BOM_UTF8))
        for output in await work.feed(number, line):
            target.write(output + b"\n")
            if DEAD_LETTER in output:
                read.letters[orjson.loads(output)["data"]["reason"]] += 1
    return read


def told(file: Path, read: Read) -> Iterator[str]:
    """What standard error says at the end."""
    if read.is_marked:
        yield f"medaid: warning: {file} begins with a UTF-8 byte-order mark, which is no JSON: save it without, its first line was refused"
    reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(read.letters.items()))
    yield f"lines read: {read.lines}, dead letters: {read.letters.total()}" + (f" ({reasons})" if reasons else "")


def _opened(file: Path, out: Path) -> BinaryIO:
    """The file to write to.

    Raises:
        Failure: It is the one to read, or cannot be written.
    """
    if out.exists() and out.samefile(file):
        raise Failure(Exit.USAGE, f"--out: {out} is the file to replay")
    try:
        return out.open("wb")
    except OSError as error:
        raise Failure(Exit.USAGE, f"--out: {out} cannot be written: {error.strerror}") from None
