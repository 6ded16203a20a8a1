"""`medaid access`: the rights in Kafka that services, operators and publishers need: shown, given, compared."""

import asyncio
import sys
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import typer

from services.access.writing import arguments, as_arguments, as_strimzi
from services.cli.access_plan import compared, planned, say
from services.cli.failure import Exit, Failure
from services.cli.options import PoliciesFolder
from services.runtime import logging
from services.runtime.kafka.acls import Acl, change
from services.runtime.settings import Settings, describe

app = typer.Typer(rich_markup_mode=None, help="Plan, give and compare who may read and write what in Kafka.")

WHO = """Each service gets exactly the topics, consumer groups and transactional ids that it uses, by schemas/topics.yaml and its own declarations; `operator`
    what operators' commands use, `auditor` what ledger verify, explain, reform, year and person export read; each publisher of the file WRITE and DESCRIBE
    on its topics. Names begin with MEDAID_PREFIX. Who they are at Kafka: medaid-identity, medaid-settlement, medaid-monitoring, medaid-console,
    medaid-operator, medaid-auditor, or as MEDAID_KAFKA_USERS (--users) says: a SCRAM name, the subject of a token, or of a certificate as Kafka has it
    (identity=CN=medaid-identity,O=City). Without a file of publishers there are none; deploy/kafka/publishers.yaml is an example. A fault in it: each
    on a line with file, line and key, status 3. What all this proves: docs/access.md."""

PLAN_HELP = f"""Print what brokers must be told. Nothing is asked or changed; the same input gives the same bytes.

    {WHO}

    acl: a line an entry, the arguments of kafka-acls.sh. strimzi: a KafkaUser each (v1), by SCRAM, or by a certificate where the user is CN=name.

    \b
    Examples:
      medaid access plan --publishers publishers.yaml | xargs -L1 kafka-acls.sh --bootstrap-server HOST:PORT
      medaid access plan --publishers publishers.yaml --format strimzi --cluster kafka | kubectl apply -f -
"""

APPLY_HELP = f"""Add to Kafka what is planned and not there, and print each entry. It may be repeated.

    {WHO}

    What one of these users may do besides is left, and told; --prune takes it away. So it is with who was taken out of the file once --former names him.
    Entries of anybody else are never touched. Who runs it needs ALTER on the cluster, or is a super user. Kafka away, or keeps no lists: status 5.

    \b
    Examples:
      medaid access apply --publishers publishers.yaml
      medaid access apply --publishers publishers.yaml --prune --former hospital-07

    \b
    Settings, from the environment:
"""

CHECK_HELP = f"""Compare what Kafka has with the plan: a line a difference, `missing` or `surplus`, and status 4 where there is one. Nothing is changed.

    {WHO}

    Others who may change a topic or a lane of ours are named on standard error; that is no difference, for a site may know them. Who runs it needs DESCRIBE
    on the cluster, or is a super user. Kafka away, or keeps no lists: status 5.

    \b
    Example:
      medaid access check --publishers publishers.yaml

    \b
    Settings, from the environment:
"""


class Format(StrEnum):
    """As what a plan is printed."""

    ACL = "acl"
    STRIMZI = "strimzi"


Publishers = Annotated[str, typer.Option("--publishers", metavar="FILE", help="The site's publishers; by default MEDAID_PUBLISHERS.")]
Users = Annotated[
    str, typer.Option("--users", metavar="SERVICE=USER;…", help="Who is called otherwise at Kafka; by default MEDAID_KAFKA_USERS.")
]
Former = Annotated[
    list[str] | None,
    typer.Option("--former", metavar="USER", help="A user for whom nothing is planned any more: all that he may do is surplus."),
]


def help_text(text: str) -> str:
    """What `--help` says, with every setting."""
    return text + "\n".join(f"      {line}" for line in describe().splitlines())


@app.command("plan", help=PLAN_HELP)
def show(
    publishers: Publishers = "",
    users: Users = "",
    form: Annotated[Format, typer.Option("--format", help="acl or strimzi.")] = Format.ACL,
    cluster: Annotated[str, typer.Option("--cluster", metavar="NAME", help="Strimzi's name of the Kafka.")] = "medaid",
    folder: PoliciesFolder = None,
) -> None:
    """Print the plan.

    Raises:
        Failure: A user that Strimzi cannot have.
    """
    acls = planned(_settings(), publishers, users, folder)
    try:
        sys.stdout.write(as_arguments(acls) if form is Format.ACL else as_strimzi(acls, cluster))
    except ValueError as error:
        raise Failure(Exit.REFUSED, str(error)) from None


@app.command(help=help_text(APPLY_HELP))
def apply(
    publishers: Publishers = "",
    users: Users = "",
    prune: Annotated[bool, typer.Option("--prune", help="Take away what these users may do besides.")] = False,
    former: Former = None,
    folder: PoliciesFolder = None,
) -> None:
    """Do it."""
    settings = _settings()
    found = compared(settings, planned(settings, publishers, users, folder), former or ())
    removed = found.surplus if prune else ()
    if found.missing or removed:
        asyncio.run(change(settings, found.missing, removed))
    _print("added", found.missing)
    _print("removed", removed)
    if found.surplus and not prune:
        say(f"{len(found.surplus)} surplus entries are left; `medaid access check` names them, --prune takes them away")


@app.command(help=help_text(CHECK_HELP))
def check(publishers: Publishers = "", users: Users = "", former: Former = None, folder: PoliciesFolder = None) -> None:
    """Compare.

    Raises:
        Failure: There is a difference.
    """
    settings = _settings()
    found = compared(settings, planned(settings, publishers, users, folder), former or ())
    for acl in found.strange:
        say(f"somebody else: {arguments(acl)}")
    _print("missing", found.missing)
    _print("surplus", found.surplus)
    if found.missing or found.surplus:
        sys.stdout.flush()
        raise Failure(Exit.DIFFERENT, f"{len(found.missing)} entries missing, {len(found.surplus)} surplus")


def _print(word: str, acls: Iterable[Acl]) -> None:
    for acl in acls:
        print(f"{word} {arguments(acl)}")


def _settings() -> Settings:
    """The environment's; only warnings are logged."""
    settings = Settings.from_env()
    logging.configure(Settings(log_level="warning"))
    return settings
