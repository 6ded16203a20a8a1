"""`medaid policy`: a city's policy on a page, and whether a policy file is right."""

import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.cli.decree import drawn
from services.cli.failure import Exit, Failure, refuse
from services.cli.options import Lang, Language, Readings, policies_with
from services.policy.decree import pages
from services.policy.loader import load_policy
from services.policy.tree import PolicyError
from services.policy.words import Speech

PAGE_COLUMNS = 160
"""Where no terminal says how wide it is."""

CHECKED_FOR = timedelta(days=366)
"""How long a check against the decree's text counts as fresh."""

app = typer.Typer(rich_markup_mode=None, help="Show a city's policy, or check a policy file.")


SHOW_HELP = """Print a city's policy in the order of its decree.

    Document and dates (a draft is marked), categories with class, certifying agency, premium subsidy and deposit, limits a year in yuan, benefits with
    rates by class and clause, rules of entitlement and self-pay, whether there is a list of designated institutions, and every reading that the text
    leaves open with its other and why.

    \b
    Examples:
      medaid policy show REGION --lang zh
      medaid policy show REGION --readings REGION.rounding=down
"""


@app.command(help=SHOW_HELP)
def show(
    region: Annotated[str, typer.Argument(metavar="REGION", help="Region code; a wrong one is told the right ones.")],
    lang: Lang = Language.EN,
    readings: Readings = None,
) -> None:
    """Print a city's policy.

    Raises:
        Failure: There is no such region.
    """
    policies = policies_with(readings)
    if region not in policies.current:
        raise Failure(Exit.USAGE, f"REGION {region}: one of {', '.join(policies.regions())}")
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else PAGE_COLUMNS, highlight=False)
    for policy in policies.current[region]:
        for part in pages(policy, Speech(lang.value)):
            for text in drawn(part):
                console.print(text)
                console.print()


CHECK_HELP = """Check policy files: each fault on a line of standard error with file, line and key; status 3 when there is one.

    A file whose document was last checked against the decree's text (`checked_on`) more than a year ago gets a warning line, which is no fault.

    \b
    Example:
      medaid policy check services/policy/cities/*.yaml
"""


@app.command(help=CHECK_HELP)
def check(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", exists=True, dir_okay=False, help="Policy files; <name>.designated.yaml beside one is read with it."
        ),
    ],
    today: Annotated[
        str, typer.Option("--today", metavar="YYYY-MM-DD", help="The day to measure the last check against; by default today.")
    ] = "",
) -> None:
    """Check policy files.

    Raises:
        Failure: There is a fault.
    """
    day = _day(today)
    faults = [fault for file in files for fault in _faults(file, day)]
    if faults:
        refuse(faults)


def _day(text: str) -> date:
    """The day meant by `--today`.

    Raises:
        Failure: It is none.
    """
    try:
        return date.fromisoformat(text) if text else date.today()
    except ValueError:
        raise Failure(Exit.USAGE, f"--today {text}: expected YYYY-MM-DD") from None


def _faults(file: Path, today: date) -> list[str]:
    """Every fault of one file; an old check is told at once."""
    beside = file.with_suffix(".designated.yaml")
    try:
        policy = load_policy(str(file), file.read_text("utf-8"), designated=beside.read_text("utf-8") if beside.exists() else None)
    except PolicyError as error:
        return str(error).splitlines()
    except UnicodeDecodeError:
        return [f"{file}:1: (file): UTF-8"]
    checked_on = policy.file.document.checked_on
    if today - checked_on > CHECKED_FOR:
        print(
            f"medaid: warning: {file}: document.checked_on: {checked_on} is more than a year ago; compare with the decree's text",
            file=sys.stderr,
        )
    print(f"{file}: {policy.file.id}, edition {policy.edition}, wording {policy.wording}")
    return []
