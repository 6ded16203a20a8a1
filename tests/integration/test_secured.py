"""Services and commands on a Kafka with TLS and SCRAM and a Redis with TLS and a user: they settle, and whoever is not let in is told why, in one line."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy.local.errors import Unobtainable
from deploy.local.process import free_port
from schemas.catalogue import RESULTS
from services.runtime.errors import Doubt
from services.runtime.kafka import AioKafkaBroker
from services.runtime.redis_view import RedisView
from services.runtime.settings import Settings
from tests.integration.faults.bills import bill, grant
from tests.integration.forging import FORGERIES
from tests.integration.pipeline import MEDAID, Pipeline
from tests.integration.place import Place, by_certificate, by_token
from tests.integration.secured import PASSWORD, USER, Authority, SecuredRedis

CANARY = "CANARY"
"""All secrets here begin with it."""

CLAIMS = 50
EXPIRED = "expired"

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    try:
        with Place(tmp_path_factory.mktemp("secured")) as place, place.redis:
            yield place
    except Unobtainable as reason:
        pytest.skip(str(reason))


def said(variables: Mapping[str, str], *command: str) -> tuple[int, str]:
    """Exit status and standard error of a command of ours."""
    done = subprocess.run([MEDAID, *command], env={**os.environ, **variables}, capture_output=True, text=True, timeout=90, check=False)
    return done.returncode, done.stderr


def test_claims_are_settled_by_tls_and_passwords(place: Place, topic_prefix: str, tmp_path: Path) -> None:
    """By SCRAM-SHA-512 and a user of Redis; `ledger verify` reaches both too; no secret is in a log, a process list, or what /ready and /metrics tell."""
    port = free_port()
    own = {**place.variables, "MEDAID_LOG_LEVEL": "debug"}
    pipeline = Pipeline(place.kafka.bootstrap_servers, place.redis.url, topic_prefix, tmp_path, **own)
    try:
        pipeline.create_topics()
        pipeline.start("identity-1")
        pipeline.environment["MEDAID_HEALTH_PORT"] = str(port)
        pipeline.start("settlement-1")
        pipeline.publish([grant("P1"), *(bill("P1", f"C{number}", 300) for number in range(CLAIMS))])
        pipeline.wait(lambda: pipeline.is_at_rest("identity", "settlement"), 60)
        listed = "".join(command_lines())
        assert "settlement" in listed
        served = "".join(httpx2.get(f"http://127.0.0.1:{port}/{page}", timeout=5).text for page in ("live", "ready", "metrics"))
        assert '"service": "settlement"' in served
        assert "medaid" in served
        pipeline.verify()
        assert len({event["data"]["claim_id"] for event in pipeline.read(RESULTS)}) == CLAIMS
        assert set(pipeline.stop().values()) == {0}
    finally:
        pipeline.abandon()
    for text in (listed, served, *(log.read_text("utf-8") for log in tmp_path.glob("*.log"))):
        assert CANARY not in text


def command_lines() -> Iterator[str]:
    """What a process list shows of every process."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            yield path.read_text("utf-8", errors="replace")


COMMANDS = (
    ("topics", "create"),
    ("lanes", "status"),
    ("dlq", "list"),
    ("ledger", "verify"),
    ("ledger", "rebuild"),
    ("explain", "--from", "kafka", "H-07/C1"),
)
"""Each reaches a server in its own way."""

EVERY_SECRET = {
    name: f"{CANARY}-{name}"
    for name in ("KAFKA_SASL_PASSWORD", "KAFKA_SSL_KEY_PASSWORD", "REDIS_PASSWORD", "REDIS_SENTINEL_PASSWORD", "MEDAID_PSEUDONYM_KEY")
}


@pytest.mark.prove
@pytest.mark.parametrize("command", [*COMMANDS, ("--help",), ("run", "--help"), ("run", "settlement")], ids=" ".join)
def test_no_command_shows_a_secret_whatever_is_wrong_with_it(place: Place, command: tuple[str, ...]) -> None:
    """Wrong passwords, and then besides too many of them; a tail of bytes that are no text, too."""
    wrong = {
        **place.variables,
        "KAFKA_SASL_PASSWORD_FILE": "",
        "KAFKA_SASL_PASSWORD": f"{CANARY}-\x1b]é",
        "REDIS_PASSWORD": f"{CANARY}-other",
    }
    for variables in (wrong, {**wrong, **EVERY_SECRET}):
        if command != ("run", "settlement") or variables is not wrong:  # it waits, as shown below
            status, told = shown(variables, *command)
            assert CANARY not in told
            assert (status == 0) == ("--help" in command), told


def shown(variables: Mapping[str, str], *command: str) -> tuple[int, str]:
    """Exit status of a command and all that it prints."""
    done = subprocess.run([MEDAID, *command], env={**os.environ, **variables}, capture_output=True, text=True, timeout=90, check=False)
    return done.returncode, done.stdout + done.stderr


UNTRUSTED = "its certificate is not accepted"
NAMELESS = {"KAFKA_SASL_USERNAME": "", "KAFKA_SASL_PASSWORD_FILE": ""}
IN_PLAIN_TEXT = {**NAMELESS, "KAFKA_SECURITY_PROTOCOL": "PLAINTEXT", "KAFKA_SSL_CAFILE": ""}
WAYS_TO_FAIL: Mapping[str, tuple[Callable[[Place], Mapping[str, str]], str]] = {
    "wrong password": (
        lambda place: {"KAFKA_SASL_PASSWORD_FILE": "", "KAFKA_SASL_PASSWORD": f"{CANARY}-other"},
        f"name or password refused for {USER}",
    ),
    "unknown user": (lambda place: {"KAFKA_SASL_USERNAME": "nobody"}, "name or password refused for nobody"),
    "other mechanism": (lambda place: {"KAFKA_SASL_MECHANISM": "PLAIN"}, "it does not take PLAIN"),
    "another authority": (lambda place: {"KAFKA_SSL_CAFILE": str(Authority(place.folder, "stranger").file)}, UNTRUSTED),
    "another host's name": (lambda place: {"KAFKA_BOOTSTRAP_SERVERS": place.kafka.by_sasl.replace("127.0.0.1", "localhost")}, UNTRUSTED),
    "no name": (
        lambda place: {**NAMELESS, "KAFKA_SECURITY_PROTOCOL": "SSL"},
        "it hangs up on who gives no name: KAFKA_SECURITY_PROTOCOL=SASL_SSL, by SCRAM-SHA-512",
    ),
    "no name, in plain text": (
        lambda place: {**IN_PLAIN_TEXT, "KAFKA_BOOTSTRAP_SERVERS": place.kafka.by_name},
        "it hangs up on who gives no name: KAFKA_SECURITY_PROTOCOL=SASL_PLAINTEXT, by SCRAM-SHA-512",
    ),
    "plain text": (lambda place: IN_PLAIN_TEXT, "it speaks TLS: KAFKA_SECURITY_PROTOCOL=SASL_SSL or SSL"),
    "no certificate of one's own": (lambda place: by_certificate(place, None), "TLS was refused"),
    "a certificate that has expired": (
        lambda place: by_certificate(place, place.authority.sign("late", until=timedelta(seconds=-60))),
        "TLS was refused",
    ),
}


@pytest.mark.parametrize("way", WAYS_TO_FAIL)
def test_whoever_is_not_let_in_by_kafka_is_told_why(place: Place, topic_prefix: str, way: str) -> None:
    """In one line, within the deadline, with status 5; without the secret."""
    changed, told = WAYS_TO_FAIL[way]
    began_s = time.monotonic()
    status, text = said({**place.variables, **changed(place), "MEDAID_PREFIX": topic_prefix}, "topics", "create")
    assert (status, told in text, CANARY in text) == (5, True, False), text
    assert time.monotonic() - began_s < 20
    assert len(text.splitlines()) == 1, text


def test_a_service_that_is_not_let_in_says_so_when_asked_whether_it_is_ready(place: Place, topic_prefix: str, tmp_path: Path) -> None:
    """It waits, and goes on by itself once the password is right."""
    wrong = tmp_path / "password"
    wrong.touch(mode=0o600)
    wrong.write_text(f"{CANARY}-other")
    port = free_port()
    own = {"KAFKA_SASL_PASSWORD_FILE": str(wrong), "MEDAID_HEALTH_PORT": str(port)}
    pipeline = Pipeline(place.kafka.bootstrap_servers, place.redis.url, topic_prefix, tmp_path, **{**place.variables, **own})
    status, text = said({**place.variables, "MEDAID_PREFIX": topic_prefix}, "topics", "create")
    assert status == 0, text
    pipeline.start("settlement-1")
    try:
        pipeline.wait(lambda: "name or password refused" in ready(port).get("waits_for", ""), 60)
        wrong.write_text(PASSWORD)
        pipeline.wait(lambda: ready(port).get("ready", False), 60)
    finally:
        pipeline.abandon()
    assert CANARY not in (tmp_path / "settlement-1.log").read_text("utf-8")


def ready(port: int) -> dict[str, Any]:
    """What a service answers on /ready; nothing while nobody answers."""
    try:
        found: dict[str, Any] = httpx2.get(f"http://127.0.0.1:{port}/ready", timeout=5).json()
    except httpx2.HTTPError:
        return {}
    return found


def test_a_certificate_of_one_s_own_is_enough(place: Place, topic_prefix: str) -> None:
    """mTLS, without name and password."""
    ours = by_certificate(place, place.authority.sign("ours"))
    status, text = said({**place.variables, **ours, "MEDAID_PREFIX": topic_prefix}, "topics", "create")
    assert status == 0, text


def test_claims_are_settled_by_tokens(place: Place, topic_prefix: str, tmp_path: Path) -> None:
    """OAUTHBEARER: one token a process, for all its connections."""
    pipeline = Pipeline(
        place.kafka.bootstrap_servers,
        place.redis.url,
        topic_prefix,
        tmp_path,
        **{**place.variables, **by_token(place.kafka, place.provider)},
    )
    try:
        pipeline.create_topics()
        given = place.provider.given[USER]
        for name in ("identity-1", "settlement-1"):
            pipeline.start(name)
        pipeline.publish([grant("P1"), *(bill("P1", f"C{number}", 300) for number in range(CLAIMS))])
        pipeline.wait(lambda: pipeline.is_at_rest("identity", "settlement"), 60)
        assert place.provider.given[USER] == given + 2
        assert len({event["data"]["claim_id"] for event in pipeline.read(RESULTS)}) == CLAIMS
        assert set(pipeline.stop().values()) == {0}
    finally:
        pipeline.abandon()
    for log in tmp_path.glob("*.log"):
        assert CANARY not in log.read_text("utf-8")


@pytest.mark.parametrize(
    ("changed", "audience", "told"),
    [
        ({}, "others", "its token is refused"),
        ({}, EXPIRED, "its token is refused"),
        ({"KAFKA_SASL_OAUTH_CLIENT_SECRET": f"{CANARY}-other"}, "kafka", "KAFKA_SASL_OAUTH_TOKEN_URL gives no token (401)"),
        ({"KAFKA_SASL_OAUTH_TOKEN_URL": "http://127.0.0.1:1/token"}, "kafka", "KAFKA_SASL_OAUTH_TOKEN_URL cannot be reached"),
    ],
    ids=["a token for others", "a token that has ended", "wrong secret", "no provider"],
)
def test_whoever_has_no_token_is_told_why(place: Place, topic_prefix: str, changed: Mapping[str, str], audience: str, told: str) -> None:
    place.provider.audience, place.provider.lasts_s = ("kafka", -60) if audience is EXPIRED else (audience, 3600)
    try:
        status, text = said(
            {**place.variables, **by_token(place.kafka, place.provider), **changed, "MEDAID_PREFIX": topic_prefix}, "topics", "create"
        )
    finally:
        place.provider.audience, place.provider.lasts_s = "kafka", 3600
    assert (status, told in text, CANARY in text) == (5, True, False), text
    assert len(text.splitlines()) == 1, text


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_token_opens_nothing(place: Place, topic_prefix: str, forgery: str) -> None:
    place.provider.forge = FORGERIES[forgery]
    try:
        status, text = said({**place.variables, **by_token(place.kafka, place.provider), "MEDAID_PREFIX": topic_prefix}, "topics", "create")
    finally:
        place.provider.forge = None
    assert (status, "its token is refused" in text) == (5, True), text
    assert len(text.splitlines()) == 1, text


async def test_a_password_that_changes_is_read_again_at_the_next_connection(place: Place, topic_prefix: str) -> None:
    """The file first, then Kafka: between the two we are not let in, and say so; afterwards without a new process."""
    status, text = said({**place.variables, "MEDAID_PREFIX": topic_prefix}, "topics", "create")
    assert status == 0, text
    broker = AioKafkaBroker("onlooker", Settings.from_env({**place.variables, "MEDAID_PREFIX": topic_prefix}))
    await broker.prepare([RESULTS])
    place.password.write_text(f"{CANARY}-next")
    try:
        with pytest.raises(Doubt, match="name or password refused"):
            await broker.prepare([RESULTS])
        place.kafka.let_in(USER, f"{CANARY}-next")
        await broker.prepare([RESULTS])
    finally:
        place.password.write_text(PASSWORD)
        place.kafka.let_in(USER, PASSWORD)


WAYS_TO_FAIL_AT_REDIS: Mapping[str, tuple[Callable[[Place], Mapping[str, str]], str]] = {
    "wrong password": (lambda place: {"REDIS_PASSWORD": f"{CANARY}-other"}, "REDIS_USERNAME, REDIS_PASSWORD"),
    "no password": (lambda place: {"REDIS_USERNAME": "", "REDIS_PASSWORD": ""}, "REDIS_USERNAME, REDIS_PASSWORD"),
    "another authority": (lambda place: {"REDIS_CAFILE": str(Authority(place.folder, "stranger").file)}, "REDIS_CAFILE"),
    "another host's name": (lambda place: {"REDIS_URL": place.redis.url.replace("127.0.0.1", "localhost")}, UNTRUSTED),
}


@pytest.mark.parametrize("way", WAYS_TO_FAIL_AT_REDIS)
async def test_whoever_is_not_let_in_by_redis_is_told_why(place: Place, way: str) -> None:
    changed, told = WAYS_TO_FAIL_AT_REDIS[way]
    doubt = await doubt_about_redis({**place.variables, **changed(place)})
    assert told in doubt
    assert CANARY not in doubt


async def test_a_redis_whose_certificate_has_expired_is_not_believed(place: Place, tmp_path: Path) -> None:
    with SecuredRedis(tmp_path / "redis", place.authority, place.authority.sign("expired", until=timedelta(seconds=-60))) as late:
        doubt = await doubt_about_redis({**place.variables, "REDIS_URL": late.url})
    assert f"{UNTRUSTED} (certificate has expired)" in doubt


async def doubt_about_redis(variables: Mapping[str, str]) -> str:
    """What a view says of a Redis that it does not reach."""
    view = RedisView.of(Settings.from_env(variables), "settlement", 1, 1)
    try:
        with pytest.raises(Doubt) as doubt:
            await view.run()
    finally:
        await view.close()
    return str(doubt.value)
