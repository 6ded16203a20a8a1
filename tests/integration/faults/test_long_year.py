"""A year that is as long as a year can be, and more late truth about it than one batch takes."""

import time

import pytest

from tests.integration.faults.city import DRAIN_S_MAX
from tests.integration.faults.conftest import Start
from tests.integration.long_year import LongYear, Onlooker, at_home
from tests.integration.year import check

pytestmark = pytest.mark.prove

LATE_S_MAX = 120
LOOK_S_MAX = 45
LOOKS = 8


def test_a_year_of_ten_thousand_bills_with_much_late_truth(start: Start, kafka_bootstrap: str, redis_db: str) -> None:
    """500 reversals and 200 late grants under two workers: done within two minutes, while others of the lane get their results."""
    year = LongYear(10_000, 500, 200)
    pipeline = start(kafka_bootstrap, redis_db, MEDAID_SESSION_MS="6000", MEDAID_HEARTBEAT_MS="500")
    for name in ("identity-1", "settlement-1", "settlement-2"):
        pipeline.start(name)
    pipeline.publish([year.grant, *year.bills], partition_of=at_home)
    pipeline.wait(lambda: pipeline.is_at_rest("identity", "settlement"), DRAIN_S_MAX)
    began_s = time.monotonic()
    onlooker = Onlooker(pipeline)
    late = iter(year.late)
    share = len(year.late) // LOOKS + 1
    for _ in range(LOOKS):
        pipeline.publish([line for _, line in zip(range(share), late, strict=False)], partition_of=at_home)
        onlooker.look(LOOK_S_MAX)
    pipeline.wait(lambda: pipeline.is_at_rest("identity", "settlement"), LATE_S_MAX)
    took_s = time.monotonic() - began_s
    print(f"late truth settled in {took_s:.0f} s; others waited {max(onlooker.waited_s):.1f} s at most")
    assert took_s < LATE_S_MAX
    check(pipeline, year.replayed(onlooker.lines), warnings=False)
    pipeline.verify()
    assert set(pipeline.stop().values()) == {0}
