"""`medaid dlq`: dead letters listed, shown, and sent again once mended."""

import asyncio
import getpass
import os
import socket
import sys
from collections.abc import Collection
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, get_args

import typer

from schemas.refusal import Reason
from schemas.times import day_from_text
from services.cli.failure import Exit, Failure
from services.cli.letter_text import block, json_row, row, summary
from services.cli.options import PoliciesFolder, Readings, policies_with
from services.ledger.letters.mending import mending
from services.ledger.letters.resending import check_topic, mended, refusal
from services.ledger.letters.sending import Clerk, send_again
from services.ledger.letters.source import kafka_letters, kafka_listing
from services.runtime import logging
from services.runtime.errors import Stop
from services.runtime.letters import LOCAL, at_home, refusable
from services.runtime.settings import Settings

OPERATOR_LENGTH_MAX = 64

app = typer.Typer(rich_markup_mode=None, help="List the dead letters, show one, send its record again.")

LIST_HELP = """List the newest dead letters, one a line, the newest last: id, when it was refused (+08:00), by which service, reason, detail.

    No line holds a person: keys, payloads and values of headers are left out, names that are not ours are told as ?. Standard error says how many there
    are by topic and reason, also not shown. None found is no failure. Servers: KAFKA_BOOTSTRAP_SERVERS; topics begin with MEDAID_PREFIX.

    \b
    Examples:
      medaid dlq list
      medaid dlq list --topic hospital.claims.v1 --reason invalid_amounts --since 2025-03-01 --json
"""


@app.command("list", help=LIST_HELP)
def list_letters(
    topic: Annotated[
        str | None, typer.Option("--topic", metavar="TOPIC", help="Only of this topic: where the refused records lay.")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", metavar="REASON", help="Only of this reason.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="YYYY-MM-DD", help="Only what was refused on this day (+08:00) or later.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="COUNT", help="How many are shown: the newest.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Each letter as a line of JSON.")] = False,
) -> None:
    """Print the newest letters."""
    refused_since = None if since is None else _day(since)
    topics = [_one_of("--topic", topic, sorted(refusable()))] if topic else sorted(refusable())
    chosen = _one_of("--reason", reason, get_args(Reason)) if reason else None
    found = asyncio.run(kafka_listing(_settings(), topics, json_row if as_json else row, limit, chosen, refused_since))
    for text in found.rows:
        print(text)
    sys.stdout.flush()
    for line in summary(found):
        print(line, file=sys.stderr)


SHOW_HELP = """Show a dead letter whole: why it was refused, its key, headers and payload, which hold a person's data.

    The letters of one id are shown one after the other, the newest last: of two services, or of a record that was read again. What cannot be shown is
    escaped; --payload prints the bytes as they came, nothing else, to be mended. In binary mode (headers ce_...) the payload is the event's data alone.
    An unknown id: status 3. Servers: KAFKA_BOOTSTRAP_SERVERS; topics begin with MEDAID_PREFIX.

    \b
    Examples:
      medaid dlq show hospital.claims.v1/2/117
      medaid dlq show hospital.claims.v1/2/117 --payload > mend.json
"""

LetterId = Annotated[str, typer.Argument(metavar="ID", help="The letter's id: TOPIC/PARTITION/OFFSET of the refused record.")]


@app.command(help=SHOW_HELP)
def show(
    letter_id: LetterId,
    payload: Annotated[bool, typer.Option("--payload", help="Print the payload's bytes alone, as they came.")] = False,
) -> None:
    """Print the letters of one id, or the bytes of the newest's payload."""
    letters = asyncio.run(kafka_letters(_settings(), letter_id))[0]
    if not payload:
        sys.stdout.write("\n".join(map(block, letters)))
        return
    newest = letters[-1]
    sys.stdout.buffer.write(newest.refused.value or b"")
    if newest.data.length is not None:
        print(f"medaid: warning: only the first 64 KiB of {newest.data.length} bytes are in the letter", file=sys.stderr)
    if newest.refused.value is None:
        print("medaid: warning: the refused record had no payload", file=sys.stderr)


REPLAY_HELP = """Send a refused record again, into the topic in which it lay: as it came, or with the mended bytes of --payload.

    Key and headers are the letter's (--drop-headers leaves the headers out: for a mended event in structured mode that came in binary mode). It goes to
    the home partition of its person, and the place where it lies then is printed. Source, id, type, person and claim stay those of the letter. What the
    letter does not say, and a record refused for its source, is its sender's to mend, or takes two operators: the first is told that it is proposed
    (status 3), the second sends it with the same command and file under another --operator. The audit topic is told of both, before anything is sent.
    Once a letter: then only the very same may be sent again, which is harmless, for a claim that is known is not paid again.
    What would be refused again at once is not sent, and told with reason and detail: status 3, as for an unknown id; --force sends it all the same, unless
    it is too large. A duplicate, or an error in deciding, shows only when it is decided: look for a letter of the new place. Only topics that others write
    are written to. When Kafka does not answer (status 5), it may have been written. KAFKA_BOOTSTRAP_SERVERS; topics begin with MEDAID_PREFIX.

    \b
    Examples:
      medaid dlq replay identity.events.v1/0/9
      medaid dlq replay hospital.claims.v1/2/117 --payload mend.json
      medaid dlq replay hospital.claims.v1/2/117 --payload mend.json --operator wang
"""


@app.command(help=REPLAY_HELP)
def replay(
    letter_id: LetterId,
    payload: Annotated[
        Path | None, typer.Option("--payload", exists=True, dir_okay=False, readable=True, metavar="FILE", help="The mended payload.")
    ] = None,
    drop_headers: Annotated[bool, typer.Option("--drop-headers", help="Send a mended payload without the letter's headers.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Send what would be refused again, too.")] = False,
    operator: Annotated[
        str, typer.Option("--operator", metavar="NAME", help="Who sends it, for the audit; by default the user of this system.")
    ] = "",
    readings: Readings = None,
    folder: PoliciesFolder = None,
) -> None:
    """Send one record again.

    Raises:
        Failure: There is no such letter, or its record is not to be sent.
    """
    if drop_headers and payload is None:
        raise Failure(Exit.USAGE, "--drop-headers: only with --payload FILE")
    check_topic(letter_id)
    policies, settings = policies_with(readings, folder), _settings()
    value = None if payload is None else payload.read_bytes()
    letters, partitions = asyncio.run(kafka_letters(settings, letter_id))
    letter = letters[-1]
    record = at_home(mended(letter, value, drop_headers=drop_headers), partitions)
    refused = refusal(policies, record)
    if refused is not None and (not force or refused.reason == "too_large"):  # Kafka may not even take it, after the audit was told
        raise Failure(Exit.REFUSED, f"{letter_id}: not sent, it would be refused again: {refused.reason}: {refused}")
    clerk = Clerk(f"cli:{_operator(operator)}", socket.gethostname()[:64] or "unknown", partitions, datetime.now(LOCAL))
    try:
        print(asyncio.run(send_again(settings, letter_id, mending(letter, record), clerk)))
    except Stop as stop:
        raise Failure(Exit.REFUSED, f"{letter_id}: not sent: {stop}") from stop


def _operator(name: str) -> str:
    """Who it is.

    Raises:
        Failure: That is no name.
    """
    try:
        found = name or getpass.getuser()
    except (KeyError, OSError):  # in a container a user may have none
        found = f"uid-{os.getuid()}"
    if not (found.isprintable() and 1 <= len(found) <= OPERATOR_LENGTH_MAX):
        raise Failure(Exit.USAGE, f"--operator {found}: expected 1 to {OPERATOR_LENGTH_MAX} characters that are seen")
    return found


def _settings() -> Settings:
    """The environment's; only warnings are logged."""
    settings = Settings.from_env()
    logging.configure(Settings(log_level="warning"))
    return settings


def _one_of(option: str, given: str, known: Collection[str]) -> str:
    """`given`.

    Raises:
        Failure: It is not among those known.
    """
    if given not in known:
        raise Failure(Exit.USAGE, f"{option} {given}: one of {', '.join(known)}")
    return given


def _day(text: str) -> date:
    """The day meant by `--since`.

    Raises:
        Failure: It is none.
    """
    try:
        return day_from_text(text)
    except ValueError as error:
        raise Failure(Exit.USAGE, f"--since {text}: expected {error}") from None
