"""The four services on servers that let nobody in without TLS and a name: whatever is killed, emptied or failed over, each claim is settled once."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2
import pytest

from deploy.local.errors import Unobtainable
from deploy.local.process import free_port
from schemas.catalogue import RESULTS
from tests.integration.faults.city import City
from tests.integration.faults.conftest import Start
from tests.integration.faults.load import CLAIMS_MIN, Load, prove
from tests.integration.faults.losing import Ends, Gate, keep_whole_file, kill_between_commit_and_apply, survive
from tests.integration.pipeline import Pipeline
from tests.integration.place import Place, by_token
from tests.integration.secured import PASSWORD
from tests.integration.sentinels import NAME, Guard, Guarded
from tests.integration.year import Replayed, check, claims_in, events, write_lines

pytestmark = [pytest.mark.prove, pytest.mark.kafka, pytest.mark.redis]

SERVICES = ("identity-1", "settlement-1", "settlement-2", "monitoring-1", "console-1")
WORKERS = ("identity-1", "settlement-1", "settlement-2")
USERS = {service: f"medaid-{service}" for service in ("identity", "settlement", "monitoring", "console")}
"""Each comes in by a name of its own."""

CANARY = "CANARY"
FEW_PERSONS_EACH = 150
TOKEN_S = 10
"""Short enough for each process to need several."""

SETTLED_S_MAX = 240
READY_S_MAX = 60
DOWN_AFTER_MS = 3_000
"""Longer than a Redis is frozen here to be killed at the right moment."""

UNTOLD_S = 4.0
"""So long the replica hears nothing before its primary dies."""

A_GOOD_PIECE = 500
"""Records that must have been lost with what it did not hear."""

SETTINGS = {"MEDAID_REDIS_DEADLINE_MS": "2000", "MEDAID_SESSION_MS": "30000"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    try:
        with Place(tmp_path_factory.mktemp("secured")) as place:
            for user in USERS.values():
                place.kafka.let_in(user, PASSWORD)
            place.provider.known |= {*USERS.values()}
            yield place
    except Unobtainable as reason:
        pytest.skip(str(reason))


def test_twenty_thousand_claims_by_passwords_through_kills_and_an_emptied_redis(
    place: Place, city: City, start: Start, tmp_path: Path
) -> None:
    """Kafka by SASL_SSL and SCRAM-SHA-512, Redis by TLS as a user of its ACL."""
    with place.redis:
        pipeline = start(place.kafka.bootstrap_servers, place.redis.url, **place.variables)
        pipeline.own = {service: {"KAFKA_SASL_USERNAME": user} for service, user in USERS.items()}
        settle(pipeline, place, city.lines, city.wanted)
    assert claims_in(city.lines) >= CLAIMS_MIN
    assert_no_secret_in(tmp_path)


def test_claims_by_tokens_through_kills_and_an_emptied_redis(place: Place, start: Start, tmp_path: Path) -> None:
    """Kafka by OAUTHBEARER; each process renews its token while it settles."""
    lines = list(events(FEW_PERSONS_EACH))
    wanted = Replayed(write_lines(tmp_path / "year.jsonl", lines))
    place.provider.lasts_s = TOKEN_S
    with place.redis:
        pipeline = start(place.kafka.bootstrap_servers, place.redis.url, **by_token(place))
        pipeline.own = {service: {"KAFKA_SASL_OAUTH_CLIENT_ID": user} for service, user in USERS.items()}
        settle(pipeline, place, lines, wanted)
        prove(place.provider.given[USERS["settlement"]] > 3, "settlement renewed no token")  # two processes, one of which was started again
    assert_no_secret_in(tmp_path)


def settle(pipeline: Pipeline, place: Place, lines: list[bytes], wanted: Replayed) -> None:
    """Settle the lines with all services; two are killed, and Redis comes back empty; it ends as the replay does."""
    claims = claims_in(lines)
    for name in SERVICES:
        pipeline.start(name)
    pipeline.publish(lines)
    for share, name in ((0.2, "settlement-1"), (0.4, "identity-1")):
        pipeline.wait(lambda share=share: settled(pipeline) > share * claims, SETTLED_S_MAX)
        pipeline.kill(name)
        pipeline.start(name)
    pipeline.wait(lambda: settled(pipeline) > 0.6 * claims, SETTLED_S_MAX)
    place.redis.restart(empty=True)
    pipeline.wait(lambda: settled(pipeline) > 0.9 * claims and pipeline.is_at_rest(), SETTLED_S_MAX)
    check(pipeline, wanted)
    pipeline.verify()
    assert pipeline.stop() == dict.fromkeys(SERVICES, 0)


def settled(pipeline: Pipeline) -> int:
    """About how many results were written; markers count a little."""
    return sum(pipeline.ends([RESULTS]).values())


def assert_no_secret_in(folder: Path) -> None:
    """Neither in what the processes told."""
    logs = list(folder.glob("*-*.log"))
    assert logs
    for log in logs:
        assert CANARY not in log.read_text("utf-8")


def test_fail_overs_by_sentinel_under_load_lose_nothing_and_pay_nothing_twice(
    place: Place, city: City, start: Start, tmp_path: Path
) -> None:
    """All of it by TLS, with users. First the primary dies between a commit and its write; then the other one, while its replica has heard nothing for
    seconds; then sentinels change the two while both live. Each time the former primary comes back as a replica.
    """
    port = free_port()
    with Guarded(tmp_path, Guard(place.authority, place.own), DOWN_AFTER_MS) as site:
        own = {**site.variables, **SETTINGS, "MEDAID_HEALTH_PORT": str(port)}
        pipeline = start(place.kafka.bootstrap_servers, "", **{**place.variables, **own})
        pipeline.own = {service: {"KAFKA_SASL_USERNAME": user} for service, user in USERS.items()}
        gate = Gate(site.primary, pipeline.prefix)
        keep_whole_file(site.primary)
        pipeline.start("settlement-1")
        del pipeline.environment["MEDAID_HEALTH_PORT"]
        for name in WORKERS:
            if name != "settlement-1":
                pipeline.start(name)
        pipeline.wait(gate.is_open, READY_S_MAX)

        def kill() -> None:
            kill_between_commit_and_apply(pipeline, site.primary)
            pipeline.wait(lambda: f"redis at {NAME} (127.0.0.1:" in " ".join(doubts(port)), READY_S_MAX)

        def promote(_since: Ends) -> None:
            site.fail_over()
            gate.server = site.primary

        def kill_untold() -> None:
            with site.deaf_replica():
                time.sleep(UNTOLD_S)
                site.primary.kill()

        with Load(pipeline, city.lines) as load:
            load.reach(0.15)
            print("failed over:", survive(pipeline, gate, kill, promote))
            site.come_back()
            load.reach(0.4)
            print("without the last writes:", survive(pipeline, gate, kill_untold, promote, healed_min=A_GOOD_PIECE))
            site.come_back()
            load.reach(0.7)
            taken = len(pipeline.told("lane taken", "settlement-*"))
            site.change()
            gate.server = site.primary
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
