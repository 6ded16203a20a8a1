"""The runbook's commands, each run as it stands there, on a site where just that has happened: afterwards it is mended."""

import asyncio
import os
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from deploy.local.jars import kafka_jars
from deploy.local.servers import Redis
from schemas.catalogue import CLAIMS, RESULTS
from services.ledger.shelves import RedisShelves
from services.runtime.home import home_of
from services.runtime.settings import Settings
from services.settlement.app import SettlementService
from tests import clients
from tests.integration.pipeline import MEDAID, Pipeline
from tests.integration.topics import PARTITIONS
from tests.runbook import recipes
from tests.unit.events import claim, granted

pytestmark = pytest.mark.prove

PERSON, LANE = "P1", home_of("P1", PARTITIONS)
BILLS = [claim(str(number), f"2025-0{number}-02", "2900.00") for number in range(1, 4)]
WRONG = claim("9", "2025-09-02", "2900.00", basic_paid=9999)
IDENTITY, SETTLEMENT = "identity-1", "settlement-1"
WHO = {"OPERATOR": "li", "REASON": "a test of the runbook"}
READY_S_MAX = 60


class Site:
    """Three bills of one person settled, and somebody with the runbook before him."""

    def __init__(self, pipeline: Pipeline, redis_url: str, folder: Path) -> None:
        self.pipeline = pipeline
        self.redis = clients.redis_at(redis_url)
        self.folder = folder
        self.admin = clients.admin(pipeline.bootstrap)

    def follow(self, recipe: str, **names: str) -> str:
        """Type the commands of a recipe; each must do what it is for. What they print."""
        tools = tools_in(self.folder / "bin")
        path = os.pathsep.join([str(tools), str(Path(MEDAID).parent), os.environ["PATH"]])
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", recipes()[recipe]],
            cwd=self.folder,
            env=self.pipeline.environment | WHO | names | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
        return done.stdout

    def settle(self, *lines: bytes) -> None:
        """Send events, and wait until nothing is left to do."""
        self.pipeline.publish(lines)
        self.pipeline.wait(lambda: self.pipeline.is_at_rest("identity", "settlement"), READY_S_MAX)

    def results(self) -> int:
        """How many results lie in the ledger."""
        return sum(1 for _ in self.pipeline.read(RESULTS))

    def restart(self, name: str = SETTLEMENT) -> None:
        """As a process manager does."""
        self.pipeline.start(name)
        self.wait_until_ready(name)

    def wait_until_ready(self, name: str = SETTLEMENT) -> None:
        self.pipeline.wait(lambda: self.pipeline.is_up(name) and self.is_ready(name), READY_S_MAX)

    def is_ready(self, name: str) -> bool:
        try:
            with urllib.request.urlopen(f"{self.health(name)}/ready", timeout=10) as answer:
                return bool(answer.status == 200)
        except urllib.error.URLError:
            return False

    def health(self, name: str) -> str:
        """Where a process serves its health, as its log says."""
        return f"http://127.0.0.1:{self.pipeline.told('health and metrics served', name)[-1]['port']}"

    def why_stopped(self, *names: str) -> str:
        """What settlement said when it ended by itself, and `names` with it."""
        ending = (SETTLEMENT, *names)
        self.pipeline.wait(lambda: all(self.pipeline.status(name) is not None for name in ending), READY_S_MAX, dying=ending)
        assert {self.pipeline.forget(name) for name in ending} == {1}
        return str(self.pipeline.told("stopped, an operator must look", SETTLEMENT)[-1]["why"])

    def set_topic(self, topic: str, setting: str, value: str) -> None:
        """As somebody does who should not."""
        resource = ConfigResource(
            ResourceType.TOPIC,
            self.pipeline.prefix + topic,
            incremental_configs=[ConfigEntry(setting, value, incremental_operation=AlterConfigOpType.SET)],
        )
        for done in self.admin.incremental_alter_configs([resource]).values():
            done.result(timeout=30)

    def delete(self, topic: str, before: int) -> None:
        """As retention does."""
        place = TopicPartition(self.pipeline.prefix + topic, LANE, before)
        for deleted in self.admin.delete_records([place]).values():
            assert deleted.result().low_watermark == before


def tools_in(folder: Path) -> Path:
    """Kafka's scripts that a recipe calls, from the jars that we start it from."""
    folder.mkdir(exist_ok=True)
    tool = folder / "kafka-configs.sh"
    tool.write_text(f'#!/bin/sh\nexec java -cp "{kafka_jars()}/*" kafka.admin.ConfigCommand "$@"\n', "ascii")
    tool.chmod(0o755)
    return folder


@pytest.fixture
def make_site(kafka_bootstrap: str, topic_prefix: str, tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Makes a site on a Redis."""
    made: list[Pipeline] = []

    def make(redis_url: str, **settings: str) -> Site:
        pipeline = Pipeline(kafka_bootstrap, redis_url, topic_prefix, tmp_path, **settings)
        made.append(pipeline)
        pipeline.create_topics()
        site = Site(pipeline, redis_url, tmp_path)
        for name in (IDENTITY, SETTLEMENT):
            pipeline.start(name)
        site.settle(granted())
        site.settle(*BILLS)
        assert site.results() == len(BILLS)
        return site

    yield make
    for pipeline in made:
        pipeline.abandon()
        pipeline.delete()


@pytest.fixture
def site(make_site: Callable[..., Site], redis_db: str) -> Site:
    return make_site(redis_db)


def look(site: Site) -> None:
    site.wait_until_ready()
    assert '"ready": true' in site.follow("look", HEALTH=site.health(SETTLEMENT))


def redis_lost(site: Site) -> None:
    site.redis.flushdb()
    site.settle(claim("4", "2025-04-02", "2900.00"))
    site.wait_until_ready()
    site.follow("healed")


def rebuild_broken_off(site: Site) -> None:
    settings = Settings.from_env(site.pipeline.environment)
    asyncio.run(break_off(settings))
    site.pipeline.wait(lambda: not site.is_ready(SETTLEMENT), READY_S_MAX)
    site.follow("rebuild", SERVICE="settlement")
    site.wait_until_ready()
    site.follow("healed")


async def break_off(settings: Settings) -> None:
    """Begin a rebuild, and go away."""
    view = RedisShelves.of(settings, SettlementService.name, SettlementService.format, PARTITIONS)
    await anext(view.forget())
    await view.close()


def input_lost(site: Site) -> None:
    assert site.pipeline.end(SETTLEMENT) == 0
    site.pipeline.append(CLAIMS, {LANE: [claim("5", "2025-05-02", "2900.00"), claim("6", "2025-06-02", "2900.00")]})
    site.delete(CLAIMS, site.pipeline.ends([CLAIMS])[CLAIMS, LANE] - 1)
    site.pipeline.start(SETTLEMENT)
    assert "deleted unread" in site.why_stopped()
    site.follow("input-lost", SERVICE="settlement", TOPIC=CLAIMS, PARTITION=str(LANE))
    site.restart()
    site.settle(claim("5", "2025-05-02", "2900.00"))  # its hospital sends it again
    assert site.results() == len(BILLS) + 2


def topic_settings(site: Site) -> None:
    assert site.pipeline.end(SETTLEMENT) == 0
    site.set_topic(RESULTS, "retention.ms", "604800000")
    site.pipeline.start(SETTLEMENT)
    why = site.why_stopped()
    (setting,) = re.findall(r"--add-config ['\"]?(\S+=[^\s'\"]+)", why)
    site.follow("topic-settings", TOPIC=site.pipeline.prefix + RESULTS, SETTING=setting)
    site.restart()


def stray(site: Site) -> None:
    offset = site.pipeline.ends([RESULTS])[RESULTS, LANE]
    site.pipeline.append(RESULTS, {LANE: [b'{"not": "ours"}']})
    site.pipeline.publish([claim("7", "2025-07-02", "2900.00")])
    assert f"{RESULTS}[{LANE}]@{offset} is not as the one lane that writes there wrote it" in site.why_stopped()
    site.follow("stray", TOPIC=RESULTS, PARTITION=str(LANE), OFFSET=str(offset))
    site.restart()
    site.follow("healed")


def differences(site: Site) -> None:
    (key,) = [key for key in site.redis.scan_iter("*:d:y/*")]
    site.redis.hset(key, "_sequence", "77")
    found = subprocess.run(
        [MEDAID, "ledger", "verify"], env=site.pipeline.environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (found.returncode, "_sequence" in found.stdout) == (4, True)
    site.follow("differences")
    site.follow("healed")


def letter(site: Site) -> None:
    site.settle(WRONG)
    listed = site.pipeline.environment | {"COLUMNS": "500"}
    found = subprocess.run([MEDAID, "dlq", "list"], env=listed, capture_output=True, text=True, timeout=60, check=True)
    (name,) = re.findall(rf"{re.escape(CLAIMS)}/\d+/\d+", found.stdout)
    site.follow("letter", ID=name)
    mend = site.folder / "mend.json"
    mend.write_bytes(mend.read_bytes().replace(b"9999", b"0"))
    site.follow("mended", ID=name)
    site.settle()
    assert site.results() == len(BILLS) + 1


SCENES = (look, redis_lost, rebuild_broken_off, input_lost, topic_settings, stray, differences, letter)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_it_happens_and_is_mended(site: Site, scene: Callable[[Site], None]) -> None:
    scene(site)


def test_redis_is_full_and_given_more(make_site: Callable[..., Site], own_redis: Redis) -> None:
    site = make_site(own_redis.url)
    site.redis.config_set("maxmemory", "1")
    site.pipeline.publish([claim("4", "2025-04-02", "2900.00")])
    site.pipeline.wait(lambda: not site.is_ready(SETTLEMENT), READY_S_MAX)
    assert site.results() == len(BILLS)
    site.follow("redis-full", BYTES="256mb")
    site.settle()
    assert site.results() == len(BILLS) + 1


def test_redis_may_forget_and_is_rebuilt(make_site: Callable[..., Site], own_redis: Redis) -> None:
    site = make_site(own_redis.url)
    site.redis.config_set("maxmemory", "64mb")
    site.redis.config_set("maxmemory-policy", "allkeys-lru")
    assert "may evict keys" in site.why_stopped(IDENTITY)
    site.follow("evicting")
    for name in (IDENTITY, SETTLEMENT):
        site.restart(name)
    site.follow("healed")


def test_a_password_is_changed_without_a_restart(make_site: Callable[..., Site], own_redis: Redis, tmp_path: Path) -> None:
    file = tmp_path / "redis-password"
    file.write_text("former", "ascii")
    file.chmod(0o600)
    admin = clients.redis_at(own_redis.url)
    admin.acl_setuser("services", enabled=True, passwords=["+former"], keys=["*"], channels=["*"], commands=["+@all"])
    site = make_site(own_redis.url, REDIS_USERNAME="services", REDIS_PASSWORD_FILE=str(file))
    admin.acl_setuser("services", enabled=True, passwords=["+later"])
    site.follow("password", NEW_PASSWORD="later")
    admin.acl_setuser("services", enabled=True, passwords=["-former"])
    admin.client_kill_filter(_type="normal", skipme=True)
    site.settle(claim("4", "2025-04-02", "2900.00"))
    assert site.results() == len(BILLS) + 1


def test_every_recipe_has_a_scene() -> None:
    here = Path(__file__).read_text("utf-8")
    assert [name for name in recipes() if f'follow("{name}"' not in here] == []
