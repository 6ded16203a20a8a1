"""While a service is not ready, missing rights are asked for and named; no longer once it is."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.runtime import refusals
from services.runtime.errors import Doubt
from services.runtime.settings import Settings


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
