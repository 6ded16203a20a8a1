"""`medaid doctor` on a real Kafka with ACLs and a real Redis: a healthy site is ok, each thing that is wrong is one FAIL that says how to mend it."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
import redis
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, ResourceType

from deploy.local.errors import Unobtainable
from deploy.local.process import free_port
from deploy.local.redis import Redis
from schemas.catalogue import AUDIT, CLAIMS, IDENTITY_EVENTS, RESULTS
from schemas.topics import load_topics
from services.access.declared import needs_of_all
from services.console.settings import ConsoleSettings
from services.doctor.examination import examine
from services.doctor.findings import Finding, Level
from services.doctor.site import SERVICES, Site
from services.policy.library import SHIPPED, load_policies
from services.runtime.needs import Need
from services.runtime.redis_scripts import EVICTED
from services.runtime.rules import FAULTY, key_of
from services.runtime.topic_settings import configs_of
from tests import clients
from tests.integration.pipeline import MEDAID
from tests.integration.rightful import COMMANDS, PASSWORD, REDIS_PASSWORD, REDIS_USER, USER, RightfulKafka, rights_in_redis, until

PARTITIONS = 4
CANARY = "CANARY"
PREFIX = "site."

OWN_THRESHOLDS = """checked_on: 2026-11-01
year_burden:
  standards: [{categories: [orphan], yuan: {2023-01-01: 10000}}, {yuan: {2023-01-01: 26000}}]
  notice_percent: {2023-01-01: 80}
  warning_percent: {2023-01-01: 100}
  critical_percent: {2023-01-01: 200}
  just_out_days: {2023-01-01: 365}
"""

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


class Place:
    """A healthy site: both servers with rights, topics, a file of users, a secret. `policies` is a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kafka = RightfulKafka(folder / "kafka")
        self.redis = Redis(folder / "redis")
        self.users = folder / "users"
        self.policies = folder / "policies"

    @property
    def variables(self) -> dict[str, str]:
        """For a process of ours."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.by_password,
            "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "KAFKA_SASL_USERNAME": USER,
            "KAFKA_SASL_PASSWORD": PASSWORD,
            "REDIS_URL": self.redis.url,
            "REDIS_USERNAME": REDIS_USER,
            "REDIS_PASSWORD": REDIS_PASSWORD,
            "MEDAID_PREFIX": PREFIX,
            "MEDAID_KAFKA_DEADLINE_MS": "8000",
            "MEDAID_CONSOLE_SECRET": f"{CANARY}{'0' * 32}",
            "MEDAID_CONSOLE_USERS": str(self.users),
            "MEDAID_POLICIES": str(self.policies),
        }

    @property
    def store(self) -> redis.Redis:
        """Redis, for whoever may do everything."""
        return clients.redis_at(self.redis.url)

    def make(self) -> None:
        """Everything that a healthy site has."""
        self.kafka.let_in()
        self.make_topics(load_topics())
        self.kafka.give(frozenset().union(*(needs_of_all(PREFIX)[service] for service in SERVICES)))
        self.store.execute_command(*rights_in_redis())
        self.users.touch(mode=0o600)
        self.policies.mkdir()
        shutil.copy(SHIPPED / "wuxi.yaml", self.policies)
        (self.policies / "wuxi.thresholds.yaml").write_text(OWN_THRESHOLDS, "utf-8")

    def make_topics(self, names: Sequence[str] | Mapping[str, Any], partitions: int = PARTITIONS) -> None:
        """Topics as they are described."""
        admin = self.kafka.admin
        new = [NewTopic(PREFIX + name, partitions, 1, config=configs_of(load_topics()[name])) for name in names]
        for answer in admin.create_topics(new).values():
            answer.result(timeout=30)

        def are_led() -> bool:
            known = admin.list_topics(timeout=10).topics
            return all(
                topic.topic in known
                and len(known[topic.topic].partitions) == partitions
                and all(one.leader >= 0 for one in known[topic.topic].partitions.values())
                for topic in new
            )

        until(are_led)

    def drop(self, name: str) -> None:
        """A topic, gone for everybody."""
        admin = self.kafka.admin
        admin.delete_topics([PREFIX + name])[PREFIX + name].result(timeout=30)
        until(lambda: PREFIX + name not in admin.list_topics(timeout=10).topics)

    async def examined(self, changed: Mapping[str, str], services: Sequence[str] = SERVICES, **more: Any) -> Sequence[Finding]:
        """What the doctor finds."""
        settings = ConsoleSettings.from_env({**self.variables, **changed})
        return await examine(Site(settings, tuple(services), **more))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("doctor"))
    try:
        with place.kafka, place.redis:
            place.make()
            yield place
    except Unobtainable as reason:
        pytest.skip(str(reason))


async def test_a_healthy_site_is_ok(place: Place) -> None:
    """Nothing but ok, each check told, no secret in any line."""
    found = await place.examined({})
    assert [one.line for one in found if one.level is not Level.OK] == []
    assert {one.check for one in found} == {
        *("kafka.server", "kafka.broker", "kafka.security", "kafka.right.topic", "kafka.right.group", "kafka.right.transactional.id"),
        *("kafka.topic", "kafka.leader", "kafka.replicas", "kafka.setting", "kafka.front", "editions", "clocks"),
        *("redis.server", "redis.security", "redis.right", "redis.eviction", "redis.persistence", "redis.format", "redis.memory"),
        *("policy", "policy.running", "thresholds", "console.secret", "console.users", "console.pages", "health"),
    }
    assert CANARY not in "".join(one.line for one in found)


@pytest.mark.prove
def test_the_command_says_so_in_lines(place: Place) -> None:
    """Status 0, and only what a service needs with --service."""
    done = said(place, {}, "--service", "settlement")
    assert (done.returncode, done.stderr) == (0, "")
    assert {line.split()[0] for line in done.stdout.splitlines()} == {"ok"}
    assert "console" not in done.stdout.replace("console.audit.v1", "")


def test_the_command_says_so_in_json(place: Place) -> None:
    """One document, and status 4 where something fails."""
    done = said(place, {"MEDAID_CONSOLE_SECRET": ""}, "--service", "console", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["services"], told["fails"], told["warns"]) == (4, ["console"], 1, 0)
    assert {"level", "check", "what", "mend"} == set(told["findings"][0])
    assert len(done.stderr.splitlines()) == 1


def said(place: Place, changed: Mapping[str, str], *options: str) -> "subprocess.CompletedProcess[str]":
    """The command, as a user has it."""
    environment = {**os.environ, **place.variables, **changed}
    return subprocess.run([MEDAID, "doctor", *options], env=environment, capture_output=True, text=True, timeout=90, check=False)


async def test_nothing_is_written_anywhere(place: Place) -> None:
    """Topics (internal ones too), groups, offsets and keys are the same afterwards; a transaction that runs meanwhile commits."""
    running = clients.producer(place.kafka.bootstrap_servers, {"transactional.id": f"{PREFIX}settlement-0"})
    running.init_transactions(30)
    running.begin_transaction()
    running.produce(PREFIX + AUDIT, b"", b"k")
    running.flush(30)
    before = everything(place)
    while before != (again := everything(place)):  # Kafka answers before what it wrote itself can be read
        before = again
    assert any(name == "__transaction_state" for name, *_ in before)
    await place.examined({})
    assert {what: told for what, told in everything(place).items() if before.get(what) != told} == {}
    running.commit_transaction(30)


def everything(place: Place) -> dict[tuple[Any, ...], Any]:
    """What lies in both servers."""
    admin = place.kafka.admin
    topics = admin.list_topics(timeout=10).topics
    consumer = clients.consumer(place.kafka.bootstrap_servers, {"group.id": "unused"})
    try:
        ends = {
            (name, number): consumer.get_watermark_offsets(TopicPartition(name, number), timeout=10)
            for name, topic in topics.items()
            for number in topic.partitions
        }
    finally:
        consumer.close()
    groups = {(group.group_id, "group"): str(group.state) for group in admin.list_consumer_groups().result(30).valid}
    return {**ends, **groups, **{(key, "key"): place.store.dump(key) for key in place.store.keys("*")}}


@contextmanager
def setting(place: Place, topic: str, name: str, value: str) -> Iterator[Mapping[str, Any]]:
    """A topic set otherwise."""
    admin, before = place.kafka.admin, configs_of(load_topics()[topic]).get(name)

    def alter(to: str | None) -> None:
        kind = AlterConfigOpType.DELETE if to is None else AlterConfigOpType.SET
        resource = ConfigResource(
            ResourceType.TOPIC, PREFIX + topic, incremental_configs=[ConfigEntry(name, to, incremental_operation=kind)]
        )
        for answer in admin.incremental_alter_configs([resource]).values():
            answer.result(timeout=30)

    def present() -> str:
        resource = ConfigResource(ResourceType.TOPIC, PREFIX + topic)
        return str(admin.describe_configs([resource])[resource].result(timeout=30)[name].value)

    alter(value)
    until(lambda: present() == value)
    try:
        yield {}
    finally:
        alter(before)
        until(lambda: present() != value)


@contextmanager
def without(place: Place, resource: str, name: str, *operations: str, pattern: str = "literal") -> Iterator[Mapping[str, Any]]:
    """Rights of Kafka taken away."""
    needs = [Need(resource, PREFIX + name, pattern, operation) for operation in operations]  # type: ignore[arg-type]
    place.kafka.take(needs)
    try:
        yield {}
    finally:
        place.kafka.give(needs)


@contextmanager
def redis_with(place: Place, name: str, value: str, before: str) -> Iterator[Mapping[str, Any]]:
    """A setting of Redis."""
    place.store.config_set(name, value)
    try:
        yield {}
    finally:
        place.store.config_set(name, before)
        until(lambda: place.store.info("persistence")["aof_rewrite_in_progress"] == 0)


@contextmanager
def redis_rights(place: Place, *taken: str, keys: str = "*") -> Iterator[Mapping[str, Any]]:
    """Rights of Redis taken away."""
    place.store.execute_command(*rights_in_redis([command for command in COMMANDS if command not in taken], keys))
    try:
        yield {}
    finally:
        place.store.execute_command(*rights_in_redis())


@contextmanager
def remade(place: Place, topic: str, partitions: int | None) -> Iterator[Mapping[str, Any]]:
    """A topic missing, or with other partitions."""
    place.drop(topic)
    if partitions:
        place.make_topics([topic], partitions)
    try:
        yield {}
    finally:
        if partitions:
            place.drop(topic)
        place.make_topics([topic])


@contextmanager
def front_gone(place: Place) -> Iterator[Mapping[str, Any]]:
    """The first record of the audit deleted."""
    with remade(place, AUDIT, PARTITIONS):
        producer = clients.producer(place.kafka.bootstrap_servers)
        producer.produce(PREFIX + AUDIT, b"{}", b"k", 0)
        producer.flush(30)
        admin = place.kafka.admin
        for answer in admin.delete_records([TopicPartition(PREFIX + AUDIT, 0, 1)]).values():
            answer.result(timeout=30)
        yield {}


@contextmanager
def edition_gone(place: Place) -> Iterator[Mapping[str, Any]]:
    """A result under an edition that nobody has, and a newer one of another year under none."""
    results = [
        {"person_id": "P1", "year": 2025, "region": "suzhou", "policy": {"edition": "gone", "readings": {}}},
        {"person_id": "P2", "year": 2025, "region": "suzhou", "policy": None},
    ]
    with remade(place, RESULTS, PARTITIONS):
        producer = clients.producer(place.kafka.bootstrap_servers)
        for data in results:
            producer.produce(PREFIX + RESULTS, orjson.dumps({"data": data}), b"k", 1)
        producer.flush(30)
        yield {}


@contextmanager
def evicted(place: Place) -> Iterator[Mapping[str, Any]]:
    key = f"{PREFIX}medaid:settlement:healed"
    place.store.hset(key, "life-f2", EVICTED)
    try:
        yield {}
    finally:
        place.store.delete(key)


@contextmanager
def replica(place: Place) -> Iterator[Mapping[str, Any]]:
    place.store.replicaof("127.0.0.1", str(free_port()))
    try:
        yield {}
    finally:
        place.store.replicaof("NO", "ONE")


@contextmanager
def full(place: Place) -> Iterator[Mapping[str, Any]]:
    used = place.store.info("memory")["used_memory"]
    with redis_with(place, "maxmemory", str(used + used // 20), "0"):
        yield {}


@contextmanager
def changed(**variables: str) -> Iterator[Mapping[str, Any]]:
    """Variables of the process."""
    yield {"changed": variables}


@contextmanager
def open_users(place: Place) -> Iterator[Mapping[str, Any]]:
    place.users.chmod(0o644)
    try:
        yield {}
    finally:
        place.users.chmod(0o600)


@contextmanager
def written(path: Path, text: str) -> Iterator[Mapping[str, Any]]:
    """A file with something wrong in it."""
    before = path.read_text("utf-8") if path.exists() else None
    path.write_text(text)
    try:
        yield {}
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before)


@contextmanager
def started_with(place: Place, kept: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    """Settlement was started last with these."""
    others = load_policies(site=place.policies).editions()
    place.store.hset(key_of(PREFIX, "settlement"), mapping={**others, **kept})
    try:
        yield {}
    finally:
        place.store.delete(key_of(PREFIX, "settlement"))


@contextmanager
def slow_clock(place: Place) -> Iterator[Mapping[str, Any]]:
    """This machine ten seconds behind Redis and Kafka."""
    producer = clients.producer(place.kafka.bootstrap_servers)
    producer.produce(PREFIX + CLAIMS, b"{}", b"k", 0)
    producer.flush(30)
    yield {"more": {"now_s": lambda: time.time() - 10}}


LANES = "settlement-"
PLANTED: Mapping[str, tuple[Callable[[Place], Any], str, str]] = {
    "a topic is missing": (
        lambda place: remade(place, "operator.events.v1.dlq", None),
        "missing in Kafka: site.operator.events.v1.dlq",
        "topics create",
    ),
    "a topic has other partitions": (
        lambda place: remade(place, "operator.events.v1.dlq", 3),
        "site.operator.events.v1.dlq has 3",
        "make that topic anew",
    ),
    "retention too short": (
        lambda place: setting(place, CLAIMS, "retention.ms", "1000"),
        "hospital.claims.v1: retention.ms is 1000",
        "--add-config retention.ms=",
    ),
    "the ledger is compacted": (
        lambda place: setting(place, RESULTS, "cleanup.policy", "compact"),
        "cleanup.policy is compact",
        "cleanup.policy=delete",
    ),
    "times by the sender": (
        lambda place: setting(place, IDENTITY_EVENTS, "message.timestamp.type", "CreateTime"),
        "is CreateTime",
        "message.timestamp.type=LogAppendTime",
    ),
    "records too small": (
        lambda place: setting(place, RESULTS, "max.message.bytes", "1000"),
        "max.message.bytes is 1000",
        "max.message.bytes=1048588",
    ),
    "unclean leaders": (
        lambda place: setting(place, RESULTS, "unclean.leader.election.enable", "true"),
        "unclean.leader.election.enable is true",
        "=false",
    ),
    "a front is gone": (front_gone, "console.audit.v1[0] begins at 1", "restore it whole"),
    "an edition is gone": (edition_gone, "suzhou: edition gone of 1 person-years", "earlier/"),
    "READ of a topic": (
        lambda place: without(place, "topic", CLAIMS, "READ"),
        "may not READ on topic site.hospital.claims.v1",
        "--operation READ --topic",
    ),
    "WRITE of a topic": (
        lambda place: without(place, "topic", RESULTS, "WRITE"),
        "may not WRITE on topic site.settlement.results.v1",
        "--operation WRITE",
    ),
    "all rights of a topic": (
        lambda place: without(place, "topic", CLAIMS, "READ", "WRITE", "DESCRIBE", "DESCRIBE_CONFIGS"),
        "may not DESCRIBE, DESCRIBE_CONFIGS, READ, WRITE on topic site.hospital.claims.v1",
        "medaid access apply",
    ),
    "DESCRIBE_CONFIGS of a topic": (
        lambda place: without(place, "topic", RESULTS, "DESCRIBE_CONFIGS"),
        "may not DESCRIBE_CONFIGS on topic",
        "--operation DESCRIBE_CONFIGS",
    ),
    "READ of a group": (
        lambda place: without(place, "group", "settlement", "READ"),
        "may not READ on group site.settlement",
        "--group site.settlement",
    ),
    "all rights of a group": (
        lambda place: without(place, "group", "identity", "READ", "DESCRIBE"),
        "may not DESCRIBE, READ on group site.identity",
        "--group",
    ),
    "WRITE of transactional ids": (
        lambda place: without(place, "transactional-id", LANES, "WRITE", pattern="prefixed"),
        "may not WRITE on transactional-id site.settlement-*",
        "--resource-pattern-type prefixed",
    ),
    "Kafka is away": (lambda _: changed(KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{free_port()}"), "nobody answers", "KAFKA_BOOTSTRAP_SERVERS"),
    "Kafka's password is wrong": (lambda _: changed(KAFKA_SASL_PASSWORD=f"{CANARY}-other"), "name or password refused", "KAFKA_"),
    "Kafka is given no name": (
        lambda _: changed(KAFKA_SECURITY_PROTOCOL="PLAINTEXT", KAFKA_SASL_USERNAME="", KAFKA_SASL_PASSWORD=""),
        "it hangs up on who gives no name",
        "KAFKA_",
    ),
    "Redis is away": (lambda _: changed(REDIS_URL=f"redis://127.0.0.1:{free_port()}/0"), "ConnectionError", "REDIS_URL"),
    "Redis' password is wrong": (lambda _: changed(REDIS_PASSWORD=f"{CANARY}-other"), "name or password refused", "REDIS_"),
    "Redis evicts": (
        lambda place: redis_with(place, "maxmemory-policy", "allkeys-lru", "noeviction"),
        "maxmemory-policy allkeys-lru",
        "noeviction",
    ),
    "Redis keeps nothing": (lambda place: redis_with(place, "appendonly", "no", "yes"), "appendonly is off", "appendonly yes"),
    "Redis is full": (full, "MiB used", "raise maxmemory"),
    "Redis may not write": (lambda place: redis_rights(place, "hset"), "may not run HSET", "ACL SETUSER"),
    "Redis does not tell INFO": (lambda place: redis_rights(place, "info"), "may not run INFO", "ACL SETUSER"),
    "Redis runs no scripts": (lambda place: redis_rights(place, "eval", "evalsha"), "may not run scripts", "ACL SETUSER"),
    "Redis has other keys": (
        lambda place: redis_rights(place, keys="other:*"),
        "any command on keys that begin with site.medaid:",
        "~site.medaid:*",
    ),
    "Redis could evict": (evicted, "settlement: Redis could evict keys", "medaid ledger rebuild --service settlement"),
    "Redis is a replica": (replica, "a replica takes no writes", "primary"),
    "clocks": (slow_clock, "ahead of this machine", "NTP"),
    "no secret of the console": (lambda _: changed(MEDAID_CONSOLE_SECRET=""), "MEDAID_CONSOLE_SECRET is not set", "openssl rand"),
    "users open to all": (open_users, "MEDAID_CONSOLE_USERS", "chmod 600"),
    "a line of users": (lambda place: written(place.users, "li:nobody:x\n"), "MEDAID_CONSOLE_USERS", "medaid console user"),
    "a reading": (lambda _: changed(MEDAID_READINGS="suzhou.nothing=1"), "MEDAID_READINGS", "medaid policy show"),
    "a folder of policies": (lambda place: changed(MEDAID_POLICIES=str(place.folder / "nowhere")), "nowhere", "name the folder"),
    "a policy file": (lambda place: written(place.policies / "wuxi.yaml", "id: wuxi\n"), "wuxi.yaml", "medaid policy check"),
    "thresholds": (
        lambda place: written(place.policies / "thresholds.yaml", "[]"),
        "thresholds.yaml:1: (file): a mapping",
        "mend the file",
    ),
    "a region's thresholds": (
        lambda place: written(place.policies / "wuxi.thresholds.yaml", OWN_THRESHOLDS.replace("orphan", "orphans")),
        "categories of wuxi",
        "mend the file",
    ),
}

DOUBTFUL: Mapping[str, tuple[Callable[[Place], Any], str, str]] = {
    "services run with other policies": (
        lambda place: started_with(place, {"wuxi": "edition e, wording w", "suzhou": FAULTY}),
        "settlement was started last with other policies: wuxi: edition e, wording w, here: edition ",
        "start it anew",
    ),
    "no thresholds of a region's own": (
        lambda place: written(place.policies / "wuxi.thresholds.yaml", "checked_on: 2026-11-01\n"),
        "at_risk_rural, which wuxi does not have",
        "a file of thresholds",
    ),
}


@pytest.mark.prove
@pytest.mark.parametrize("what", [*PLANTED, *DOUBTFUL])
async def test_what_is_wrong_is_one_line_that_says_how_to_mend_it(place: Place, what: str) -> None:
    """One FAIL, or warning of what may be meant so, beside ok; and everything is ok again afterwards."""
    plant, told, mend = {**PLANTED, **DOUBTFUL}[what]
    with plant(place) as planted:
        found = await place.examined(planted.get("changed", {}), **planted.get("more", {}))
    fails = [one for one in found if one.level is not Level.OK]
    assert len(fails) == 1, [one.line for one in fails]
    assert fails[0].level is (Level.WARN if what in DOUBTFUL else Level.FAIL)
    assert told in fails[0].what
    assert mend in fails[0].mend
    assert "\n" not in fails[0].line
    assert CANARY not in "".join(one.line for one in found)
    assert len([one for one in found if one.level is Level.OK]) > 10
