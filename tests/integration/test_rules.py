"""What a service was started with last lies in Redis beside its view, whatever becomes of that: the next start tells what is otherwise."""

import asyncio

import pytest
from structlog.testing import capture_logs

from services.runtime.clock import SystemClock
from services.runtime.connections import Connections
from services.runtime.kafka import AioKafkaBroker
from services.runtime.metrics import NoMetrics
from services.runtime.redis_client import connect
from services.runtime.redis_view import RedisView
from services.runtime.roster import Roster
from services.runtime.rules import Rules, tell_changes
from services.runtime.settings import Settings
from tests.unit.runtime.counting import Counting

pytestmark = pytest.mark.redis
PREFIX = "medaid:counting:"


def view(redis_db: str) -> RedisView:
    """The view of the service Counting, for one lane."""
    return RedisView(connect(Connections(redis_url=redis_db)), PREFIX, 1, deadline_s=10)


async def started(redis_db: str, rules: Rules) -> list[object]:
    """What a start says that is otherwise; the view is there a moment later only."""
    settings = Settings()
    roster = Roster(
        Counting(), settings, AioKafkaBroker("counting", settings), lambda lanes: view(redis_db), SystemClock(), lambda lane: NoMetrics()
    )
    roster.view = view(redis_db)
    with capture_logs() as told:
        async with asyncio.timeout(30):
            await tell_changes(rules, roster, "", SystemClock())
    await roster.view.close()
    (line,) = told
    return [line["log_level"], line.get("changed")]


async def test_each_start_tells_what_is_otherwise_than_at_the_last(redis_db: str) -> None:
    """Regions that came, went, changed, and of which a file has a fault; a view that is emptied keeps it."""
    first = Rules({"suzhou": "a", "wuxi": "b"})
    second = Rules({"suzhou": "c", "beijing": "d"}, {"wuxi": ["x"]})
    assert await started(redis_db, first) == ["info", None]
    assert await started(redis_db, first) == ["info", None]
    made = view(redis_db)
    async for _ in made.forget():
        pass
    await made.close()
    assert await started(redis_db, second) == ["warning", {"beijing": "none -> d", "suzhou": "a -> c", "wuxi": "b -> faulty"}]
    assert await started(redis_db, Rules()) == ["warning", {"beijing": "d -> none", "suzhou": "c -> none", "wuxi": "faulty -> none"}]
    assert await started(redis_db, first) == ["info", None], "what it was is not known"
