"""The four services on servers that let nobody in without TLS and a name: whatever is killed, emptied or failed over, each claim is settled once."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2
import pytest

from deploy.local.process import free_port
from services.access.plan import USERS
from tests.integration.faults.city import City
from tests.integration.faults.load import CLAIMS_A_SECOND, CLAIMS_MIN, Load, healed, prove
from tests.integration.faults.losing import Ends, Gate, keep_whole_file, kill_between_commit_and_apply, survive
from tests.integration.guarded import Guarded, GuardedPipeline, said
from tests.integration.place import by_token
from tests.integration.secured import SecuredRedis
from tests.integration.sentinels import NAME, Guard, ReplicatedRedis
from tests.integration.year import Replayed, check, claims_in, events, write_lines

pytestmark = [pytest.mark.prove, pytest.mark.kafka, pytest.mark.redis]

SERVICES = ("identity-1", "settlement-1", "settlement-2", "monitoring-1", "console-1")
WORKERS = ("settlement-1", "settlement-2", "identity-1")
CANARY = "CANARY"
FEW_PERSONS_EACH, FEW_A_SECOND = 150, 150
TOKEN_S = 10
"""Short enough for each process to need several."""

SETTLED_S_MAX = 180
READY_S_MAX = 60
DOWN_AFTER_MS = 6_000
"""Longer than a Redis is frozen here to be killed at the right moment, and than it takes to hear why its lanes wait."""

UNTOLD_S = 6.0
"""So long the replica hears nothing before its primary dies."""

A_GOOD_PIECE = 500
"""Records that must have been lost with what it did not hear."""

SETTINGS = {"MEDAID_REDIS_DEADLINE_MS": "2000", "MEDAID_SESSION_MS": "30000"}


@pytest.fixture
def secured(guarded: Guarded, topic_prefix: str, tmp_path: Path) -> Iterator[GuardedPipeline]:
    """Services by their own names, with exactly the rights that are planned."""
    pipeline = GuardedPipeline(guarded, "", topic_prefix, tmp_path)
    assert said(guarded.as_admin(topic_prefix), "access", "apply").status == 0  # whoever has no right by that may do nothing
    pipeline.create_topics()
    yield pipeline
    pipeline.abandon()


@pytest.fixture
def redis(guarded: Guarded, tmp_path: Path) -> Iterator[SecuredRedis]:
    with SecuredRedis(tmp_path / "redis", guarded.authority, guarded.shown) as server:
        yield server


def test_twenty_thousand_claims_by_passwords_through_kills_and_an_emptied_redis(
    secured: GuardedPipeline, redis: SecuredRedis, city: City, tmp_path: Path
) -> None:
    """Kafka by SASL_SSL and SCRAM-SHA-512, Redis by TLS as a user of its ACL."""
    secured.environment |= redis.variables
    settle(secured, redis, city.lines, city.wanted, CLAIMS_A_SECOND)
    assert claims_in(city.lines) >= CLAIMS_MIN
    assert_no_secret_in(tmp_path)


def test_claims_by_tokens_through_kills_and_an_emptied_redis(
    guarded: Guarded, secured: GuardedPipeline, redis: SecuredRedis, tmp_path: Path
) -> None:
    """Kafka by OAUTHBEARER; each process renews its token while it settles."""
    lines = list(events(FEW_PERSONS_EACH))
    wanted = Replayed(write_lines(tmp_path / "year.jsonl", lines))
    guarded.provider.known, guarded.provider.lasts_s = {*USERS.values()}, TOKEN_S
    secured.environment |= {**redis.variables, **by_token(guarded.kafka, guarded.provider, USERS["operator"])}
    secured.own = {service: {"KAFKA_SASL_USERNAME": "", "KAFKA_SASL_OAUTH_CLIENT_ID": user} for service, user in USERS.items()}
    settle(secured, redis, lines, wanted, FEW_A_SECOND)
    prove(guarded.provider.given[USERS["settlement"]] > 3, "settlement renewed no token")  # two processes, one of which was started again
    assert_no_secret_in(tmp_path)


def settle(pipeline: GuardedPipeline, redis: SecuredRedis, lines: list[bytes], wanted: Replayed, claims_a_second: float) -> None:
    """Settle the lines with all services; two are killed, and Redis comes back empty; it ends as the replay does."""
    for name in SERVICES:
        pipeline.start(name)
    pipeline.wait(pipeline.are_ready, READY_S_MAX)
    with Load(pipeline, lines, claims_a_second) as load:
        for share, name in ((0.2, "settlement-1"), (0.4, "identity-1")):
            load.reach(share)
            pipeline.kill(name)
            pipeline.start(name)
        load.reach(0.6)
        redis.restart(empty=True)
    pipeline.wait(pipeline.is_at_rest, SETTLED_S_MAX)
    check(pipeline, wanted)
    pipeline.verify()
    assert pipeline.stop() == dict.fromkeys(SERVICES, 0)
    prove(healed(pipeline), "no lane had to heal")


def assert_no_secret_in(folder: Path) -> None:
    """Neither in what the processes told."""
    logs = list(folder.glob("*-*.log"))
    assert logs
    for log in logs:
        assert CANARY not in log.read_text("utf-8")


def test_fail_overs_by_sentinel_under_load_lose_nothing_and_pay_nothing_twice(
    guarded: Guarded, secured: GuardedPipeline, city: City, tmp_path: Path
) -> None:
    """All of it by TLS, with users. First the primary dies between a commit and its write; then the other one, while its replica has heard nothing for
    seconds; then sentinels change the two while both live. Each time the former primary comes back as a replica.
    """
    port, pipeline = free_port(), secured
    with ReplicatedRedis(tmp_path, Guard(guarded.authority, guarded.shown), DOWN_AFTER_MS) as servers:
        pipeline.environment |= {**servers.variables, **SETTINGS}
        gate = Gate(servers.primary, pipeline.prefix)
        keep_whole_file(servers.primary)
        pipeline.own = {"settlement": {"MEDAID_HEALTH_PORT": str(port)}}
        pipeline.start("settlement-1")
        pipeline.own = {}
        for name in WORKERS[1:]:
            pipeline.start(name)
        pipeline.wait(gate.is_open, READY_S_MAX)

        def kill() -> None:
            kill_between_commit_and_apply(pipeline, servers.primary)
            pipeline.wait(lambda: f"redis at {NAME} (127.0.0.1:" in " ".join(doubts(port)), READY_S_MAX)

        def promote(_since: Ends) -> None:
            servers.fail_over()
            gate.server = servers.primary

        def kill_untold() -> None:
            with servers.deaf_replica():
                time.sleep(UNTOLD_S)
                servers.primary.kill()

        with Load(pipeline, city.lines) as load:
            load.reach(0.15)
            print("failed over:", survive(pipeline, gate, kill, promote))
            servers.come_back()
            load.reach(0.4)
            print("without the last writes:", survive(pipeline, gate, kill_untold, promote, healed_min=A_GOOD_PIECE))
            servers.come_back()
            load.reach(0.7)
            taken = len(pipeline.told("lane taken", "settlement-*"))
            servers.change()
            gate.server = servers.primary
            pipeline.wait(lambda: gate.is_open() and len(pipeline.told("lane taken", "settlement-*")) > taken, READY_S_MAX)
            load.finish()
        city.check(pipeline, "identity", "settlement")
        assert pipeline.stop() == dict.fromkeys(WORKERS, 0)
    assert_no_secret_in(tmp_path)


def doubts(port: int) -> list[str]:
    """Why lanes of a service wait, as it answers on /ready."""
    try:
        lanes: Mapping[str, Mapping[str, str]] = httpx2.get(f"http://127.0.0.1:{port}/ready", timeout=5).json()["lanes"]
    except httpx2.HTTPError:
        return []
    return [lane["doubt"] for lane in lanes.values()]
