"""A made-up year of a region that declares codes of its own: they are used, its own agencies speak, and nothing is refused that was not broken."""

import asyncio
from collections import Counter

import orjson
import pytest

from schemas.catalogue import RESULTS, TIMELINES
from services.identity.app import IdentityService
from services.runtime.embedded import Embedded
from services.settlement.app import SettlementService
from services.synthetic import generate
from tests.unit.policy.river import REGION, river, with_river
from tests.unit.synthetic.made_up_cities import place_of


@pytest.fixture
def _whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """No record is broken on purpose."""
    monkeypatch.setattr("services.synthetic.year.break_some", lambda stage, count: None)


@pytest.mark.usefixtures("_whole")
def test_a_year_with_codes_of_its_own() -> None:
    told = asyncio.run(_told(list(generate(river(), 400, 7, 2025))))
    refused = Counter(data["reason"] for topic, data in told if topic.endswith(".dlq"))
    assert set(refused) <= {"conflicting_duplicate"}  # a bill that is contradicted, and a void that comes first
    results = [data for topic, data in told if topic == RESULTS]
    assert {data["visit_type"] for data in results} >= {"inpatient", "outpatient", "emergency", "day_surgery"}
    assert {kind for data in results for kind in data["claim"]["conditions"]} >= {"burn", "M00500"}
    assert any(data["visit_type"] == "emergency" and data["outcome"] == "assisted" for data in results)
    timelines = [data for topic, data in told if topic == TIMELINES]
    agencies = {event["source"].split("/")[3] for data in timelines for event in data["events"]}
    assert agencies >= {"flood-relief", "river-police", "civil-affairs", "healthcare-security"}
    ends = {interval["category"] for data in timelines for interval in data["intervals"] if interval["lost_by"] == "expiry"}
    assert ends == {"flood_victim", "low_income_margin"}
    assert all(data["region"] == REGION for data in results)


async def _told(lines: list[bytes]) -> list[tuple[str, dict[str, object]]]:
    embedded = Embedded([IdentityService(with_river()), SettlementService(with_river())], partitions=2)
    await embedded.start()
    records = []
    for number, line in enumerate(lines, 1):
        topic, key = place_of(line)
        embedded.publish(topic, key, line)
        if number % 100 == 0:
            await embedded.settle()
            records += embedded.drain()
    await embedded.settle()
    records += embedded.drain()
    return [(record.topic, orjson.loads(record.value)["data"]) for record in records if record.value is not None]
