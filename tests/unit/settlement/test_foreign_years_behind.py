"""A year that is told to be behind by somebody else: once an operator has the lane pass over it, nobody hears of it again."""

from datetime import date

from schemas.catalogue import AUDIT, SETTLEMENT_REROUTED, SETTLEMENT_WAITING
from schemas.envelope import write_event
from services.policy.library import load_policies
from services.runtime.clock import InstantClock
from services.runtime.home import home_of
from services.runtime.lanes import Lane
from services.runtime.memory import MemoryBroker, MemoryKafka
from services.runtime.memory_view import MemoryView
from services.runtime.metrics import NoMetrics
from services.runtime.rulings import Skip
from services.settlement.app import SettlementService

POLICIES = load_policies()
LANES = 2
ELSEWHERE = next(name for name in (f"Q{number}" for number in range(99)) if home_of(name, LANES) == 1)
EDITION = POLICIES.nearest("suzhou", date(2025, 1, 1)).edition


async def test_a_copy_in_another_lane_that_was_ruled_is_not_sent_home_each_time_the_lane_is_taken() -> None:
    kafka, view, service = MemoryKafka(), MemoryView(LANES), SettlementService(POLICIES)
    data = {"person_id": ELSEWHERE, "region": "suzhou", "year": 2025, "edition": EDITION, "readings": {}}
    cause = {"caused_by": {"source": "/agencies/suzhou/civil-affairs", "id": "g1"}, "time": "2025-06-01T00:00:00Z"}
    key = f"suzhou/2025/{ELSEWHERE}"
    behind = write_event("settlement.year.behind.v1", "/medaid/settlement", f"behind/{key}", "2025-06-01T00:00:00Z", data | cause)
    stray = kafka.append(SETTLEMENT_WAITING, 0, key.encode(), behind)
    told = {"operator": "cli:li", "client": "ops-1", "reason": "a mirror", **Skip.of(stray)._asdict()}
    skipped = write_event("console.audit.record_skipped.v1", "/medaid/console", "1", "2025-06-11T02:20:00Z", told)
    kafka.append(AUDIT, 0, b"cli:li", skipped)
    broker = MemoryBroker(kafka, service.name, LANES)
    lanes = [Lane(service, number, broker, view, InstantClock(), NoMetrics()) for number in range(LANES)]
    for _ in range(2):
        for lane in lanes:
            await lane.take()
        for lane in lanes:
            await lane.idle()
    assert kafka.records(SETTLEMENT_REROUTED) == []
