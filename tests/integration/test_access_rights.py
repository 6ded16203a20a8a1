"""On a Kafka that asks its access control lists: what is planned is enough for services, commands and publishers, each right is used, and no more is given."""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import TopicPartition as KafkaPartition

from schemas.catalogue import ACTIONS, AUDIT, CLAIMS, IDENTITY_EVENTS, RESULTS
from schemas.topics import load_topics
from services.access.plan import USERS
from services.console.adapters.kafka import KafkaOutside
from services.console.neighbours import neighbours
from services.ledger.letters.resending import RESENT
from services.policy.library import load_policies
from services.runtime.errors import Doubt, Stop
from services.runtime.kafka import AioKafkaBroker
from services.runtime.kafka.acls import Acl, change, listed
from services.runtime.needs import lanes, looked_at, with_prefix, written_by
from services.runtime.records import Output, Record, TopicPartition
from services.runtime.service import AnyService
from services.runtime.topics import check, topics_of
from tests import clients
from tests.integration.faults.bills import bill, grant
from tests.integration.guarded import AGENCY, HOSPITAL, PASSWORD, SERVICES, Guarded, GuardedPipeline, Sender, said, singly

pytestmark = [pytest.mark.kafka, pytest.mark.prove]

BILLS = 20
EXAMPLES = Path(__file__).parents[2] / "schemas/examples"


def test_what_is_planned_is_enough(guarded: Guarded, redis_db: str, topic_prefix: str, tmp_path: Path) -> None:
    """Services start, are ready and settle; publishers publish; an operator does whatever there is to do; each as nobody but himself."""
    assert said(guarded.as_admin(topic_prefix), "access", "apply").status == 0
    pipeline = GuardedPipeline(guarded, redis_db, topic_prefix, tmp_path)
    try:
        pipeline.create_topics()
        for name in ("identity-1", "settlement-1", "monitoring-1", "console-1"):
            pipeline.start(name)
        guarded.publish(AGENCY, topic_prefix, grant("P1"))
        bills = [bill("P1", f"C{number}", 300) for number in range(BILLS)]
        guarded.publish(HOSPITAL, topic_prefix, *bills, bill("P1", "BAD", 300).replace(b'"lianyungang"', b'"atlantis"'))
        pipeline.wait(lambda: pipeline.is_at_rest() and pipeline.are_ready(), 90)
        assert len({event["data"]["claim_id"] for event in pipeline.read(RESULTS)}) == BILLS
        operate(pipeline)
        guarded.publish(USERS["operator"], topic_prefix, (EXAMPLES / "operator.readjudication.requested.v1/new_edition.json").read_bytes())
        pipeline.wait(pipeline.is_at_rest, 60)
        assert set(pipeline.stop().values()) == {0}
    finally:
        pipeline.abandon()
    assert not [line for log in tmp_path.glob("*.log") for line in log.read_text("utf-8").splitlines() if "uthorization" in line]


def operate(pipeline: GuardedPipeline) -> None:
    """Every command that an operator has on Kafka."""
    assert "settlement" in pipeline.run("lanes", "status")
    letter = re.search(r"hospital\.claims\.v1/\d+/\d+", pipeline.run("dlq", "list"))
    assert letter is not None
    assert "atlantis" in pipeline.run("dlq", "show", letter[0], "--payload")
    assert "hospital.claims.v1/" in pipeline.run("dlq", "replay", letter[0], "--force", "--operator", "li")
    assert "H-07/C1" in pipeline.run("explain", "H-07/C1")
    pipeline.verify()
    for service in ("identity", "settlement", "monitoring", "console"):
        pipeline.rebuild(service)


async def test_the_console_s_pages_may_do_what_they_do(guarded: Guarded, given: list[Acl], topic_prefix: str) -> None:
    """How far every service is, records looked at, actions, audit and mended records sent."""
    inputs = neighbours(load_policies()).inputs
    fill(guarded, topic_prefix, *(topic for topics in inputs.values() for topic in topics))
    assert await browse(guarded, topic_prefix) == {service: len(topics) for service, topics in inputs.items()}


def fill(guarded: Guarded, prefix: str, *topics: str) -> None:
    """A record in each topic."""
    admin = Sender(guarded.kafka.as_admin)
    for topic in sorted({*topics}):
        admin.send(f"{prefix}{topic}", b"{}")


async def browse(guarded: Guarded, prefix: str) -> dict[str, int]:
    """What the console's pages ask of Kafka. Returns: how many records each service has not read."""
    settings = guarded.settings(USERS["console"], prefix, MEDAID_KAFKA_DEADLINE_MS="4000")
    outside = KafkaOutside(settings, neighbours(load_policies()))
    outside.partitions = 1
    try:
        paces = await outside.paces()
        assert await outside.record(TopicPartition(CLAIMS, 0), 0) is not None
        for topic in (ACTIONS, AUDIT, *RESENT):
            assert (await outside.send(Record(topic, 0, 0, b"P1", b"{}"))).startswith(f"{topic}/0/")
    finally:
        await outside.close()
    return {pace.service: pace.behind for pace in paces}


async def live(service: AnyService, guarded: Guarded, prefix: str) -> None:
    """What a service asks of Kafka in its life: a look at its topics, its offsets, a lane taken, everything read, one transaction."""
    broker = AioKafkaBroker(service.name, guarded.settings(USERS[service.name], prefix, MEDAID_KAFKA_DEADLINE_MS="4000"))
    topics = looked_at(service, topics_of(service.name, load_topics()))
    try:
        await broker.prepare(topics)
        check(await broker.differences(topics))
        await broker.committed([TopicPartition(topic, 0) for topic in service.inputs])
        for topic in {*service.inputs, *service.state_topics, AUDIT}:
            async for _ in broker.read(TopicPartition(topic, 0), 0, 1):
                pass
        writer = await broker.fence(0)
        try:
            await writer.commit(
                [Output(topic, 0, b"P1", b"{}") for topic in sorted(written_by(service.name))],
                {TopicPartition(topic, 0): 1 for topic in service.inputs},
            )
        finally:
            await writer.close()
    finally:
        await broker.close()


@pytest.mark.parametrize("name", ["identity", "settlement", "monitoring"])
async def test_each_right_is_needed(guarded: Guarded, given: list[Acl], topic_prefix: str, name: str) -> None:
    service = SERVICES[name]
    fill(guarded, topic_prefix, *service.inputs, *service.state_topics, AUDIT)
    assert await needless(guarded, topic_prefix, singly(given, USERS[name]), lambda: live(service, guarded, topic_prefix)) == []


async def test_each_right_of_the_console_s_pages_is_needed(guarded: Guarded, given: list[Acl], topic_prefix: str) -> None:
    """What its lanes need, besides, is of the same kinds as others' above."""
    of_lanes = with_prefix(lanes(SERVICES["console"]), topic_prefix)
    of_pages = [acl for acl in singly(given, USERS["console"]) if acl[1:5] not in of_lanes]
    assert {acl.operation for acl in of_pages} == {"READ", "WRITE", "DESCRIBE"}
    fill(guarded, topic_prefix, *(topic for topics in neighbours(load_policies()).inputs.values() for topic in topics))
    assert await needless(guarded, topic_prefix, of_pages, lambda: browse(guarded, topic_prefix)) == []


async def needless(guarded: Guarded, prefix: str, acls: list[Acl], life: Callable[[], Awaitable[object]]) -> list[Acl]:
    """Those without which `life` goes on, taken away one by one; with all of them it does."""
    settings, found = guarded.admin_settings(prefix), []
    await life()
    for acl in acls:
        await change(settings, (), [acl])
        with suppress(Doubt, Stop):
            await life()
            found.append(acl)
        await change(settings, [acl], ())
    await life()
    return found


def code_of(error: pytest.ExceptionInfo[KafkaException]) -> int:
    return int(error.value.args[0].code())


def test_whoever_is_not_meant_is_refused(guarded: Guarded, given: list[Acl], topic_prefix: str) -> None:
    """Nobody at all; a publisher on another's topic, or reading; a service on the ledger of another."""
    nobody = {"bootstrap.servers": guarded.kafka.bootstrap_servers}
    identity = guarded.kafka.as_user(USERS["identity"])
    Sender(guarded.kafka.as_user(HOSPITAL), **{"enable.idempotence": True}).send(f"{topic_prefix}{CLAIMS}", b"{}")
    for reaching, topic in (
        (nobody, CLAIMS),
        (guarded.kafka.as_user(HOSPITAL), IDENTITY_EVENTS),
        (guarded.kafka.as_user(HOSPITAL), RESULTS),
        (identity, RESULTS),
        (identity, CLAIMS),
    ):
        with pytest.raises(KafkaException) as error:
            Sender(reaching).send(f"{topic_prefix}{topic}", b"{}")
        assert code_of(error) == KafkaError.TOPIC_AUTHORIZATION_FAILED, (reaching, topic)
    assert read_error(guarded.kafka.as_user(HOSPITAL), f"{topic_prefix}{CLAIMS}") == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_a_lane_is_its_service_s_alone(guarded: Guarded, given: list[Acl], topic_prefix: str) -> None:
    """Another service's transactional ids and group are refused to it: it can neither fence a lane nor take one."""
    reaching = guarded.kafka.as_user(USERS["identity"])
    clients.producer(reaching, {"transactional.id": f"{topic_prefix}identity-7"}).init_transactions(30)
    with pytest.raises(KafkaException) as error:
        clients.producer(reaching, {"transactional.id": f"{topic_prefix}settlement-0"}).init_transactions(30)
    assert code_of(error) == KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    assert read_error(guarded.kafka.as_user(USERS["console"]), f"{topic_prefix}{RESULTS}", f"{topic_prefix}settlement") == (
        KafkaError.GROUP_AUTHORIZATION_FAILED
    )


def read_error(reaching: dict[str, str], topic: str, group: str = "") -> int | None:
    """What Kafka says to who reads a topic, or joins `group` to read it; None where it gives a record."""
    consumer = clients.consumer(reaching, {"group.id": group or "none", "auto.offset.reset": "earliest"})
    try:
        if group:
            consumer.subscribe([topic])
        else:
            consumer.assign([KafkaPartition(topic, 0, 0)])
        found = consumer.poll(30)
    finally:
        consumer.close()
    assert found is not None
    error: Any = found.error()
    return None if error is None else int(error.code())


async def test_a_right_that_is_taken_is_gone_at_once_and_a_changed_password_at_the_next_connection(
    guarded: Guarded, given: list[Acl], topic_prefix: str
) -> None:
    """So whoever is to be shut out at once loses his rights; changing his password alone lets him go on."""
    topic = f"{topic_prefix}{CLAIMS}"
    sender = Sender(guarded.kafka.as_user(HOSPITAL))
    sender.send(topic, b"{}")
    guarded.kafka.let_in(HOSPITAL, f"{PASSWORD}-next")
    try:
        with pytest.raises(KafkaException):
            Sender(guarded.kafka.as_user(HOSPITAL), **{"message.timeout.ms": 3_000}).send(topic, b"{}")
        sender.send(topic, b"{}")
        own = [acl for acl in given if acl.principal == f"User:{HOSPITAL}"]
        await change(guarded.admin_settings(topic_prefix), (), own)
        with pytest.raises(KafkaException) as error:
            sender.send(topic, b"{}")
        assert code_of(error) == KafkaError.TOPIC_AUTHORIZATION_FAILED
        assert not {acl for acl in await listed(guarded.admin_settings(topic_prefix)) if acl in own}
    finally:
        guarded.kafka.let_in(HOSPITAL, PASSWORD)


def test_why_lists_cannot_be_read_or_changed_is_told_in_one_line(guarded: Guarded, kafka_bootstrap: str, topic_prefix: str) -> None:
    """A user without the right, a wrong password, a Kafka that keeps no lists: status 5."""
    operator = guarded.variables(USERS["operator"], topic_prefix)
    ways = [
        (operator, "check", "we may not read them: that takes DESCRIBE on the cluster, or a super user"),
        ({**operator, "KAFKA_SASL_PASSWORD": "CANARY-other"}, "check", "name or password refused for medaid-operator"),
        ({"KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap}, "apply", "it keeps no access control lists"),
    ]
    for variables, command, told in ways:
        status, lines, err = said(variables, "access", command)
        assert (status, lines, told in err, "CANARY" in err, len(err.splitlines())) == (5, [], True, False, 1), err


async def test_whoever_may_look_may_not_change(guarded: Guarded, topic_prefix: str) -> None:
    settings = guarded.admin_settings(topic_prefix)
    look = Acl(f"User:{USERS['operator']}", "cluster", "kafka-cluster", "literal", "DESCRIBE")
    await change(settings, [look], ())
    try:
        operator = guarded.settings(USERS["operator"], topic_prefix)
        assert look in await listed(operator)
        with pytest.raises(Doubt, match="we may not change them: that takes ALTER on the cluster, or a super user"):
            await change(operator, [look], ())
        with pytest.raises(Doubt, match="we may not change them"):
            await change(operator, (), [look])
    finally:
        await change(settings, (), [look])
