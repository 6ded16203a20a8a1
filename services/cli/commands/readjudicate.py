"""`medaid readjudicate`: what a region's year would be worth under the policy now running, or under a file; and the requests that make it so."""

import asyncio
import socket
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from services.cli.failure import Exit, Failure
from services.cli.options import Lang, Language, PoliciesFolder, Readings, check_words
from services.cli.progress import progress
from services.cli.readjudication_text import question, report
from services.cli.readjudication_use import check_can_send, check_source, lines_to, policies_of, typed_in
from services.ledger.readjudication.chosen import Scope
from services.ledger.readjudication.reckoning import Reckoning, reckon_file
from services.ledger.readjudication.requests import Asker, Needed
from services.ledger.readjudication.servers import reckon_servers, send_servers
from services.ledger.verify.files import records_of
from services.runtime import logging
from services.runtime.errors import Doubt
from services.runtime.letters import LOCAL
from services.runtime.records import Record
from services.runtime.settings import Settings

HELP = """Settle a region's year anew under the policy now running: what would change, and the requests that make it so.

    A person-year stays under the edition of its newest result until an operator asks for the present one. --dry-run reads the ledger, settles each year
    anew by settlement's own function, and writes nowhere: by reason and category how many claims change and by how much, the largest differences, the
    total, how many persons would pay back; amounts in yuan. --policy FILE: under a file that does not run yet. --out FILE: a line of JSON for each claim
    that changes, with persons' ids; same ledger, same bytes.

    Without --dry-run the same is told, then asked on the terminal (or --yes), then operator.readjudication.requested.v1 is sent for each person whose
    year changes or would stay under another edition, at --rate a second, under --operator (cli:NAME) and --reason; settlement publishes the differences.
    The audit topic is told first. Broken off, run it again: no request is sent twice. MEDAID_READINGS must be what settlement runs with.
    Exit status 0: done, 2: wrong use, 3: no such year, a ledger that is not in order, faults in FILE, 4: a topic has lost its front, 5: Kafka is away.
    Memory: one partition at a time, about 2 KiB for each of its claims of that region and year; a file is one partition. Servers:
    KAFKA_BOOTSTRAP_SERVERS; topics begin with MEDAID_PREFIX. More: docs/readjudication.md

    \b
    Examples:
      medaid readjudicate --region REGION --year 2026 --policy mended.yaml --dry-run
      medaid readjudicate --region REGION --year 2026 --dry-run --out changes.jsonl
      medaid readjudicate --region REGION --year 2026 --operator li --reason "limit of the year corrected"
"""

RATE = 50.0


def readjudicate(
    context: typer.Context,
    region: Annotated[str, typer.Option("--region", metavar="REGION", help="The region's code.")],
    year: Annotated[int, typer.Option("--year", min=1900, max=2100, metavar="YEAR", help="The calendar year that the claims count in.")],
    person: Annotated[str | None, typer.Option("--person", metavar="PERSON", help="Only this person's year.")] = None,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", exists=True, dir_okay=False, metavar="FILE", help="Under this file instead; only with --dry-run."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would change.")] = False,
    source: Annotated[
        str, typer.Option("--from", metavar="FILE|kafka", help="The ledger; a FILE of output events only with --dry-run.")
    ] = "kafka",
    out: Annotated[
        Path | None, typer.Option("--out", dir_okay=False, metavar="FILE", help="Write each change there, as JSON lines.")
    ] = None,
    operator: Annotated[str, typer.Option("--operator", metavar="NAME", help="Who asks: 1 to 112 characters, for the ledger.")] = "",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why: 1 to 500 characters.")] = "",
    rate: Annotated[float, typer.Option("--rate", min=0.1, metavar="COUNT", help="Requests a second, at most.")] = RATE,
    yes: Annotated[bool, typer.Option("--yes", help="Send without asking.")] = False,
    lang: Lang = Language.EN,
    readings: Readings = None,
    folder: PoliciesFolder = None,
) -> None:
    """Tell what would change, and send the requests unless it is a dry run.

    Raises:
        Declined: The ledger cannot be settled anew.
        Failure: Options that do not go together, or requests that were not sent.
    """
    logging.configure(Settings(log_level="warning"))
    if not dry_run:
        check_can_send(policy is not None, source, typed_in(context), yes)
        check_words(operator, reason)
    scope = Scope(region, year, person)
    policies = policies_of(readings, folder, policy, scope)
    check_source(source)
    with lines_to(out, source) as say:
        reckoning = Reckoning(policies, scope, say)
        partitions = asyncio.run(_reckon(reckoning, source))
    editions = list(dict.fromkeys(one.edition for one in policies.current[region]))
    for line in report(str(scope), ", ".join(editions), reckoning.totals, lang.value):
        print(line)
    sys.stdout.flush()
    if not dry_run and _is_agreed(reckoning, yes, lang.value):
        asker = Asker(f"cli:{operator}", socket.gethostname()[:64] or "unknown", reason, datetime.now(LOCAL))
        told = asker.told(scope, reckoning.totals, editions, partitions)
        _send(told, (asker.record(needed, partitions) for needed in _in_any_lane(reckoning)), len(reckoning.needed), rate)


async def _reckon(reckoning: Reckoning, source: str) -> int:
    """Reckon the ledger in `source`. Returns: how many partitions its topics have."""
    with progress() as bar:
        task = bar.add_task("reckoning", total=None)
        reckoning.step = lambda records: bar.advance(task, records)
        if source == "kafka":
            return await reckon_servers(reckoning, Settings.from_env(), lambda records: bar.update(task, total=records))
        await reckon_file(reckoning, lambda: records_of(Path(source)), source)
        return 1


def _in_any_lane(reckoning: Reckoning) -> list[Needed]:
    """What is to be asked for, mixed, so that no lane gets all of it at once."""
    return sorted(reckoning.needed, key=lambda needed: needed.digest)


def _is_agreed(reckoning: Reckoning, yes: bool, lang: str) -> bool:
    """Whether the requests may be sent."""
    if not reckoning.needed:
        print("nothing to ask for", file=sys.stderr)
        return False
    if not yes:
        print(question(reckoning.totals, lang), end="", file=sys.stderr, flush=True)
        yes = sys.stdin.readline().strip().lower() in ("y", "yes")
    if not yes:
        print("nothing was sent", file=sys.stderr)
    return yes


def _send(told: Record, records: Iterable[Record], total: int, rate: float) -> None:
    """Tell the audit, send the requests, so many in all, and tell how many were.

    Raises:
        Failure: Kafka is away.
        KeyboardInterrupt: Somebody broke it off.
    """
    done = 0

    with progress() as bar:
        task = bar.add_task("asking", total=total)

        def sent(number: int) -> None:
            nonlocal done
            done = number
            bar.update(task, completed=number)

        try:
            asyncio.run(send_servers(Settings.from_env(), told, records, rate, sent))
        except Doubt as doubt:
            raise Failure(Exit.AWAY, f"{doubt}; {done} of {total} requests are sent, the same command goes on") from doubt
        except KeyboardInterrupt:
            print(f"broken off: {done} of {total} requests are sent, the same command goes on", file=sys.stderr)
            raise
    print(f"{done} requests are sent", file=sys.stderr)
