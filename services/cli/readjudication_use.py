"""What the options of `medaid readjudicate` mean, and which go together: all of it is looked at before anything is read."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer

from services.cli.failure import Exit, Failure, refuse
from services.cli.options import policies_with
from services.ledger.readjudication.anew import Change
from services.ledger.readjudication.chosen import Scope
from services.ledger.readjudication.given import with_file
from services.ledger.verify.files import check_is_ledger
from services.policy.library import Policies, switched_from_text
from services.policy.sources import source_of
from services.policy.tree import PolicyError


def check_source(source: str) -> None:
    """Look whether `source` is Kafka, or a file of output events.

    Raises:
        Declined: The file holds something else.
        Failure: It is neither, or cannot be read.
    """
    if source == "redis":
        raise Failure(Exit.USAGE, "--from redis: expected FILE or kafka, for Redis holds no results")
    if source == "kafka":
        return
    try:
        check_is_ledger(Path(source), "take")
    except OSError as error:
        raise Failure(Exit.REFUSED, f"--from {source}: cannot be read: {error.strerror}") from None


OWN: Mapping[str, str] = {"--readings": "readings", "--policies": "folder"}
"""Options whose variable settlement has for itself, and their parameters."""


def check_can_send(has_policy: bool, source: str, typed: Sequence[str], yes: bool) -> None:
    """Whether requests can lead to what is told; `typed`: those of `OWN` that were given on the command line.

    Raises:
        Failure: Settlement would settle by something else, or nobody can be asked.
    """
    if has_policy:
        raise Failure(
            Exit.USAGE,
            "--policy: only with --dry-run; services settle by their own files: put FILE there, restart settlement, then ask without it",
        )
    if typed:
        variable = f"MEDAID_{typed[0].removeprefix('--').upper()}"
        raise Failure(
            Exit.USAGE, f"{typed[0]}: only with --dry-run; settlement settles by its own {variable}: set it for both, then ask without it"
        )
    if source != "kafka":
        raise Failure(Exit.USAGE, f"--from {source}: only with --dry-run; requests are sent to Kafka, for what lies there")
    if not yes and not sys.stdin.isatty():
        raise Failure(Exit.USAGE, "no terminal to ask on: --dry-run tells what would change, --yes sends without asking")


def typed_in(context: typer.Context) -> Sequence[str]:
    """Which of `OWN` were given on the command line itself, not by the environment."""
    found = {option: context.get_parameter_source(parameter) for option, parameter in OWN.items()}
    return [option for option, source in found.items() if source is not None and source.name == "COMMANDLINE"]


def policies_of(readings: list[str] | None, folder: Path | None, file: Path | None, scope: Scope) -> Policies:
    """The policies to settle by.

    Raises:
        Failure: There is no such region, or the file cannot be used.
    """
    policies = policies_with(readings, folder)
    if scope.region not in policies.current:
        raise Failure(Exit.USAGE, f"--region {scope.region}: one of {', '.join(policies.regions())}")
    if file is None:
        return policies
    try:
        return with_file(policies, source_of(file), switched_from_text(",".join(readings or [])).get(scope.region, {}), scope)
    except PolicyError as error:
        refuse(str(error).splitlines())


@contextmanager
def lines_to(out: Path | None, source: str) -> Iterator[Callable[[Change], object]]:
    """What takes each change.

    Raises:
        Failure: The file cannot be written, or is the ledger.
    """
    if out is None:
        yield lambda _: None
        return
    if out.exists() and source != "kafka" and out.samefile(source):
        raise Failure(Exit.USAGE, f"--out: {out} is the ledger to read")
    try:
        file = out.open("wb")
    except OSError as error:
        raise Failure(Exit.USAGE, f"--out: {out} cannot be written: {error.strerror}") from None
    with file:
        yield lambda change: file.write(change.line())
