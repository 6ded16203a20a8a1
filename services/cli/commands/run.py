"""`medaid run`: the services on Kafka and Redis, until SIGTERM."""

import asyncio
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from services.cli.failure import Exit, Failure
from services.policy.tree import PolicyError
from services.runtime import logging
from services.runtime.pump import run_app
from services.runtime.settings import Settings, describe


class Runnable(StrEnum):
    """What can be run."""

    IDENTITY = "identity"
    SETTLEMENT = "settlement"
    MONITORING = "monitoring"
    ALL = "all"


TOGETHER = (Runnable.IDENTITY, Runnable.SETTLEMENT, Runnable.MONITORING)
"""What `all` runs, each in a process of its own: they share no lock, and use as many processors."""

HELP = """Run a service on Kafka and Redis until SIGTERM or Ctrl-C.

    `all` runs the three services, each in a process of its own; with MEDAID_HEALTH_PORT set they listen there and on the next two ports.
    Several processes of one service share its lanes. A Kafka or Redis that is away is waited for. SIGTERM finishes the batch in hand and ends with
    status 0; status 1 means that an operator must look, and the last log line says at what. Logs are JSON lines on standard error.

    \b
    Examples:
      medaid run settlement
      KAFKA_BOOTSTRAP_SERVERS=kafka:9092 REDIS_URL=redis://redis:6379/0 medaid run all

    \b
    Settings, from the environment:
"""


def help_text() -> str:
    """What `--help` says, with every setting."""
    return HELP + "\n".join(f"      {line}" for line in describe().splitlines())


def run(service: Annotated[Runnable, typer.Argument(metavar="SERVICE", help="identity, settlement, monitoring, or all.")]) -> None:
    """Run one service here, or all of them below this process.

    Raises:
        Failure: MEDAID_READINGS or MEDAID_THRESHOLDS cannot be used.
        SystemExit: An operator must look.
    """
    settings = Settings.from_env()
    if service is Runnable.ALL:
        status = asyncio.run(_run_together(settings))
        if status:
            raise SystemExit(status)
        return
    logging.configure(settings)
    signal.signal(signal.SIGTERM, _leave)
    try:
        app = importlib.import_module(f"services.{service.value}.app").build(settings)
    except (OSError, PolicyError) as error:
        raise Failure(Exit.USAGE, f"MEDAID_READINGS or MEDAID_THRESHOLDS: {str(error).splitlines()[0]}") from None
    run_app(app)


def _leave(*_: object) -> None:
    """What SIGTERM does until the app has a loop to finish its batches in: there is nothing to finish yet.

    Raises:
        SystemExit: Always, with status 0.
    """
    raise SystemExit(Exit.DONE)


async def _run_together(settings: Settings) -> int:
    """Run each service as a child; a signal, or the first that ends, ends the others. Returns the first status that is not 0."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    children = [await asyncio.create_subprocess_exec(*command, env=environment) for command, environment in _commands(settings)]
    ends = [asyncio.create_task(child.wait()) for child in children]
    signalled = asyncio.create_task(stopping.wait())
    await asyncio.wait([*ends, signalled], return_when=asyncio.FIRST_COMPLETED)
    signalled.cancel()
    for child in children:
        if child.returncode is None:
            child.terminate()
    statuses = [0 if status == -signal.SIGTERM else status for status in await asyncio.gather(*ends)]
    return next((max(status, int(Exit.BUG)) for status in statuses if status), 0)


def _commands(settings: Settings) -> Sequence[tuple[list[str], dict[str, str]]]:
    """The command and environment of each child."""
    commands = []
    for place, service in enumerate(TOGETHER):
        port = str(settings.health_port + place) if settings.health_port else "0"
        command = [sys.executable, "-m", "services.cli", "run", service.value]
        commands.append((command, {**os.environ, "MEDAID_HEALTH_PORT": port}))
    return commands
