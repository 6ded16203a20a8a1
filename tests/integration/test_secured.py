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
from tests.integration.pipeline import MEDAID, Pipeline
from tests.integration.secured import (
    CLIENT_SECRET,
    PASSWORD,
    REDIS_PASSWORD,
    REDIS_USER,
    USER,
    Authority,
    Provider,
    SecuredKafka,
    SecuredRedis,
    Shown,
)

CANARY = "CANARY"
"""All secrets here begin with it."""

CLAIMS = 50

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


class Place:
    """Both servers, the certificates, and the variables by which our processes reach them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority(folder, "authority")
        own = self.authority.sign("servers")
        self.provider = Provider()
        self.kafka = SecuredKafka(folder / "kafka", self.authority, own, self.provider)
        self.redis = SecuredRedis(folder / "redis", self.authority, own)
        self.password = folder / "password"
        self.password.touch(mode=0o600)
        self.password.write_text(PASSWORD + "\n")

    @property
    def variables(self) -> dict[str, str]:
        """For a process of ours."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.by_sasl,
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_USERNAME": USER,
            "KAFKA_SASL_PASSWORD_FILE": str(self.password),
            "KAFKA_SSL_CAFILE": str(self.authority.file),
            "REDIS_URL": self.redis.url,
            "REDIS_USERNAME": REDIS_USER,
            "REDIS_PASSWORD": REDIS_PASSWORD,
            "REDIS_CAFILE": str(self.authority.file),
            "MEDAID_KAFKA_DEADLINE_MS": "8000",
        }


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("secured"))
    try:
        with place.kafka, place.redis:
            place.kafka.let_in(USER, PASSWORD)
            yield place
    except Unobtainable as reason:
        pytest.skip(str(reason))
    finally:
        place.provider.close()


def said(variables: Mapping[str, str], *command: str) -> tuple[int, str]:
    """Exit status and standard error of a command of ours."""
    done = subprocess.run([MEDAID, *command], env={**os.environ, **variables}, capture_output=True, text=True, timeout=90, check=False)
    return done.returncode, done.stderr


def test_claims_are_settled_by_tls_and_passwords(place: Place, topic_prefix: str, tmp_path: Path) -> None:
    """By SCRAM-SHA-512 and a user of Redis; `ledger verify` reaches both too; no secret is in a log, a process list or what commands say."""
    pipeline = Pipeline(place.kafka.bootstrap_servers, place.redis.url, topic_prefix, tmp_path, **place.variables)
    try:
        pipeline.create_topics()
        for name in ("identity-1", "settlement-1"):
            pipeline.start(name)
        pipeline.publish([grant("P1"), *(bill("P1", f"C{number}", 300) for number in range(CLAIMS))])
        pipeline.wait(lambda: pipeline.is_at_rest("identity", "settlement"), 60)
        listed = "".join(command_lines())
        assert "settlement" in listed
        pipeline.verify()
        assert len({event["data"]["claim_id"] for event in pipeline.read(RESULTS)}) == CLAIMS
        assert set(pipeline.stop().values()) == {0}
    finally:
        pipeline.abandon()
    for text in (listed, *(log.read_text("utf-8") for log in tmp_path.glob("*.log"))):
        assert CANARY not in text


def command_lines() -> Iterator[str]:
    """What a process list shows of every process."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            yield path.read_text("utf-8", errors="replace")


UNTRUSTED = "its certificate is not accepted"
WAYS_TO_FAIL: Mapping[str, tuple[Callable[[Place], Mapping[str, str]], str]] = {
    "wrong password": (
        lambda place: {"KAFKA_SASL_PASSWORD_FILE": "", "KAFKA_SASL_PASSWORD": f"{CANARY}-other"},
        f"name or password refused for {USER}",
    ),
    "unknown user": (lambda place: {"KAFKA_SASL_USERNAME": "nobody"}, "name or password refused for nobody"),
    "other mechanism": (lambda place: {"KAFKA_SASL_MECHANISM": "PLAIN"}, "it does not take PLAIN"),
    "another authority": (lambda place: {"KAFKA_SSL_CAFILE": str(Authority(place.folder, "stranger").file)}, UNTRUSTED),
    "another host's name": (lambda place: {"KAFKA_BOOTSTRAP_SERVERS": place.kafka.by_sasl.replace("127.0.0.1", "localhost")}, UNTRUSTED),
    "no certificate of one's own": (lambda place: by_certificate(place, None), "TLS was refused"),
    "a certificate that has expired": (
        lambda place: by_certificate(place, place.authority.sign("late", until=timedelta(seconds=-60))),
        "TLS was refused",
    ),
}


def by_certificate(place: Place, shown: Shown | None) -> Mapping[str, str]:
    """What a process has that shows a certificate instead of a password."""
    without = {"KAFKA_SASL_USERNAME": "", "KAFKA_SASL_PASSWORD_FILE": "", "KAFKA_BOOTSTRAP_SERVERS": place.kafka.by_certificate}
    files = {} if shown is None else {"KAFKA_SSL_CERTFILE": str(shown.certificate), "KAFKA_SSL_KEYFILE": str(shown.key)}
    return {**without, "KAFKA_SECURITY_PROTOCOL": "SSL", **files}


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


def by_token(place: Place) -> dict[str, str]:
    """What a process has that shows a token instead of a password."""
    without = {"KAFKA_SASL_USERNAME": "", "KAFKA_SASL_PASSWORD_FILE": "", "KAFKA_BOOTSTRAP_SERVERS": place.kafka.by_token}
    asked = {"TOKEN_URL": f"{place.provider.url}/token", "CLIENT_ID": USER, "CLIENT_SECRET": CLIENT_SECRET}
    tokens = {f"KAFKA_SASL_OAUTH_{name}": value for name, value in asked.items()}
    return {**place.variables, **without, **tokens, "KAFKA_SASL_MECHANISM": "OAUTHBEARER"}


def test_claims_are_settled_by_tokens(place: Place, topic_prefix: str, tmp_path: Path) -> None:
    """OAUTHBEARER: one token a process, for all its connections."""
    pipeline = Pipeline(place.kafka.bootstrap_servers, place.redis.url, topic_prefix, tmp_path, **by_token(place))
    try:
        pipeline.create_topics()
        given = place.provider.given
        for name in ("identity-1", "settlement-1"):
            pipeline.start(name)
        pipeline.publish([grant("P1"), *(bill("P1", f"C{number}", 300) for number in range(CLAIMS))])
        pipeline.wait(lambda: pipeline.is_at_rest("identity", "settlement"), 60)
        assert place.provider.given == given + 2
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
        ({"KAFKA_SASL_OAUTH_CLIENT_SECRET": f"{CANARY}-other"}, "kafka", "KAFKA_SASL_OAUTH_TOKEN_URL gives no token (401)"),
        ({"KAFKA_SASL_OAUTH_TOKEN_URL": "http://127.0.0.1:1/token"}, "kafka", "KAFKA_SASL_OAUTH_TOKEN_URL cannot be reached"),
    ],
    ids=["a token for others", "wrong secret", "no provider"],
)
def test_whoever_has_no_token_is_told_why(place: Place, topic_prefix: str, changed: Mapping[str, str], audience: str, told: str) -> None:
    place.provider.audience = audience
    try:
        status, text = said({**by_token(place), **changed, "MEDAID_PREFIX": topic_prefix}, "topics", "create")
    finally:
        place.provider.audience = "kafka"
    assert (status, told in text, CANARY in text) == (5, True, False), text
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


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"REDIS_PASSWORD": f"{CANARY}-other"}, "REDIS_USERNAME, REDIS_PASSWORD"),
        ({"REDIS_CAFILE": "STRANGER"}, "REDIS_CAFILE"),
        ({"REDIS_USERNAME": "", "REDIS_PASSWORD": ""}, "REDIS_USERNAME, REDIS_PASSWORD"),
    ],
    ids=["wrong password", "another authority", "no password"],
)
async def test_whoever_is_not_let_in_by_redis_is_told_why(place: Place, changed: Mapping[str, str], told: str) -> None:
    stranger = {name: str(Authority(place.folder, "stranger").file) for name, value in changed.items() if value == "STRANGER"}
    settings = Settings.from_env({**place.variables, **changed, **stranger})
    view = RedisView.of(settings, "settlement", 1, 1)
    try:
        with pytest.raises(Doubt) as doubt:
            await view.run()
    finally:
        await view.close()
    assert told in str(doubt.value)
    assert CANARY not in str(doubt.value)
