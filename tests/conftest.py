"""What every test may ask for: a Kafka and a Redis that a whole run shares, a place of one's own in them, or servers to be killed."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest

from deploy.local.servers import Kafka, Redis, Unobtainable
from tests import clients
from tests.servers import Keeper, Name, ask_keeper

pytest.register_assert_rewrite("tests.integration.year", "tests.integration.faults.load")

S = TypeVar("S", Kafka, Redis)
KEEPER = pytest.StashKey[Keeper]()
MARKS = {"kafka_bootstrap": "kafka", "own_kafka": "kafka", "redis_url": "redis", "own_redis": "redis"}


def pytest_configure(config: pytest.Config) -> None:
    for name in ("MEDAID_POLICIES", "MEDAID_READINGS"):  # tests are of the shipped cities, whatever the site of whoever runs them has
        os.environ.pop(name, None)
    if not hasattr(config, "workerinput"):
        config.stash[KEEPER] = Keeper()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["keeper"] = node.config.stash[KEEPER].line


def pytest_unconfigure(config: pytest.Config) -> None:
    if KEEPER in config.stash:
        config.stash[KEEPER].close()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that asks for a server has its mark, so that `-m "not kafka"` leaves it out; the longest one begins first, while the others run beside it."""
    items.sort(key=lambda item: not any(long in item.nodeid for long in ("test_city", "test_soak")))
    for item in items:
        for mark in {MARKS[fixture] for fixture in getattr(item, "fixturenames", ()) if fixture in MARKS}:
            item.add_marker(mark)


def _missing(reason: Unobtainable) -> None:
    """Skip the test, or fail it where CI=true: there a server must be."""
    if os.environ.get("CI") == "true":
        pytest.fail(str(reason), pytrace=False)
    pytest.skip(str(reason))


def _address(config: pytest.Config, name: Name) -> str:
    answer = config.stash[KEEPER].answer(name) if KEEPER in config.stash else ask_keeper(vars(config)["workerinput"]["keeper"], name)
    if isinstance(answer, Unobtainable):
        _missing(answer)
    return str(answer)


@pytest.fixture(scope="session")
def kafka_bootstrap(pytestconfig: pytest.Config) -> str:
    """The shared Kafka's host and port. Topics, groups and transactional ids of a test begin with its `topic_prefix`."""
    return _address(pytestconfig, "kafka")


@pytest.fixture(scope="session")
def redis_url(pytestconfig: pytest.Config) -> str:
    """The shared Redis, database 0, which stays empty: see `redis_db`."""
    return _address(pytestconfig, "redis")


@pytest.fixture
def topic_prefix() -> str:
    """A prefix that no other test has, now or before."""
    return f"t{uuid.uuid4().hex[:12]}."


@pytest.fixture
def redis_db(redis_url: str) -> str:
    """A database of the shared Redis for this test alone, empty: its URL. Each xdist worker has one, from 1 on."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    url = urlsplit(redis_url)._replace(path=f"/{1 + worker}").geturl()
    with clients.redis_at(url) as client:
        client.flushdb()
    return url


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[Kafka]:
    """A Kafka of the test's own, which it may stop, kill and restart; `.bootstrap_servers`."""
    yield from _own(Kafka(tmp_path / "kafka"))


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis of the test's own, which it may stop, kill and restart, also `empty`; `.url`."""
    yield from _own(Redis(tmp_path / "redis"))


def _own(server: S) -> Iterator[S]:
    try:
        server.start()
    except Unobtainable as reason:
        _missing(reason)
    yield server
    server.stop()
