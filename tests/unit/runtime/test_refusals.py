"""While a service is not ready, missing rights are asked for and named; no longer once it is."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition as KafkaPartition
from structlog.testing import capture_logs

from services.runtime import refusals, subscription
from services.runtime.clock import SystemClock
from services.runtime.errors import Doubt, Stop
from services.runtime.kafka import AioKafkaBroker
from services.runtime.metrics import NoMetrics
from services.runtime.roster import LastingView, Roster
from services.runtime.settings import Settings
from tests.unit.runtime.counting import Counting


def no_view(lanes: int) -> LastingView:
    raise AssertionError("no lane is taken here")


class Steps:
    """A clock whose sleeps are steps: each calls the next, the last ends all."""

    def __init__(self, *steps: Any) -> None:
        self._steps = list(steps)

    async def sleep(self, seconds: float) -> None:
        if not self._steps:
            raise asyncio.CancelledError
        self._steps.pop(0)()


async def named(monkeypatch: pytest.MonkeyPatch, *steps: tuple[bool, str]) -> tuple[list[str], list[str]]:
    """What readiness and the log say after each look, of a service that is ready or not, and of what Kafka answers (`away`: nothing)."""
    roster = SimpleNamespace(is_ready=False, lacks="", service=SimpleNamespace(name="settlement"), broker=SimpleNamespace(partitions=4))
    answer, told = "", []

    async def lacking(*_: Any) -> str:
        if answer == "away":
            raise Doubt("kafka: away")
        return answer

    def step(is_ready: bool, text: str) -> Any:
        def take() -> None:
            nonlocal answer
            told.append(roster.lacks)
            roster.is_ready, answer = is_ready, text

        return take

    monkeypatch.setattr(refusals, "lacking", lacking)
    with capture_logs() as logs, pytest.raises(asyncio.CancelledError):
        await refusals.keep_named(roster, Settings(), Steps(*(step(*one) for one in steps)))  # type: ignore[arg-type]
    return [*told[1:], roster.lacks], [line["why"] for line in logs]


async def test_a_right_is_named_until_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logged once while it stays the same; another one again."""
    lacks, logged = await named(
        monkeypatch, (False, "READ on topic a"), (False, "READ on topic a"), (False, "WRITE on topic b"), (False, "")
    )
    assert lacks == ["READ on topic a", "READ on topic a", "WRITE on topic b", ""]
    assert logged == ["READ on topic a", "WRITE on topic b"]


async def test_a_service_that_is_ready_or_whose_kafka_is_away_lacks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    lacks, logged = await named(monkeypatch, (False, "READ on topic a"), (False, "away"), (True, "READ on topic a"))
    assert lacks == ["READ on topic a", "", ""]
    assert logged == ["READ on topic a"]


async def started(monkeypatch: pytest.MonkeyPatch, *lacks: str) -> tuple[Roster, list[str]]:
    """A subscription whose topics look as if one were missing, and which lacks these rights one after the other; with what the log says."""
    settings = Settings()
    roster = Roster(Counting(), settings, AioKafkaBroker("counting", settings), no_view, SystemClock(), lambda lane: NoMetrics())
    answers = list(lacks)

    async def prepare(topics: object) -> None:
        raise Stop("missing in Kafka: counting")

    async def lacking(*_: Any) -> str:
        return answers.pop(0)

    monkeypatch.setattr(roster, "prepare", prepare)
    monkeypatch.setattr(subscription, "lacking", lacking)
    monkeypatch.setattr(subscription, "START_RETRY_S", 0.0)
    made = subscription.Subscription(settings, roster, ["counting"], Any, {})
    with capture_logs() as logs:
        await made.start()
        await made.stop()
    return roster, [line["why"] for line in logs if line["event"] == "a right is missing"]


async def test_a_topic_that_we_may_not_see_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks as if it were missing, which ends a service; it waits as long as the right is missing, and ends only if the topic is."""
    roster, told = await started(monkeypatch, "READ on topic counting", "READ on topic counting", "")
    assert told == ["READ on topic counting"]
    assert roster.lacks == "READ on topic counting"
    assert "missing in Kafka" in str(roster.stop)


async def test_a_topic_that_is_missing_ends_the_service_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    roster, told = await started(monkeypatch, "")
    assert (told, roster.lacks) == ([], "")
    assert "missing in Kafka" in str(roster.stop)


async def test_a_lane_that_is_assigned_in_part_is_not_ready() -> None:
    """A process of another version is in the group, or we may not see an input any more."""
    settings = Settings()
    roster = Roster(Counting(), settings, AioKafkaBroker("counting", settings), no_view, SystemClock(), lambda lane: NoMetrics())
    roster.broker.partitions = 1
    roster.consumer = lambda: SimpleNamespace(pause=lambda *_: None)
    await roster.on_partitions_assigned([])
    assert roster.is_ready
    await roster.on_partitions_assigned([KafkaPartition("another", 0)])
    assert not roster.is_ready
