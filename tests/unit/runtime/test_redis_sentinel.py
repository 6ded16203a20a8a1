"""Whom a majority of sentinels names, and which connections are used on; without servers. On real ones: `tests/integration/test_sentinel.py`."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from redis.asyncio.sentinel import MasterNotFoundError
from redis.exceptions import AuthenticationError, ConnectionError

from services.runtime.redis_sentinel import PrimaryConnection, PrimaryPool, Sentinels

OLD, NEW = ("10.0.0.1", 6379), ("10.0.0.2", 6379)
AWAY = ConnectionError("away")
NAME = "city"


class Asked:
    """A sentinel that answers, or does not."""

    def __init__(self, answer: tuple[str, int] | Exception | None, after_s: float = 0.0) -> None:
        self.answer = answer
        self._after_s = after_s

    async def execute_command(self, *command: str) -> tuple[str, int] | None:
        assert command == ("SENTINEL GET-MASTER-ADDR-BY-NAME", NAME)
        await asyncio.sleep(self._after_s)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def sentinels(*answers: tuple[str, int] | Exception | Asked | None) -> Sentinels:
    found = Sentinels([])
    found.sentinels = [answer if isinstance(answer, Asked) else Asked(answer) for answer in answers]
    return found


@pytest.mark.parametrize(
    ("answers", "primary"),
    [
        ([OLD], OLD),
        ([OLD, OLD, NEW], OLD),
        ([OLD, NEW, NEW], NEW),
        ([AWAY, NEW, NEW], NEW),
        ([None, AWAY, NEW, NEW, NEW], NEW),
        ([Asked(OLD, 3600), NEW, NEW], NEW),
    ],
)
async def test_a_majority_says_who_is_the_primary(answers: Sequence[Any], primary: tuple[str, int]) -> None:
    """Nobody waits for a sentinel that hangs."""
    async with asyncio.timeout(5):
        assert await sentinels(*answers).discover_master(NAME) == primary


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([OLD, NEW, AWAY], "1 names 10.0.0.1:6379, 1 names 10.0.0.2:6379, 1 ConnectionError"),
        ([OLD, AWAY, AWAY], "2 ConnectionError"),
        ([OLD, NEW], "1 names 10.0.0.1:6379, 1 names 10.0.0.2:6379"),
        ([None, None, None], "3 knows no primary city (REDIS_SENTINEL_MASTER)"),
        ([AuthenticationError("secret")], "1 name or password refused: REDIS_SENTINEL_USERNAME, REDIS_SENTINEL_PASSWORD"),
    ],
)
async def test_without_a_majority_nobody_is_and_the_answers_are_told(answers: Sequence[Any], told: str) -> None:
    with pytest.raises(MasterNotFoundError) as error:
        await sentinels(*answers).discover_master(NAME)
    assert str(error.value).startswith(f"{len(answers)} sentinels asked (REDIS_SENTINELS): ")
    assert set(told.split(", ")) <= set(str(error.value).partition("): ")[2].split(", "))


async def test_who_asks_at_once_forgets_no_sentinel() -> None:
    """As redis-py does, which puts the one that answered first."""
    asked = sentinels(Asked(AWAY, 0.01), Asked(OLD, 0.01), Asked(OLD, 0.01))
    before = list(asked.sentinels)
    await asyncio.gather(*(asked.discover_master(NAME) for _ in range(3)))
    assert asked.sentinels == before


class Line(PrimaryConnection):
    """A connection that always comes about; `made` is where to, each time."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.made: list[tuple[str, int]] = []
        self._is_up = False

    @property
    def is_connected(self) -> bool:
        return self._is_up

    async def connect(self) -> None:
        if not self._is_up:
            self.host, self.port = await self.connection_pool.get_master_address()
            self.made.append((self.host, self.port))
            self._is_up = True

    async def disconnect(self, *_: Any, **__: Any) -> None:
        self._is_up = False

    async def can_read(self) -> bool:
        return False


async def test_a_connection_to_a_former_primary_is_not_used_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor one that was in use while another connection heard of the fail-over. What stands goes on while no majority answers."""
    monkeypatch.setattr("services.runtime.redis_sentinel.ASK_EVERY_S", 3600.0)
    asked = sentinels(OLD, OLD, OLD)
    pool = PrimaryPool(NAME, asked, connection_class=Line)
    used: Any = await pool.get_connection()
    resting: Any = await pool.get_connection()
    for sentinel in asked.sentinels:
        sentinel.answer = NEW
    await pool.ensure_connection(used)
    assert used.made == [OLD], "it has just been asked"
    await pool.get_master_address()
    for line in (used, resting):
        await pool.ensure_connection(line)
        assert line.made == [OLD, NEW]
    monkeypatch.setattr("services.runtime.redis_sentinel.ASK_EVERY_S", 0.0)
    for sentinel in asked.sentinels:
        sentinel.answer = AWAY
    await pool.ensure_connection(used)
    assert used.made == [OLD, NEW]
    for sentinel in asked.sentinels:
        sentinel.answer = OLD
    await pool.ensure_connection(used)
    assert used.made == [OLD, NEW, OLD]
