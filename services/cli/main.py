"""The command `medaid`: which commands there are, and how each failure is told: in one line, with the status of `failure.Exit`."""

import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, NoReturn, cast

import typer

from schemas.foreign import visible
from services.cli.commands import (
    access,
    console,
    demo,
    dlq,
    doctor,
    explain,
    generate,
    lanes,
    ledger,
    person,
    policy,
    readjudicate,
    reform,
    replay,
    run,
    topics,
    year,
)
from services.cli.failure import Exit, Failure
from services.ledger.errors import Declined, Misnamed
from services.runtime.errors import Doubt, Stop
from services.runtime.settings import WrongSetting
from services.runtime.undumped import forbid_dumps

app = typer.Typer(
    name="medaid",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="""Settle medical assistance (医疗救助) of Chinese municipalities.

    \b
    Exit status: 0 done, 1 a bug, 2 wrong usage, 3 input refused, 4 a difference was found, 5 a server is away.
    Standard output carries data only; progress and complaints go to standard error.
    """,
)
app.command(help=replay.HELP)(replay.replay)
app.command(help=explain.HELP)(explain.explain)
app.add_typer(policy.app, name="policy")
app.command(help=generate.HELP)(generate.generate)
app.command(help=demo.HELP)(demo.demo)
app.command(help=run.help_text())(run.run)
app.add_typer(topics.app, name="topics")
app.add_typer(access.app, name="access")
app.add_typer(lanes.app, name="lanes")
app.add_typer(ledger.app, name="ledger")
app.command(help=readjudicate.HELP)(readjudicate.readjudicate)
app.command(help=reform.HELP)(reform.reform)
app.add_typer(year.app, name="year")
app.add_typer(person.app, name="person")
app.add_typer(dlq.app, name="dlq")
app.add_typer(console.app, name="console")
app.command(help=doctor.HELP)(doctor.doctor)

_UsageError = cast(type[Exception], typer.BadParameter.__bases__[0])
"""Every wrong use of the command line; typer gives it no public name."""


def _tell_version(asked: bool) -> None:
    """Print the version of the package and end.

    Raises:
        typer.Exit: It was asked for.
    """
    if asked:
        print(f"medaid {version('medaid')}")
        raise typer.Exit


@app.callback()
def _medaid(
    _version: Annotated[bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version and exit.")] = False,
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit.

    Raises:
        SystemExit: Always, with the command's status.
    """
    if arguments is None:  # the process is the command's alone
        forbid_dumps()
    try:
        status = app(args=arguments, prog_name="medaid", standalone_mode=False)
        sys.stdout.flush()
    except Failure as failure:
        status = _tell(failure.status, str(failure))
    except Declined as declined:
        status = _tell(Exit.USAGE if isinstance(declined, Misnamed) else Exit.REFUSED, str(declined))
    except Doubt as doubt:
        status = _tell(Exit.AWAY, str(doubt))
    except Stop as stop:
        status = _tell(Exit.DIFFERENT, str(stop))
    except WrongSetting as wrong:
        status = _tell(Exit.USAGE, str(wrong))
    except _UsageError as error:
        wrong_use: Any = error
        status = _tell(Exit.USAGE, wrong_use.format_message())
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone; nothing is left to be told
        status = Exit.DONE
    except Exception as error:
        status = _tell(Exit.BUG, _bug(error))
    sys.exit(int(status or 0))


def _tell(status: Exit, line: str) -> Exit:
    print(f"medaid: {visible(line)}", file=sys.stderr)
    return status


def _bug(error: Exception) -> str:
    """An error of ours by its kind and places; its text may quote what it met."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return f"this is a bug: {type(error).__name__} at " + " < ".join(
        f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames)
    )
