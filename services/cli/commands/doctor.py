"""`medaid doctor`: whether this site is fit to run, a line a finding."""

import asyncio
import importlib
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from services.cli.failure import Exit, Failure
from services.console.settings import ConsoleSettings
from services.doctor.findings import Finding, Level, fail
from services.runtime import logging
from services.runtime.settings import Settings, WrongSetting

HELP = """Look at everything that the services need, and say how to mend what is not as it must be. Nothing is written to any server.

    One line a finding on standard output: ok, warn or FAIL, what was looked at and found, and how to mend it. Kafka and Redis: reached, version, how
    connections are secured, each right that the services need. Topics: there, partitions, replicas, settings, fronts. Redis: eviction, persistence,
    memory, formats of views. Clocks. Policies, readings, thresholds; editions of the newest results. The console's secret and users, open addresses. It
    looks by the settings of this process, so run it as each service runs: with --service, what that one needs alone. docs/doctor.md lists each check.

    --json: one document, {"services": [...], "fails": 0, "warns": 0, "findings": [{"level", "check", "what", "mend"}, ...]}; level is ok, warn or FAIL, check
    is stable. Exit status 0: nothing fails, 4: something does (a server that is away, too). Settings: `medaid run --help`.

    \b
    Examples:
      medaid doctor
      medaid doctor --service settlement --json
"""


class Examined(StrEnum):
    """Which service is meant."""

    IDENTITY = "identity"
    SETTLEMENT = "settlement"
    MONITORING = "monitoring"
    CONSOLE = "console"


def doctor(
    service: Annotated[Examined | None, typer.Option("--service", help="Only what this service needs.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    folder: Annotated[
        Path | None, typer.Option("--policies", metavar="DIR", help="Folder of the site's policy files, instead of MEDAID_POLICIES.")
    ] = None,
) -> None:
    """Print what was found.

    Raises:
        Failure: Something fails.
    """
    logging.configure(Settings(log_level="error"))
    services = [one.value for one in Examined if service in (None, one)]
    findings = _findings(services, folder)
    fails = sum(finding.level is Level.FAIL for finding in findings)
    if json:
        print(_document(services, findings))
    else:
        for finding in findings:
            print(finding.line)
    if fails:
        sys.stdout.flush()
        raise Failure(Exit.DIFFERENT, f"{fails} of {len(findings)} checks fail")


def _findings(services: Sequence[str], folder: Path | None) -> Sequence[Finding]:
    """What was found; of settings that cannot be used, that alone."""
    try:
        settings = ConsoleSettings.from_env()
    except WrongSetting as wrong:
        return [fail("settings", str(wrong), "`medaid run --help` says what each variable means")]
    settings = settings if folder is None else settings.model_copy(update={"policies": str(folder)})
    examination: Any = importlib.import_module("services.doctor.examination")  # loaded here, for it brings all services
    found: Sequence[Finding] = asyncio.run(examination.examine(examination.Site(settings, tuple(services))))
    return found


def _document(services: Sequence[str], findings: Sequence[Finding]) -> str:
    """All findings as JSON."""
    counts = {f"{level.lower()}s": sum(finding.level is level for finding in findings) for level in (Level.FAIL, Level.WARN)}
    told = [{"level": str(one.level), "check": one.check, "what": one.what, "mend": one.mend} for one in findings]
    return orjson.dumps({"services": list(services), **counts, "findings": told}).decode()
