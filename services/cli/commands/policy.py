"""`medaid policy`: a city's policy on a page, whether policy files are right, and whether they give what was calculated by hand."""

import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.cli.commands import policy_examples
from services.cli.decree import drawn
from services.cli.failure import Exit, Failure, refuse
from services.cli.options import Lang, Language, PoliciesFolder, Readings, policies_with
from services.cli.policy_files import faults_of_file, faults_of_folder
from services.policy.decree import pages
from services.policy.library import SHIPPED
from services.policy.loader import Policy
from services.policy.words import Speech

PAGE_COLUMNS = 160
"""Where no terminal says how wide it is."""

CHECKED_FOR = timedelta(days=366)
"""How long a check against the decree's text counts as fresh."""

app = typer.Typer(rich_markup_mode=None, help="Show a city's policy, check policy files, or test them by examples calculated by hand.")
app.command("test", help=policy_examples.HELP)(policy_examples.examine)


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
    folder: PoliciesFolder = None,
) -> None:
    """Print a city's policy.

    Raises:
        Failure: There is no such region.
    """
    policies = policies_with(readings, folder)
    if region not in policies.current:
        raise Failure(Exit.USAGE, f"REGION {region}: one of {', '.join(policies.regions())}")
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else PAGE_COLUMNS, highlight=False)
    for policy in policies.current[region]:
        for part in pages(policy, Speech(lang.value)):
            for text in drawn(part):
                console.print(text)
                console.print()


CHECK_HELP = """Check policy files, or a site's folder of them: each fault on a line of standard error with file, line and key; status 3 when there is one.

    Each reading is tried both ways. Of a FILE the list of hospitals beside it is read with it; of a DIR also files of one region that overlap in time,
    files in earlier/, and thresholds. By default the folder of --policies or MEDAID_POLICIES, else the shipped one. A file whose document was last
    checked against the decree's text (`checked_on`) more than a year ago, and categories that the default thresholds of early warning name and the
    region does not have, get a warning line, which is no fault. Nothing is asked of any server.

    \b
    Examples:
      medaid policy check services/policy/cities/*.yaml
      medaid policy check site-policies
"""


@app.command(help=CHECK_HELP)
def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE|DIR]...", exists=True, help="Policy files, or folders of them; docs/site-policies.md says what may lie there."
        ),
    ] = None,
    today: Annotated[
        str, typer.Option("--today", metavar="YYYY-MM-DD", help="The day to measure the last check against; by default today.")
    ] = "",
    folder: PoliciesFolder = None,
) -> None:
    """Check policy files.

    Raises:
        Failure: There is a fault.
    """
    day = _day(today)
    faults: list[str] = []
    for path in files or [folder or SHIPPED]:
        checked = faults_of_folder(path) if path.is_dir() else faults_of_file(path)
        faults += checked.faults
        for name, policy in checked.right:
            print(f"{name}: {policy.file.id}, edition {policy.edition}, wording {policy.wording}")
        for warning in [*(told for name, policy in checked.right for told in _old(name, policy, day)), *checked.notes]:
            print(f"medaid: warning: {warning}", file=sys.stderr)
    if faults:
        sys.stdout.flush()
        refuse(list(dict.fromkeys(faults)))


def _day(text: str) -> date:
    """The day meant by `--today`.

    Raises:
        Failure: It is none.
    """
    try:
        return date.fromisoformat(text) if text else date.today()
    except ValueError:
        raise Failure(Exit.USAGE, f"--today {text}: expected YYYY-MM-DD") from None


def _old(name: str, policy: Policy, today: date) -> Iterator[str]:
    """Whether the file was compared with the decree's text lately."""
    checked_on = policy.file.document.checked_on
    if today - checked_on > CHECKED_FOR:
        yield f"{name}: document.checked_on: {checked_on} is more than a year ago; compare with the decree's text"
