"""`medaid ledger`: the ledger verified, a view built anew from it."""

import asyncio
import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from schemas.catalogue import AUDIT
from services.cli.failure import Exit, Failure, refuse
from services.cli.options import Lang, Language, PoliciesFolder, Readings, policies_with
from services.cli.progress import progress
from services.console.service import ConsoleService
from services.ledger.rebuild import rebuild as rebuild_view
from services.ledger.services import all_services
from services.ledger.shelves import RedisShelves
from services.ledger.verify.differences import Difference, Summary
from services.ledger.verify.files import check_is_ledger, records_of
from services.ledger.verify.servers import verify_redis, verify_servers
from services.ledger.verify.verification import Verification, verify_file
from services.policy.library import Policies
from services.policy.tree import PolicyError
from services.runtime import logging
from services.runtime.kafka import AioKafkaBroker
from services.runtime.records import TopicPartition
from services.runtime.service import AnyService
from services.runtime.settings import Settings

app = typer.Typer(rich_markup_mode=None, help="Verify the ledger, and build Redis anew from it.")

VERIFY_HELP = """Verify the ledger: every claim's revisions, every amount, and what Redis holds of it.

    The ledger topic is folded and looked at in three ways. Its own form: revisions once and in order, sequences without holes, deltas and components
    that add up. A fresh adjudication of the claims that the results carry, by the newest statuses that settlement has settled, under the edition that
    each year stands under. Redis: every document and claim key of settlement's view, both ways, at the view's own watermark; so it is right while the
    services run. Nothing is written anywhere.

    A FILE of output events (`medaid replay --out`) is checked in the first two ways; `redis` adjudicates anew what Redis holds.

    Each difference is one line on standard output: kind (form, anew, redis, index, watermark), claim or person-year, field, what the ledger says, what
    the other side says; amounts in yuan with 2 decimals. The last line sums up. Exit status 0: no difference, 4: differences, or a topic
    has lost its front, 5: a server is away, or the view is just being rebuilt. Memory: one partition at a time, about 2.5 KiB for each of its claims; a
    file as a whole.

    \b
    Examples:
      medaid ledger verify
      medaid ledger verify --from settled.jsonl --lang zh
      medaid ledger verify --from redis
"""


REBUILD_HELP = """Empty a service's view in Redis, and heal it from Kafka.

    Workers may run meanwhile: they wait until it is done and go on by themselves; nothing is settled twice. Without workers it does the same. Broken
    off, run it again; until then the workers of that service wait. Progress, and a line that says what was done, go to standard error. Exit status 0:
    done, 4: Kafka has lost records, 5: a server is away.

    \b
    Examples:
      medaid ledger rebuild
      medaid ledger rebuild --service monitoring && medaid ledger verify
"""


class Rebuildable(StrEnum):
    """Whose view can be rebuilt."""

    IDENTITY = "identity"
    SETTLEMENT = "settlement"
    MONITORING = "monitoring"
    CONSOLE = "console"


@app.command(help=VERIFY_HELP)
def verify(
    source: Annotated[
        str, typer.Option("--from", metavar="FILE|kafka|redis", help="What to verify; from kafka, Redis is compared too.")
    ] = "kafka",
    lang: Lang = Language.EN,
    readings: Readings = None,
    folder: PoliciesFolder = None,
) -> None:
    """Print what differs, and a summary.

    Raises:
        Declined: The file cannot be verified.
        Failure: Something differs.
    """
    logging.configure(Settings(log_level="warning"))
    policies = policies_with(readings, folder)
    if source not in ("kafka", "redis"):
        check_is_ledger(Path(source))
    summary = asyncio.run(_verify(source, policies, lang.value))
    print(summary.line(lang.value))
    if summary.differences:
        sys.stdout.flush()
        raise Failure(Exit.DIFFERENT, f"{summary.differences} differences in {source}")


async def _verify(source: str, policies: Policies, lang: str) -> Summary:
    """Verify the source, and print each difference as it is found."""

    def say(difference: Difference) -> None:
        print(difference.line(lang, "redis" if source == "redis" else "ledger"))

    with progress() as bar:
        task = bar.add_task("verifying", total=None)
        verification = Verification(policies, say, lambda records: bar.advance(task, records))
        if source == "kafka":
            await verify_servers(verification, Settings.from_env(), lambda records: bar.update(task, total=records))
        elif source == "redis":
            await verify_redis(verification, Settings.from_env())
        else:
            await verify_file(verification, lambda: records_of(Path(source)))
    return verification.summary


@app.command(help=REBUILD_HELP)
def rebuild(
    service: Annotated[
        Rebuildable, typer.Option("--service", help="Whose view: identity, settlement, monitoring or console.")
    ] = Rebuildable.SETTLEMENT,
    readings: Readings = None,
    folder: PoliciesFolder = None,
) -> None:
    """Rebuild one view.

    Raises:
        Failure: A reading, a policy file or a file of thresholds cannot be used.
    """
    settings = Settings.from_env()
    logging.configure(settings.model_copy(update={"log_level": "warning"}))
    policies = policies_with(readings, folder)
    try:
        known: dict[str, AnyService] = {one.name: one for one in [*all_services(policies), ConsoleService(policies)]}
    except PolicyError as error:
        refuse(str(error).splitlines())
    print(asyncio.run(_rebuild(known[service.value], settings)), file=sys.stderr)


async def _rebuild(service: AnyService, settings: Settings) -> str:
    """Rebuild the view of `service`. Returns what is told of it."""
    broker = AioKafkaBroker(service.name, settings)
    await broker.prepare({*service.inputs, *service.state_topics, AUDIT})
    view = RedisShelves.of(settings, service.name, service.format, broker.partitions)
    keys = offsets = 0

    with progress() as bar:
        task = bar.add_task("emptying", total=None)

        def dropped(number: int) -> None:
            nonlocal keys
            keys = number
            bar.update(task, completed=keys)

        def step(number: int) -> None:
            nonlocal offsets
            offsets += number
            bar.update(task, description="healing", completed=offsets, total=offsets_total)

        offsets_total = sum((await broker.ends(_partitions(service.state_topics, broker.partitions))).values())
        try:
            await rebuild_view(service, broker, view, dropped, step)
        finally:
            await view.close()
            await broker.close()
    return f"{service.name}: {keys} keys dropped, {broker.partitions} lanes healed from {offsets} offsets"


def _partitions(topics: Iterable[str], number: int) -> list[TopicPartition]:
    """All partitions of `topics`."""
    return [TopicPartition(topic, lane) for topic in topics for lane in range(number)]
