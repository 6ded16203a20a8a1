"""What the fault table's tests share: a year of more than 20,000 claims with its replay, and a pipeline on servers of their own or the run's."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.faults.city import City
from tests.integration.pipeline import Pipeline

PERSONS_EACH = 950

Start = Callable[..., Pipeline]


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    """More than 20,000 claims of four cities."""
    return City.generate(tmp_path_factory.mktemp("city"), PERSONS_EACH)


@pytest.fixture(scope="session")
def large_city(tmp_path_factory: pytest.TempPathFactory) -> City:
    """Twice as many."""
    return City.generate(tmp_path_factory.mktemp("large_city"), 2 * PERSONS_EACH)


@pytest.fixture
def start(topic_prefix: str, tmp_path: Path) -> Iterator[Start]:
    """Starts a pipeline with its topics on a Kafka and a Redis; what is left of it is killed at the end."""
    started: list[Pipeline] = []

    def start(bootstrap: str, redis_url: str, **settings: str) -> Pipeline:
        short = {"MEDAID_SESSION_MS": "2000", "MEDAID_HEARTBEAT_MS": "200"}
        pipeline = Pipeline(bootstrap, redis_url, topic_prefix, tmp_path, **(short | settings))
        pipeline.create_topics()
        started.append(pipeline)
        return pipeline

    yield start
    for pipeline in started:
        pipeline.abandon()
        pipeline.delete()
