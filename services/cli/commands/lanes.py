"""`medaid lanes`: where the services' lanes stand, and what only an operator may decide of them."""

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from schemas.foreign import visible
from services.cli.failure import Exit, Failure
from services.cli.lane_status import standings
from services.cli.options import Operator, Reason, check_words
from services.cli.ruling import accept_loss, skip_record
from services.console.service import ConsoleService
from services.ledger.services import all_services
from services.policy.library import load_policies
from services.runtime import logging
from services.runtime.service import AnyService
from services.runtime.settings import Settings

app = typer.Typer(rich_markup_mode=None, help="Show where the lanes stand; decide what a stopped lane may pass over.")

STATUS_HELP = """Show where each lane stands in each of its inputs, one line each: service, topic/partition, where it reads on, where the log begins and ends.

    LOST: Kafka deleted records before the service had read them, and how many offsets; the service stands still until an operator has said
    `medaid lanes accept-loss`. Then come topics whose settings are not as described, with the command that mends each, and the records that operators have
    skipped. Nothing is changed. Exit status 0: nothing stops a lane, 4: something does, 5: Kafka is away. Servers: KAFKA_BOOTSTRAP_SERVERS; topics begin
    with MEDAID_PREFIX.

    \b
    Examples:
      medaid lanes status
      medaid lanes status --service settlement
"""

ACCEPT_HELP = """Accept that input was deleted unread, so that the lane goes on where the log now begins.

    A lane stops when Kafka has deleted records of an input that its service had not read: claims or statuses are missing then, and only their senders can
    send them again. Find out why (the topic's retention, somebody's delete-records) and which senders are concerned first. Then say this for each
    partition that the last log line, or `medaid lanes status`, names, and start the service. What it accepts ends where the log begins now: a later loss is
    another one. It is told on the audit topic, with your name and reason; the place of that event is printed. Saying it twice changes nothing.
    Nothing lost there, or a topic that is kept for ever, which must be restored: status 3. Servers: KAFKA_BOOTSTRAP_SERVERS; topics begin with MEDAID_PREFIX.

    \b
    Example:
      medaid lanes accept-loss --service settlement --topic hospital.claims.v1 --partition 2 --operator li --reason "retention was 7 days; H-7733 sends again"
"""

SKIP_HELP = """Skip one foreign record in a topic that medaid alone should write: every heal passes over it from now on, and over nothing else.

    For a lane that stopped at a record which it cannot understand; the line that it logged names topic, partition and offset. Find out who wrote it, and
    take the right from him, first. A record that can be read as an event of its topic is refused with status 3, for to pass over a result of ours is to pay
    again: --force, when you know that it is none of ours. It is told on the audit topic, with your name and reason; the place of that event is printed.
    Saying it twice changes nothing. No record at that place: status 3. Servers: KAFKA_BOOTSTRAP_SERVERS; topics begin with MEDAID_PREFIX.

    \b
    Example:
      medaid lanes skip --topic settlement.results.v1 --partition 0 --offset 90211 --operator li --reason "a load test against the wrong cluster"
"""


class Laned(StrEnum):
    """Who has lanes."""

    IDENTITY = "identity"
    SETTLEMENT = "settlement"
    MONITORING = "monitoring"
    CONSOLE = "console"


Topic = Annotated[str, typer.Option("--topic", metavar="TOPIC", help="The topic, without the site's prefix.")]
Partition = Annotated[int, typer.Option("--partition", min=0, metavar="P", help="Its partition.")]


@app.command(help=STATUS_HELP)
def status(
    service: Annotated[Laned | None, typer.Option("--service", help="Only of this service.")] = None,
) -> None:
    """Print where the lanes stand.

    Raises:
        Failure: Input is lost, or a topic's settings would lose money.
    """
    chosen = [found for found in _services() if service is None or found.name == service.value]
    stopping = 0
    for standing in asyncio.run(standings(_settings(), chosen)):
        stopping += standing.stops
        print(standing.line)
    if stopping:
        raise Failure(
            Exit.DIFFERENT,
            f"{stopping} things stop lanes: input that was lost, or settings of topics; `medaid lanes status --help` says more",
        )


@app.command("accept-loss", help=ACCEPT_HELP)
def accept(
    service: Annotated[Laned, typer.Option("--service", help="Whose lane it is.")],
    topic: Topic,
    partition: Partition,
    operator: Operator,
    reason: Reason,
) -> None:
    """Accept a loss.

    Raises:
        Failure: The service does not read the topic, or nothing is lost there.
    """
    inputs = next(found.inputs for found in _services() if found.name == service.value)
    if topic not in inputs:
        raise Failure(Exit.USAGE, f"--topic {visible(topic)}: {service.value} reads {', '.join(inputs)}")
    check_words(operator, reason)
    print(asyncio.run(accept_loss(_settings(), service.value, topic, partition, operator, reason)))


@app.command(help=SKIP_HELP)
def skip(
    topic: Topic,
    partition: Partition,
    offset: Annotated[int, typer.Option("--offset", min=0, metavar="O", help="The record's offset.")],
    operator: Operator,
    reason: Reason,
    force: Annotated[bool, typer.Option("--force", help="Skip what can be read as an event of its topic, too.")] = False,
) -> None:
    """Skip a record."""
    check_words(operator, reason)
    print(asyncio.run(skip_record(_settings(), topic, partition, offset, operator, reason, force=force)))


def _services() -> list[AnyService]:
    """Everything that has lanes."""
    policies = load_policies()
    return [*all_services(policies), ConsoleService(policies)]


def _settings() -> Settings:
    """The environment's; only warnings are logged."""
    settings = Settings.from_env()
    logging.configure(Settings(log_level="warning"))
    return settings
