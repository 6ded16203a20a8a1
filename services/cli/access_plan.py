"""A site's plan of rights as its options and variables have it, and how Kafka differs from it: for `medaid access`."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from schemas.foreign import visible
from schemas.tree import FileError
from services.access.comparing import Differences, differences
from services.access.plan import plan, users_in
from services.cli.failure import Exit, Failure
from services.cli.options import policies_with
from services.policy.declared import own_codes
from services.runtime.kafka.acls import Acl, listed
from services.runtime.publishers import load_publishers
from services.runtime.settings import Settings


def planned(settings: Settings, publishers: str, users: str, folder: Path | None) -> Sequence[Acl]:
    """The plan of this site; `folder`: of its own policies, whose regions publishers may speak for.

    Raises:
        Failure: Users that cannot be used, or a fault in the file of publishers.
    """
    try:
        ours = users_in(users or settings.kafka_users)
    except ValueError as error:
        raise Failure(Exit.USAGE, f"{'--users' if users else 'MEDAID_KAFKA_USERS'}: expected {error}") from None
    path = publishers or settings.publishers
    try:
        policies = policies_with(None, folder)
        known = load_publishers(Path(path), policies.regions(), ours.values(), own_codes(policies.current)) if path else ()
    except FileError as error:
        *first, last = str(error).splitlines()
        for fault in first:
            say(fault)
        raise Failure(Exit.REFUSED, last) from None
    return plan(ours, known, settings.prefix)


def compared(settings: Settings, acls: Sequence[Acl], former: Sequence[str]) -> Differences:
    """How Kafka differs from the plan.

    Raises:
        Failure: Something is planned for a former user.
        Doubt: Kafka is away, or does not tell.
    """
    principals = {acl.principal for acl in acls}
    for user in former:
        if f"User:{user}" in principals:
            raise Failure(Exit.USAGE, f"--former {visible(user)}: something is planned for this user; take it out of the plan first")
    return differences(acls, asyncio.run(listed(settings)), former)


def say(line: str) -> None:
    """A line on standard error."""
    print(f"medaid: {visible(line)}", file=sys.stderr)
