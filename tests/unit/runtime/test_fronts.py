"""A topic that is kept for ever and does not begin at offset 0 stops every lane that stands on it, whatever the view says."""

import pytest

from schemas.topics import load_topics
from services.console.service import ConsoleService
from services.identity.app import IdentityService
from services.monitoring.app import MonitoringService
from services.policy.library import load_policies
from services.runtime.errors import Stop
from services.runtime.fronts import check_fronts
from services.runtime.memory import MemoryBroker
from services.runtime.records import TopicPartition
from services.runtime.service import AnyService
from services.settlement.app import SettlementService
from tests.unit.runtime.counting import AMOUNTS, FACTORS, PAID, SHARES
from tests.unit.runtime.workbench import ANN, Bench

POLICIES = load_policies()
SERVICES: tuple[AnyService, ...] = (
    IdentityService(POLICIES),
    SettlementService(POLICIES),
    MonitoringService(POLICIES),
    ConsoleService(POLICIES),
)


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_a_ledger_without_its_front_stops_the_lane_with_and_without_its_view(bench: Bench) -> None:
    """The view is whole, but the next loss would need the front."""
    lane = await bench.taken()
    for number in range(3):
        await lane.batch([bench.amount(ANN, f"A-{number}", 10)])
    bench.kafka.truncate(PAID, 0, before=2)
    for is_lost in (False, True):
        if is_lost:
            bench.view.lose()
        with pytest.raises(Stop, match=r"paid\.v1\[0\] begins at 2: kept for ever, each must begin at 0.*deploy/RUNBOOK"):
            await bench.lane(0).take()


async def test_a_ledger_that_was_deleted_whole_stops_the_lane(bench: Bench) -> None:
    lane = await bench.taken()
    await lane.batch([bench.amount(ANN, "A-1", 10)])
    bench.kafka.truncate(PAID, 0, before=99)
    bench.view.lose()
    with pytest.raises(Stop, match=r"paid\.v1\[0\] begins at 2"):
        await bench.lane(0).take()


@pytest.mark.parametrize("topic", [FACTORS, SHARES])
async def test_so_does_an_input_that_is_kept_for_ever(bench: Bench, topic: str) -> None:
    bench.kafka.append(topic, 0, None, b"{}")
    bench.kafka.truncate(topic, 0, before=1)
    with pytest.raises(Stop, match=rf"{topic}\[0\] begins at 1"):
        await bench.lane(0).take()
    await bench.lane(1).take()


async def test_an_input_that_grows_old_and_an_empty_topic_stop_nobody(bench: Bench) -> None:
    bench.amount(ANN, "A-1", 10)
    bench.kafka.reset("counting", TopicPartition(AMOUNTS, 0), 1)
    bench.kafka.truncate(AMOUNTS, 0, before=1)
    await bench.taken()


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
async def test_every_topic_kept_for_ever_that_a_service_reads_is_looked_at(service: AnyService) -> None:
    """What `topics.yaml` says, for each topic of each service alone."""
    topics = load_topics()
    stands_on = {topic for topic in (*service.inputs, *service.state_topics) if topics[topic].retention_days is None}
    assert stands_on == service.lasting
    for topic in sorted(stands_on):
        bench = Bench()
        bench.kafka.append(topic, 3, None, b"{}")
        bench.kafka.truncate(topic, 3, before=1)
        broker = MemoryBroker(bench.kafka, service.name, 4)
        with pytest.raises(Stop, match=rf"^{topic}\[3\] begins at 1"):
            await check_fronts(service, range(4), broker)
        await check_fronts(service, range(3), broker)
