"""`medaid topics`: making Kafka's topics."""

import asyncio

import typer

from schemas.topics import load_topics
from services.runtime import logging
from services.runtime.settings import Settings, describe
from services.runtime.topics import create_topics

app = typer.Typer(rich_markup_mode=None, help="Make Kafka's topics.")

HELP = """Make the topics that are not there, and print their names; it may be repeated.

    4 partitions for each topic about persons (MEDAID_PARTITIONS), replication and min.insync.replicas the broker's defaults; kept for the days that
    schemas/topics.yaml says, the ledger for ever. It ends when every partition has its leader: start senders then. A topic that is there with
    another number of partitions is refused with status 4, for persons would move to other homes. So is one whose settings would lose money (retention,
    compaction, times by the sender, too small records, too few replicas in sync), with the command that mends it; one that keeps more is told. Nothing
    that is there is altered. Kafka away: status 5.

    \b
    Example:
      KAFKA_BOOTSTRAP_SERVERS=kafka:9092 medaid topics create

    \b
    Settings, from the environment:
"""


def help_text() -> str:
    """What `--help` says, with every setting."""
    return HELP + "\n".join(f"      {line}" for line in describe().splitlines())


@app.command(help=help_text())
def create() -> None:
    """Make the topics."""
    settings = Settings.from_env()
    logging.configure(settings)
    for name in asyncio.run(create_topics(settings, load_topics())):
        print(name)


@app.callback()
def _topics() -> None:
    """Keeps `create` a word of its own while it is the only one."""
