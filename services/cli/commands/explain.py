"""`medaid explain`: why a claim got what it got."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from services.cli.failure import Exit, Failure
from services.cli.options import Lang, Language, PoliciesFolder, Readings, policies_with
from services.cli.progress import lines_of
from services.embedded.claim import from_inputs
from services.ledger.dossiers.known import Known, explained
from services.ledger.dossiers.sources import from_kafka, from_outputs, from_redis, holds_inputs
from services.policy.explain_text import explanation_text
from services.policy.library import Policies
from services.runtime import logging
from services.runtime.settings import Settings

HELP = """Explain a claim: why this amount, and not more.

    Tells the self-pay S and how it came about, the categories that cover and the one settled by, each payment with clause, base, rate and the limits it
    met, the readings of the decree on which the amount hangs with what the other reading would give, the year's counters, and every revision with its
    cause. Amounts are yuan with 2 decimals. It is settled again by the functions that settled it; if that differs from the newest result (news is still
    on its way, say), the exit status is 4. A claim that is not found: status 3. Kafka and Redis: KAFKA_BOOTSTRAP_SERVERS, REDIS_URL.

    \b
    Examples:
      medaid explain H0001/C000123 --from year.jsonl --lang zh
      medaid explain H0001/C000123 --from settled.jsonl
      medaid explain H0001/C000123
"""


def explain(
    claim: Annotated[str, typer.Argument(metavar="HOSPITAL/CLAIM", help="The claim's key: hospital id and claim id.")],
    source: Annotated[
        str,
        typer.Option(
            "--from", metavar="FILE|kafka|redis", help="Where to look; a file holds input events (they are replayed) or output events."
        ),
    ] = "kafka",
    lang: Lang = Language.EN,
    readings: Readings = None,
    folder: PoliciesFolder = None,
) -> None:
    """Print the explanation of one claim.

    Raises:
        Failure: The claim is not in the source, or settled again it differs.
    """
    logging.configure(Settings(log_level="warning"))
    policies = policies_with(readings, folder)
    if not all(claim.partition("/")):
        raise Failure(Exit.USAGE, f"{claim}: expected HOSPITAL/CLAIM, the hospital's id and its claim's with a slash between")
    known = _known(source, policies, claim)
    if known is None:
        raise Failure(Exit.REFUSED, f"{claim}: no such claim in {source}; it may have been refused: look into the dead letters")
    found, agrees = explained(policies, known, claim)
    sys.stdout.write(explanation_text(found, lang.value))
    if not agrees:
        raise Failure(Exit.DIFFERENT, f"{claim}: settled again it differs from its newest result in {source}")


def _known(source: str, policies: Policies, claim: str) -> Known | None:
    """What `source` knows of the claim; None where it does not know it.

    Raises:
        Failure: A file that is missing.
    """
    if source == "kafka":
        return asyncio.run(from_kafka(Settings.from_env(), claim))
    if source == "redis":
        return asyncio.run(from_redis(Settings.from_env(), claim))
    path = Path(source)
    if not path.is_file():
        raise Failure(Exit.USAGE, f"--from {source}: no such file, and neither kafka nor redis")
    if not holds_inputs(path):
        return asyncio.run(from_outputs(path, claim))
    with path.open("rb") as file:
        return asyncio.run(from_inputs(lines_of(file, path.stat().st_size, "replaying"), policies, claim))
