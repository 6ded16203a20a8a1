"""Options that several commands share, each described once."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from services.cli.failure import Exit, Failure, refuse
from services.policy.library import Policies, load_policies, switched_from_text
from services.policy.tree import PolicyError, ReadingError
from services.runtime.settings import refuse_former


class Language(StrEnum):
    """In which language a command speaks of a decree."""

    ZH = "zh"
    EN = "en"


Lang = Annotated[Language, typer.Option("--lang", envvar="MEDAID_LANG", help="Language of the text: zh or en.")]

Readings = Annotated[
    list[str] | None,
    typer.Option(
        "--readings",
        metavar="REGION.NAME=VALUE",
        envvar="MEDAID_READINGS",
        help="Read a decree otherwise than by default; several by commas, or the option again. `medaid policy show` lists the readings.",
    ),
]

PoliciesFolder = Annotated[
    Path | None,
    typer.Option(
        "--policies",
        metavar="DIR",
        envvar="MEDAID_POLICIES",
        exists=True,
        file_okay=False,
        help="Folder of the site's own policy files, which are added to the shipped ones or take their place; docs/site-policies.md.",
    ),
]

Operator = Annotated[str, typer.Option("--operator", metavar="NAME", help="Who does this: 1 to 112 characters, for the audit.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why: 1 to 500 characters, for the audit.")]


def policies_with(readings: list[str] | None, folder: Path | None) -> Policies:
    """The shipped policies and those of the site's folder, under these readings.

    Raises:
        Failure: A reading that is none, or a value that it does not have; or faults in policy files, each of them told.
        WrongSetting: Something is set that is no longer read.
    """
    refuse_former()
    try:
        return load_policies(switched=switched_from_text(",".join(readings or [])), site=folder)
    except ReadingError as error:
        raise Failure(Exit.USAGE, f"--readings: {str(error).splitlines()[0]}") from None
    except PolicyError as error:
        refuse(str(error).splitlines())


def check_words(operator: str, reason: str) -> None:
    """Whether what an operator says of himself and of his reason can stand in the audit and on the ledger.

    Raises:
        Failure: One is empty, too long, or has control characters.
    """
    for option, text, length_max in (("--operator", operator, 112), ("--reason", reason, 500)):
        if not 1 <= len(text) <= length_max or not text.isprintable() or text != text.strip():
            raise Failure(Exit.USAGE, f"{option}: expected a text of 1 to {length_max} characters on one line, without spaces around it")
