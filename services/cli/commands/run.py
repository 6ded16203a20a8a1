"""`medaid run`: the services on Kafka and Redis, until SIGTERM."""

import asyncio
import ctypes
import importlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated

import structlog
import typer

from services.cli.failure import Exit, Failure, refuse
from services.cli.options import PoliciesFolder
from services.console.settings import ConsoleSettings
from services.policy.tree import PolicyError, ReadingError
from services.runtime import logging
from services.runtime.pump import PumpApp, run_app
from services.runtime.settings import Settings, describe


class Runnable(StrEnum):
    """What can be run."""

    IDENTITY = "identity"
    SETTLEMENT = "settlement"
    MONITORING = "monitoring"
    CONSOLE = "console"
    ALL = "all"


RESTART_S = 1.0
"""Before a child that was killed is started again."""

log = structlog.get_logger(__name__)

TOGETHER = (Runnable.IDENTITY, Runnable.SETTLEMENT, Runnable.MONITORING, Runnable.CONSOLE)
"""What `all` runs, each in a process of its own: they share no lock, and use as many processors."""

HELP = """Run a service on Kafka and Redis until SIGTERM or Ctrl-C.

    `all` runs the four services, each in a process of its own; with MEDAID_HEALTH_PORT set they listen there and on the next three ports.
    One that is killed is started again. Several processes of one service share its lanes. A Kafka or Redis that is away is waited for.
    A region whose policy files have faults is not served, the others are: each fault is an error in the log, and stands on /ready.
    SIGTERM finishes the batch in hand and ends with status 0; status 1 means that an operator must look, and the last log line says at what.
    Logs are JSON lines on standard error; the line `health and metrics served` names the port of /live, /ready and /metrics, and the line
    `console served` that of the console's pages. `medaid console user` makes the entries of its local users.

    \b
    Examples:
      medaid run settlement
      KAFKA_BOOTSTRAP_SERVERS=kafka:9092 REDIS_URL=redis://redis:6379/0 medaid run all

    \b
    Settings, from the environment:
"""


def help_text() -> str:
    """What `--help` says, with every setting."""
    return HELP + "\n".join(f"      {line}" for line in describe(ConsoleSettings).splitlines())


def run(
    service: Annotated[Runnable, typer.Argument(metavar="SERVICE", help="identity, settlement, monitoring, console, or all.")],
    folder: PoliciesFolder = None,
) -> None:
    """Run one service here, or all of them below this process.

    Raises:
        Failure: Readings or the site's own thresholds cannot be used.
        SystemExit: An operator must look.
    """
    if folder is not None:
        os.environ["MEDAID_POLICIES"] = str(folder)  # for the children, too
    settings = ConsoleSettings.from_env()
    if service is Runnable.ALL:
        status = asyncio.run(_run_together(settings))
        if status:
            raise SystemExit(status)
        return
    logging.configure(settings)
    signal.signal(signal.SIGTERM, _leave)
    try:
        app = _app(service, settings)
    except ReadingError as error:
        raise Failure(Exit.USAGE, f"MEDAID_READINGS: {str(error).splitlines()[0]}") from None
    except PolicyError as error:
        refuse(str(error).splitlines())
    run_app(app)


def _app(service: Runnable, settings: ConsoleSettings) -> PumpApp:
    """The app of a service; its module is loaded here, so that no service loads what another needs alone."""
    build: Callable[[Settings], PumpApp] = importlib.import_module(f"services.{service.value}.app").build
    return build(settings)


def _leave(*_: object) -> None:
    """What SIGTERM does until the app has a loop to finish its batches in: there is nothing to finish yet.

    Raises:
        SystemExit: Always, with status 0.
    """
    raise SystemExit(Exit.DONE)


async def _run_together(settings: Settings) -> int:
    """Run each service as a child until SIGTERM. One that dies is started again; one that says that an operator must look ends all.

    Returns:
        The status of the child that ended all, 0 after SIGTERM.
    """
    logging.configure(settings)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    statuses = await asyncio.gather(*(_keep(command, environment, stopping) for command, environment in _commands(settings)))
    return next((status for status in statuses if status), 0)


async def _keep(command: Sequence[str], environment: Mapping[str, str], stopping: asyncio.Event) -> int:
    """Keep one child running until `stopping`. Returns the status that an operator must look at, else 0."""
    while True:
        child = await asyncio.create_subprocess_exec(*command, env=environment, preexec_fn=_die_with_parent)
        ended, told = asyncio.create_task(child.wait()), asyncio.create_task(stopping.wait())
        await asyncio.wait([ended, told], return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if stopping.is_set():
            if child.returncode is None:
                child.terminate()
            return max(0, await ended)
        status = ended.result()
        if status >= 0:
            log.error("a service ended, ending the others", service=command[-1], status=status)
            stopping.set()
            return status
        log.error("a service was killed, starting it again", service=command[-1], signal=-status)
        await asyncio.sleep(RESTART_S)


def _die_with_parent() -> None:
    """In the child: SIGTERM when its parent is gone, however it went (Linux's PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _commands(settings: Settings) -> Sequence[tuple[list[str], dict[str, str]]]:
    """The command and environment of each child."""
    commands = []
    for place, service in enumerate(TOGETHER):
        port = str(settings.health_port + place) if settings.health_port else "0"
        command = [sys.executable, "-m", "services.cli", "run", service.value]
        commands.append((command, {**os.environ, "MEDAID_HEALTH_PORT": port}))
    return commands
