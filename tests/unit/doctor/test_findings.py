"""What needs no server: lines, levels, forged tokens, how safe a connection is, what is missing in words."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from schemas.refusal import Refused
from services.console.settings import ConsoleSettings
from services.doctor import cluster as kafka
from services.doctor import doors, store, topics
from services.doctor.cluster import Broker, Cluster, Partition
from services.doctor.examination import _run as run
from services.doctor.findings import Finding, Level, fail, ok
from services.doctor.site import Site, is_loopback
from services.doctor.store import Store
from services.doctor.tokens import forgeries
from services.runtime.errors import Doubt
from services.runtime.kafka.rights import principal_of, told
from services.runtime.needs import Need
from services.runtime.redis_rights import asked_of
from services.runtime.redis_rights import told as told_of_redis
from services.runtime.settings import Settings
from tests.unit.conftest import Medaid

TOPIC = "settlement.results.v1"
LED = Partition(0, 1, 1, 1)


def site(**variables: str) -> Site:
    return Site(ConsoleSettings.from_env(variables))


def cluster(host: str = "127.0.0.1", brokers: int = 1, partition: Partition = LED, level: int = 25) -> Cluster:
    named = [Broker(number, host, 9092) for number in range(brokers)]
    return Cluster(None, named, {}, {TOPIC: [partition]}, frozenset(), level)


def held(user: str = "medaid", **info: Any) -> Store:
    told = {"redis_version": "7.0.15", "role": "master", "maxmemory_policy": "noeviction", "aof_enabled": 1, **info}
    return Store(None, "10.0.0.5:6379", told, user, None)  # type: ignore[arg-type]


def test_a_line_says_how_it_is_what_and_how_to_mend_it_on_one_line() -> None:
    assert ok("a.b", "as it must be").line == "ok   a.b: as it must be"
    assert fail("a.b", "wrong\nindeed\x1b[2J", "mend it").line == "FAIL a.b: wrong\\nindeed\\u001b[2J; mend: mend it"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("10.0.0.5", False),
        ("0.0.0.0", False),
        ("kafka", False),
    ],
)
def test_what_stays_on_this_machine(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


SASL = {"KAFKA_SASL_USERNAME": "u", "KAFKA_SASL_PASSWORD": "CANARY"}


@pytest.mark.parametrize(
    ("variables", "host", "level", "words"),
    [
        ({}, "127.0.0.1", Level.OK, "does not leave this machine"),
        ({}, "10.0.0.5", Level.WARN, "claims and statuses of persons can be read on the way"),
        ({"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", **SASL}, "10.0.0.5", Level.WARN, "SASL_PLAINTEXT by SCRAM-SHA-512"),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SASL_MECHANISM": "PLAIN", **SASL},
            "10.0.0.5",
            Level.WARN,
            "and the password, can be read",
        ),
    ],
)
async def test_plain_text_that_leaves_the_machine_is_told(variables: Mapping[str, str], host: str, level: Level, words: str) -> None:
    (found,) = await kafka.security(site(**variables), cluster(host))
    assert (found.level, words in found.what, "CANARY" in found.line) == (level, True, False)


async def test_a_broker_that_is_not_where_it_says_fails_and_is_named() -> None:
    seen = cluster("10.0.0.5")
    (found,) = await kafka.brokers(site(), replace(seen, unreached={seen.brokers[0]: "TimeoutError"}))
    assert (found.level, "10.0.0.5:9092" in found.what, "advertised.listeners" in found.mend) == (Level.FAIL, True, True)


async def test_a_kafka_older_than_4_fails_and_one_that_we_do_not_know_is_named_by_its_level() -> None:
    assert [one.level for one in await kafka.server(site(), cluster(level=21))] == [Level.FAIL]
    (found,) = await kafka.server(site(), cluster(level=99))
    assert (found.level, "metadata.version is 99" in found.what) == (Level.OK, True)
    (known,) = await kafka.server(site(), cluster(level=27))
    assert "Kafka 4.1" in known.what


@pytest.mark.parametrize(
    ("partition", "level", "words"),
    [
        (Partition(0, -1, 3, 0), Level.FAIL, f"no leader for {TOPIC}[0]"),
        (Partition(0, 1, 3, 2), Level.WARN, f"replicas do not follow: {TOPIC}[0]"),
        (Partition(0, 1, 3, 3), Level.OK, "all replicas follow"),
    ],
)
async def test_leaders_and_followers(partition: Partition, level: Level, words: str) -> None:
    (found,) = await topics.led(site(), cluster(partition=partition))
    assert (found.level, words in found.what) == (level, True)


@pytest.mark.parametrize(
    ("host", "brokers", "replicas", "level"),
    [("127.0.0.1", 1, 1, Level.OK), ("10.0.0.5", 1, 1, Level.WARN), ("127.0.0.1", 3, 1, Level.WARN), ("10.0.0.5", 3, 3, Level.OK)],
)
async def test_a_single_copy_is_told_wherever_there_could_be_more(host: str, brokers: int, replicas: int, level: Level) -> None:
    (found,) = await topics.copied(site(), cluster(host, brokers, Partition(0, 1, replicas, replicas)))
    assert found.level is level


@pytest.mark.parametrize(
    ("info", "level"),
    [({}, Level.OK), ({"redis_version": "6.2.7"}, Level.FAIL), ({"role": "slave"}, Level.FAIL), ({"cluster_enabled": 1}, Level.FAIL)],
)
async def test_which_redis_it_must_be(info: Mapping[str, Any], level: Level) -> None:
    assert [one.level for one in await store.server(site(), held(**info))] == [level]


@pytest.mark.parametrize(
    ("url", "user", "level"),
    [
        ("redis://127.0.0.1:6379/0", "default", Level.OK),
        ("unix:///run/redis.sock", "default", Level.OK),
        ("redis://10.0.0.5:6379/0", "medaid", Level.WARN),
        ("rediss://10.0.0.5:6379/0", "default", Level.WARN),
        ("rediss://10.0.0.5:6379/0", "medaid", Level.OK),
    ],
)
async def test_how_redis_is_reached(url: str, user: str, level: Level) -> None:
    assert [one.level for one in await store.security(site(REDIS_URL=url), held(user))] == [level]


@pytest.mark.parametrize(
    ("variables", "health", "pages"),
    [
        ({}, Level.OK, Level.OK),
        ({"MEDAID_HEALTH_HOST": "0.0.0.0"}, Level.WARN, Level.OK),
        ({"MEDAID_CONSOLE_HOST": "0.0.0.0"}, Level.OK, Level.WARN),
        ({"MEDAID_CONSOLE_HOST": "0.0.0.0", "MEDAID_CONSOLE_URL": "https://medaid.example"}, Level.OK, Level.OK),
    ],
)
async def test_doors_that_are_open_to_others_are_told(variables: Mapping[str, str], health: Level, pages: Level) -> None:
    assert [one.level for one in await doors.health(site(**variables))] == [health]
    assert [one.level for one in await doors.pages(site(**variables))] == [pages]
    assert [one.level for one in await doors.users(site(**variables))] == [Level.WARN]


def test_forgeries_say_what_our_token_says_and_nobody_has_signed_them() -> None:
    claims = urlsafe_b64encode(b'{"sub":"us"}').decode()
    another, unsigned = (forgery.split(".") for forgery in forgeries(["e30", claims, "c2lnbmF0dXJl"]))
    assert (another[1], unsigned[1], unsigned[2]) == (claims, claims, "")
    assert another[2] != "c2lnbmF0dXJl"
    assert b"none" in urlsafe_b64decode(unsigned[0] + "==")


def test_missing_rights_are_told_by_resource_and_for_whom() -> None:
    lacking = [
        Need("topic", "a", "literal", "WRITE"),
        Need("topic", "a", "literal", "READ"),
        Need("transactional-id", "s-", "prefixed", "WRITE"),
    ]
    assert told(lacking, "User:u") == "User:u may not READ, WRITE on topic a; WRITE on transactional-id s-*"


def test_who_we_are_to_kafka() -> None:
    assert principal_of(Settings()) == "User:ANONYMOUS"
    assert principal_of(Settings.from_env({"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", **SASL})) == "User:u"


def test_commands_of_redis_are_read_from_the_scripts() -> None:
    """Each that they call is asked for; all on the keys refused means the keys."""
    asked = asked_of("medaid:d:x")
    assert {"HSET", "HSETNX", "HMGET", "UNLINK", "INFO", "EVALSHA", "SCAN"} <= {command.partition(" ")[0] for command in asked}
    assert (
        told_of_redis([command for command in asked if "medaid:" in command], "medaid:d:x", "medaid:")
        == "any command on keys that begin with medaid:"
    )
    assert told_of_redis(["HSET medaid:d:x f v"], "medaid:d:x", "medaid:") == "HSET"
    assert told_of_redis([], "medaid:d:x", "medaid:") == ""


async def test_a_check_that_cannot_look_is_a_finding_too() -> None:
    """Within its deadline, whatever the server does; but a mistake of ours is none."""

    async def doubts() -> list[Finding]:
        raise Doubt("kafka: away")

    async def errs() -> list[Finding]:
        raise Refused("invalid_event", "field", "expected")

    (found,) = await run(site(), "kafka.topic", doubts())
    assert (found.level, found.what, "KAFKA_" in found.mend) == (Level.FAIL, "kafka: away", True)
    with pytest.raises(Refused):
        await run(site(), "kafka.topic", errs())


async def test_a_check_that_hangs_ends_at_its_deadline() -> None:
    import asyncio

    async def hangs() -> list[Finding]:
        await asyncio.sleep(60)
        return []

    (found,) = await run(site(MEDAID_KAFKA_DEADLINE_MS="100", MEDAID_REDIS_DEADLINE_MS="100"), "redis.memory", hangs())
    assert (found.level, found.what) == (Level.FAIL, "no answer within 0.1 s")


def test_settings_that_cannot_be_used_are_one_line(medaid: Medaid, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    said = medaid("doctor")
    assert (said.status, len(said.out.splitlines())) == (4, 1)
    assert said.out.startswith("FAIL settings: KAFKA_SASL_USERNAME: expected")
