"""The minutes around midnight of the year's end in +08:00, on machines whose clocks are set elsewhere: each bill in its right year."""

import pytest

from schemas.catalogue import CLAIMS, RESULTS, dead_letters_of
from tests.integration.faults.bills import bill, grant
from tests.integration.faults.conftest import Start

pytestmark = pytest.mark.prove

BILLS = [
    bill("P1", "before", 2_500, "2025-12-31", "2025-12-31T23:59:00+08:00"),
    bill("P1", "last-second", 1_000, "2025-12-31", "2025-12-31T15:59:59Z"),
    bill("P1", "first-second", 2_500, "2026-01-01", "2025-12-31T16:00:00Z"),
    bill("P1", "after", 1_000, "2026-01-01", "2026-01-01T00:01:00+08:00"),
    bill("P1", "new-years-eve-elsewhere", 100, "2026-01-01", "2025-12-31T11:01:00-05:00"),
    bill("P1", "late-for-the-old-year", 100, "2025-12-31", "2026-01-01T00:00:30+08:00"),
]
"""On paper, （五）3: 2,000 yuan a year are borne, then 70%: each year begins anew."""

EXPECTED = {
    "before": (2025, 1, "350.00"),  # (2500 - 2000) x 70%
    "last-second": (2025, 2, "700.00"),  # 1000 x 70%
    "first-second": (2026, 1, "350.00"),
    "after": (2026, 2, "700.00"),
    "new-years-eve-elsewhere": (2026, 3, "70.00"),
    "late-for-the-old-year": (2025, 3, "70.00"),
}
TOO_EARLY = [
    bill("P1", "tomorrow", 100, "2026-01-01", "2025-12-31T23:59:59+08:00"),
    bill("P1", "tomorrow-in-utc", 100, "2026-01-01", "2025-12-31T15:59:59Z"),
]
"""Dated a day after that of their events, in +08:00."""


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati"])
def test_the_year_changes_at_midnight_in_china(start: Start, kafka_bootstrap: str, redis_db: str, zone: str) -> None:
    pipeline = start(kafka_bootstrap, redis_db, TZ=zone)
    for name in ("identity-1", "settlement-1"):
        pipeline.start(name)
    pipeline.publish([grant("P1")])
    pipeline.wait(lambda: pipeline.is_at_rest("identity"), 60)
    pipeline.wait(lambda: pipeline.is_at_rest("settlement"), 60)
    pipeline.publish(BILLS + TOO_EARLY)
    pipeline.wait(lambda: pipeline.is_at_rest("settlement"), 60)
    settled = [event["data"] for event in pipeline.read(RESULTS)]
    assert {result["claim_id"]: (result["year"], result["sequence"], result["assistance_amount"]) for result in settled} == EXPECTED
    letters = [event["data"] for event in pipeline.read(dead_letters_of(CLAIMS))]
    assert [(letter["reason"], letter["payload"]) for letter in letters] == [("invalid_dates", line.decode()) for line in TOO_EARLY]
