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
        Failure: MEDAID_READINGS cannot be used.
        SystemExit: An operator must look.
    """
    settings = Settings.from_env()
    if service is Runnable.ALL:
        status = asyncio.run(_run_together(settings))
        if status:
            raise SystemExit(status)
        return
    logging.configure(settings)
    from services.runtime.pump import run_app  # FastStream takes its time to load, and only this command needs it

    try:
        app = importlib.import_module(f"services.{service.value}.app").build(settings)
    except PolicyError as error:
        raise Failure(Exit.USAGE, f"MEDAID_READINGS: {str(error).splitlines()[0]}") from None
    run_app(app)


async def _run_together(settings: Settings) -> int:
    """Run each service as a child; the first that ends ends the others. Returns the status of the first that did not end with 0."""
    children = [await asyncio.create_subprocess_exec(*command, env=environment) for command, environment in _commands(settings)]
    waiting = [asyncio.create_task(child.wait()) for child in children]

    def stop() -> None:
        for child in children:
            if child.returncode is None:
                child.terminate()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    stop()
    statuses = await asyncio.gather(*waiting)
    return next((abs(status) for status in statuses if status), 0)


def _commands(settings: Settings) -> Sequence[tuple[list[str], dict[str, str]]]:
    """The command and environment of each child."""
    commands = []
    for place, service in enumerate(TOGETHER):
        port = str(settings.health_port + place) if settings.health_port else "0"
        command = [sys.executable, "-m", "services.cli", "run", service.value]
        commands.append((command, {**os.environ, "MEDAID_HEALTH_PORT": port}))
    return commands
