"""`medaid console`: what a site needs besides to run the console."""

import importlib
import sys
from typing import Annotated, Any, get_args

import typer

from schemas.console import Role
from services.cli.failure import Exit, Failure

app = typer.Typer(help="Entries for the console's own users.")

USER_HELP = """Print the line of a local user for the file that MEDAID_CONSOLE_USERS names.

    The password is asked for twice, or read from standard input where that is no terminal; only its Argon2 hash is printed. Add the line to the file, or put
    it in the place of the user's old one: the console reads the file again by itself, and whoever is no longer in it is out with his next request.
    viewer looks at masked pages; operator finds and unmasks persons, acts on warnings and sends dead letters again; auditor reads the audit;
    planner sees sums alone, and tries other policies.

    \b
    Example:
      medaid console user li --role operator >> users && MEDAID_CONSOLE_USERS=users medaid run console
"""


@app.callback()
def console() -> None:
    """Keep `user` a command of its own."""


@app.command(help=USER_HELP)
def user(
    name: Annotated[str, typer.Argument(metavar="NAME", help="1 to 64 characters without space, colon and #.")],
    roles: Annotated[list[str], typer.Option("--role", help="viewer, operator, auditor or planner; may be repeated.")],
) -> None:
    """Print one line.

    Raises:
        Failure: A name or role that cannot be used, or no password.
    """
    wrong = [role for role in roles if role not in get_args(Role)]
    if wrong:
        raise Failure(Exit.USAGE, f"--role {wrong[0]}: one of {', '.join(get_args(Role))}")
    users: Any = importlib.import_module("services.console.web.users")  # loaded here, for it brings Argon2
    try:
        users.check_name(name)
        print(users.entry(name, roles, _password()))
    except users.UsersError as error:
        raise Failure(Exit.USAGE, f"expected {error}") from None


def _password() -> str:
    """The password, as it was typed or piped in."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")
