"""A right of Kafka that is missing is named by the doctor, whosever it is, and on a service's /ready; and an operator with just his own rules on lanes."""

import asyncio
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition

from schemas.catalogue import ACTIONS, AUDIT, CLAIMS, RESULTS
from services.access.plan import USERS
from services.console.settings import ConsoleSettings
from services.doctor.cluster import reached
from services.doctor.findings import Level
from services.doctor.rights import rights
from services.doctor.site import Site
from services.runtime.kafka.acls import Acl, change
from services.runtime.needs import Need, lanes, with_prefix
from services.runtime.refusals import lacking
from tests import clients
from tests.integration.guarded import HOSPITAL, SERVICES, Guarded, GuardedPipeline, Sender, said, singly

pytestmark = [pytest.mark.kafka, pytest.mark.prove]

NAMED_S = 45
"""Deadlines of Kafka and of a heartbeat, and the time that a small machine takes."""

ACKNOWLEDGED = (Path(__file__).parents[2] / "schemas/examples/monitoring.action.acknowledged.v1/seen.json").read_bytes()
RULE = ("--operator", "li", "--reason", "retention was 7 days; H-07 sends again")


@pytest.mark.parametrize("who", [*SERVICES, "operator"])
async def test_each_right_that_is_missing_is_named_by_the_doctor(guarded: Guarded, given: list[Acl], topic_prefix: str, who: str) -> None:
    """Taken away one by one: one line each, and none once all are back. What lanes need, a process that is not ready tells in the same words."""
    admin, settings = guarded.admin_settings(topic_prefix), guarded.settings(USERS[who], topic_prefix)
    site = Site(ConsoleSettings.from_env(guarded.variables(USERS[who], topic_prefix)), (who,))
    of_lanes = with_prefix(lanes(SERVICES[who]), topic_prefix) if who in SERVICES else frozenset()
    assert await lines_of(site) == []
    for acl in singly(given, USERS[who]):
        words = words_of(acl)
        await change(admin, (), [acl])
        assert await lines_of(site) == [words]
        if Need(*acl[1:5]) in of_lanes:  # type: ignore[arg-type]
            assert await lacking(SERVICES[who], settings, 1) == f"kafka: {words}"
        await change(admin, [acl], ())
    assert await lines_of(site) == []


async def lines_of(site: Site) -> list[str]:
    """What the doctor says is missing."""
    async with reached(site) as cluster:
        return [found.what for found in await rights(site, cluster) if found.level is Level.FAIL]


def test_the_command_looks_as_the_operator_at_what_he_needs(guarded: Guarded, given: list[Acl], redis_db: str, topic_prefix: str) -> None:
    """His rights and everything else, views of all services too; but nothing that a process of the console has."""
    status, lines, told = said(
        {**guarded.variables(USERS["operator"], topic_prefix), "REDIS_URL": redis_db}, "doctor", "--service", "operator"
    )
    assert (status, {line.split()[0] for line in lines}) == (0, {"ok"}), (lines, told)
    assert any("CREATE" in line and CLAIMS in line for line in lines)
    assert any("redis.right" in line and "identity, settlement, monitoring, console" in line for line in lines)
    assert not [line for line in lines if " console." in line.partition(":")[0]]


def words_of(acl: Acl) -> str:
    """How a missing right is told. Of a topic that we may not see Kafka says nothing, so that it may be made is not known either."""
    operations = "CREATE, DESCRIBE" if acl.resource == "topic" and acl.operation == "DESCRIBE" else acl.operation
    return f"{acl.principal} may not {operations} on {acl.resource} {acl.name}{'*' if acl.pattern == 'prefixed' else ''}"


TAKEN = {"topic": ACTIONS, "group": "console", "transactional-id": "console-"}
"""Of the console, everything on one input, on its group, on what its lanes write with."""


def test_a_console_that_lacks_a_right_says_so_when_asked_whether_it_is_ready(
    guarded: Guarded, given: list[Acl], redis_db: str, topic_prefix: str, tmp_path: Path
) -> None:
    """One after the other, the very process: it is named while it is missing, and given back the console reads on."""
    admin, pipeline = guarded.admin_settings(topic_prefix), GuardedPipeline(guarded, redis_db, topic_prefix, tmp_path)
    pipeline.partitions = 1
    pipeline.environment["MEDAID_KAFKA_DEADLINE_MS"] = "8000"
    pipeline.start("console-1")
    try:
        pipeline.wait(pipeline.are_ready, 60)
        for resource, name in TAKEN.items():
            acls = [acl for acl in given if acl[:3] == (f"User:{USERS['console']}", resource, topic_prefix + name)]
            words = f"User:{USERS['console']} may not", f"on {resource} {topic_prefix}{name}"
            asyncio.run(change(admin, (), acls))
            guarded.publish(USERS["operator"], topic_prefix, ACKNOWLEDGED)
            pipeline.wait(lambda told=words: all(word in waits_for(pipeline) for word in told), NAMED_S)
            asyncio.run(change(admin, acls, ()))
            pipeline.wait(lambda: pipeline.are_ready() and waits_for(pipeline) == "" and pipeline.is_at_rest("console"), 90)
        assert pipeline.stop() == {"console-1": 0}
    finally:
        pipeline.abandon()


def waits_for(pipeline: GuardedPipeline) -> str:
    """What the console says that it waits for."""
    return str(pipeline.readiness("console-1").get("waits_for", ""))


def test_an_operator_rules_on_lanes_as_nobody_but_himself(guarded: Guarded, given: list[Acl], topic_prefix: str) -> None:
    """A loss accepted, a foreign record skipped, each once; a publisher may do neither: what he may not see is not there for him."""
    operator = guarded.variables(USERS["operator"], topic_prefix)
    sender, admin = Sender(guarded.kafka.as_admin), clients.admin(guarded.kafka.as_admin)
    for topic in (CLAIMS, CLAIMS, RESULTS):
        sender.send(f"{topic_prefix}{topic}", b"from somewhere else")
    deleted = admin.delete_records([TopicPartition(f"{topic_prefix}{CLAIMS}", 0, 1)])
    assert [one.result(timeout=30).low_watermark for one in deleted.values()] == [1]
    loss = ("accept-loss", "--service", "settlement", "--topic", CLAIMS, "--partition", "0", *RULE)
    foreign = ("skip", "--topic", RESULTS, "--partition", "0", "--offset", "0", *RULE)
    status, lines, told = said(operator, "lanes", "status", "--service", "settlement")
    assert (status, [line for line in lines if line.endswith(" LOST 1")]) == (4, [line for line in lines if f" {CLAIMS}/0 " in line]), told
    for ruling, place in ((loss, f"{AUDIT}/0/0"), (foreign, f"{AUDIT}/0/1"), (loss, f"{AUDIT}/0/0"), (foreign, f"{AUDIT}/0/1")):
        status, lines, told = said(operator, "lanes", *ruling)
        assert (status, lines) == (0, [place]), told
    assert said(operator, "lanes", "status", "--service", "settlement").status == 0
    for ruling in (loss, foreign):
        status, lines, told = said(guarded.variables(HOSPITAL, topic_prefix), "lanes", *ruling)
        assert (status, lines, "missing in Kafka" in told) == (4, [], True), told
