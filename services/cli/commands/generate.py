"""`medaid generate`: a plausible year of a city, as input events."""

import sys
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from services.cli.failure import Exit, Failure
from services.cli.options import PoliciesFolder, Readings, policies_with
from services.policy.library import Policies
from services.policy.loader import Policy
from services.synthetic import generate as generated

HELP = """Generate a plausible year of a city: one CloudEvents 1.0 JSON object a line, in order of arrival.

    Identity events, admissions, claims (amounts in yuan), stays that change status midway, late news, reversals, redeliveries, and about one broken
    record in a hundred. All of it is invented.

    \b
    Example:
      medaid generate --region REGION --persons 1000 --seed 1 --out year.jsonl
"""


def generate(
    region: Annotated[str, typer.Option("--region", help="Region code; a wrong one is told the right ones.")],
    persons: Annotated[int, typer.Option("--persons", min=1, help="How many people; from 1,000 on everything that can happen does.")],
    seed: Annotated[int, typer.Option("--seed", help="Of all chance: the same seed gives the same bytes.")],
    year: Annotated[int, typer.Option("--year", min=1901, max=2099, help="The calendar year.")] = 2025,
    out: Annotated[
        Path | None, typer.Option("--out", dir_okay=False, metavar="FILE", help="Write there instead of standard output.")
    ] = None,
    readings: Readings = None,
    folder: PoliciesFolder = None,
) -> None:
    """Write a city's year."""
    policy = _policy(policies_with(readings, folder), region, year)
    with _target(out) as target:
        for line in generated(policy, persons, seed, year):
            target.write(line + b"\n")
        target.flush()


def _policy(policies: Policies, region: str, year: int) -> Policy:
    """The region's policy of the year.

    Raises:
        Failure: There is no such region.
    """
    if region not in policies.current:
        raise Failure(Exit.USAGE, f"--region {region}: one of {', '.join(policies.regions())}")
    return policies.nearest(region, date(year, 1, 1))


def _target(out: Path | None) -> AbstractContextManager[BinaryIO]:
    """Where to write.

    Raises:
        Failure: The file cannot be written.
    """
    if out is None:
        return nullcontext(sys.stdout.buffer)
    try:
        return out.open("wb")
    except OSError as error:
        raise Failure(Exit.USAGE, f"--out: {out} cannot be written: {error.strerror}") from None
