"""`medaid access` on a Kafka with an authorizer: rights are given, compared and taken; and those planned are enough, and what else is asked is refused."""

import asyncio

import pytest

from services.access.writing import arguments
from services.runtime.kafka.acls import Acl, change, listed
from tests.integration.guarded import HOSPITAL, Guarded, said

pytestmark = [pytest.mark.kafka]


def test_rights_are_given_compared_and_taken(guarded: Guarded, topic_prefix: str) -> None:
    """Added once, missing and surplus ones named, surplus ones taken on request alone, and those of others never."""
    variables, settings = guarded.as_admin(topic_prefix), guarded.admin_settings(topic_prefix)
    acls = guarded.planned(topic_prefix)
    others = {
        Acl("User:auditors", "topic", f"{topic_prefix}settlement.results.v1", "literal", operation) for operation in ("READ", "WRITE")
    }
    asyncio.run(change(settings, others, ()))

    status, lines, told = said(variables, "access", "check")
    assert (status, lines) == (4, [f"missing {arguments(acl)}" for acl in acls])
    assert told.splitlines()[0] == f"medaid: somebody else: {arguments(max(others))}"  # who may write there, not who reads

    assert said(variables, "access", "apply") == (0, [f"added {arguments(acl)}" for acl in acls], "")
    assert said(variables, "access", "apply") == (0, [], "")
    assert said(variables, "access", "check")[:2] == (0, [])

    denied = Acl(f"User:{HOSPITAL}", "cluster", "kafka-cluster", "literal", "ALL", "10.0.0.7", "deny")
    surplus = sorted({Acl(f"User:{HOSPITAL}", "topic", f"{topic_prefix}hospital.", "prefixed", "READ"), denied})
    asyncio.run(change(settings, surplus, acls[:2]))
    status, lines, told = said(variables, "access", "check")
    assert (status, lines) == (4, [f"missing {arguments(acl)}" for acl in acls[:2]] + [f"surplus {arguments(acl)}" for acl in surplus])
    assert told.endswith("medaid: 2 entries missing, 2 surplus\n")

    status, lines, told = said(variables, "access", "apply")
    assert (status, lines, "2 surplus entries are left" in told) == (0, [f"added {arguments(acl)}" for acl in acls[:2]], True)
    assert said(variables, "access", "apply", "--prune") == (0, [f"removed {arguments(acl)}" for acl in surplus], "")
    assert asyncio.run(listed(settings)) == {*acls, *others}
