"""What is tried again because it was slow really was: a lane that stands still is a failure, whatever it was waited for."""

import signal

import pytest

from tests.integration import topics
from tests.integration.faults.bills import bill
from tests.integration.faults.conftest import Start
from tests.integration.long_year import at_home
from tests.integration.topics import TooSlow

pytestmark = pytest.mark.prove

BILLS = 20_000


def test_only_lanes_that_move_are_slow(start: Start, kafka_bootstrap: str, redis_db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "STILL_S", 5)
    pipeline = start(kafka_bootstrap, redis_db)
    pipeline.start("settlement-1")
    pipeline.wait(lambda: pipeline.is_at_rest("settlement"), 60)
    pipeline.publish((bill(f"P-{number}", f"C-{number}", 100) for number in range(BILLS)), partition_of=at_home)
    with pytest.raises(TooSlow):
        pipeline.wait(lambda: False, 0)
    pipeline.send("settlement-1", signal.SIGSTOP)
    pipeline.publish([bill("P-late", "C-late", 100)], partition_of=at_home)
    with pytest.raises(AssertionError, match="nothing moves") as failure:
        pipeline.wait(lambda: False, 0)
    assert not isinstance(failure.value, TooSlow)
