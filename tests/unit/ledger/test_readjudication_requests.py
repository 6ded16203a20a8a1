"""An operator's requests: broken off anywhere and begun again, none is sent twice and none left out; one that is repeated all the same changes nothing."""

from collections import Counter
from pathlib import Path

import orjson
import pytest

from schemas.catalogue import OPERATOR_EVENTS
from schemas.money import signed_fen
from services.embedded.replay import PARTITIONS
from services.ledger.readjudication.chosen import Scope
from services.ledger.readjudication.requests import send_all
from services.policy.library import Policies
from services.runtime.clock import InstantClock
from services.runtime.errors import Doubt
from services.runtime.records import Record, TopicPartition
from tests.unit.events import claim, granted
from tests.unit.ledger.towns import ASKER, Town, city, requests

REGION = "lianyungang"
SCOPE = Scope(REGION, 2025)
LOWER = r"limit_yuan: \{C: \{2023-01-01: 2000\} -> limit_yuan: {C: {2023-01-01: 1500}"
PERSONS = 12
EACH_FEN = 35_000
"""A stay of 3000.00 of class C: (3000 - 2000) x 70% = 700.00, (3000 - 1500) x 70% = 1050.00."""


@pytest.fixture
async def work(tmp_path: Path) -> Town:
    """A town of some persons with a claim each, whose deductible was lowered since."""
    made = Town(city(tmp_path / "before", REGION))
    await made.embedded.start()
    for number in range(1, PERSONS + 1):
        person = f"P{number}"
        await made.settle([granted(event_id=f"g{number}", person_id=person), claim(str(number), "2025-05-20", "3000.00", person_id=person)])
    made.upgrade(city(tmp_path / "after", REGION, LOWER))
    return made


class Line:
    """The way to Kafka, which breaks when so many records have gone; the last one arrives, though nobody hears of it."""

    def __init__(self, work: Town, breaks_after: int) -> None:
        self._work = work
        self._left = breaks_after

    async def __call__(self, record: Record) -> None:
        self._work.ask([record])
        self._left -= 1
        if self._left == 0:
            raise Doubt("kafka: send a record: not done within 1 s")


async def asked(work: Town) -> list[Record]:
    """All requests that lie in Kafka."""
    places = [TopicPartition(OPERATOR_EVENTS, lane) for lane in range(PARTITIONS)]
    ends = await work.broker.ends(places)
    return [record for place in places async for chunk in work.broker.read(place, 0, ends[place]) for record in chunk.records]


@pytest.mark.parametrize("settles", [False, True], ids=["settlement rests", "settlement works"])
@pytest.mark.parametrize("breaks_after", [1, 5, PERSONS])
async def test_broken_off_and_begun_again(work: Town, breaks_after: int, settles: bool) -> None:
    first, _ = await work.reckon(SCOPE)
    assert (first.totals.to_ask, first.totals.to_ask_fen) == (PERSONS, PERSONS * EACH_FEN)
    told: list[int] = []
    with pytest.raises(Doubt):
        await send_all(Line(work, breaks_after), requests(first), 1_000, InstantClock(), told.append)
    assert told == [*range(1, breaks_after)]
    paid = [signed_fen(result["delta"]) for result in (await work.work() if settles else [])]

    second, _ = await work.reckon(SCOPE)
    left = PERSONS - breaks_after
    assert second.totals.asked == (0 if settles else breaks_after)
    assert (second.totals.to_ask, second.totals.to_ask_fen) == (left, left * EACH_FEN)
    await send_all(Line(work, 0), requests(second), 1_000, InstantClock(), told.append)
    paid += [signed_fen(result["delta"]) for result in await work.work()]
    assert paid == [EACH_FEN] * PERSONS
    assert Counter(record.key for record in await asked(work)) == {f"P{number}".encode(): 1 for number in range(1, PERSONS + 1)}
    third, _ = await work.reckon(SCOPE)
    assert third.needed == []


async def test_a_request_sent_twice_is_a_redelivery(work: Town) -> None:
    """The same id says the same, and settles nothing more."""
    once, _ = await work.reckon(SCOPE)
    again, _ = await work.reckon(SCOPE)
    events = [orjson.loads(record.value or b"") for record in requests(once)]
    assert events == [orjson.loads(record.value or b"") for record in requests(again)]
    assert len({event["id"] for event in events}) == PERSONS
    work.ask(requests(once) + requests(again))
    assert [signed_fen(result["delta"]) for result in await work.work()] == [EACH_FEN] * PERSONS


async def test_another_reason_operator_or_state_of_the_ledger_is_another_request(work: Town) -> None:
    """Of one id there is one content."""
    needed = (await work.reckon(SCOPE))[0].needed[0]
    await work.settle([claim("99", "2025-06-20", "100.00", person_id=needed.place.person_id)])
    later = next(one for one in (await work.reckon(SCOPE))[0].needed if one.place == needed.place)
    made = [
        ASKER.record(needed, PARTITIONS),
        ASKER._replace(reason="another").record(needed, PARTITIONS),
        ASKER._replace(operator="cli:wang").record(needed, PARTITIONS),
        ASKER.record(later, PARTITIONS),
    ]
    assert len({orjson.loads(record.value or b"")["id"] for record in made}) == 4


async def test_a_request_that_settlement_refused_is_sent_again(work: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """It came to it, and the year is as it was."""
    found, _ = await work.reckon(SCOPE)
    with monkeypatch.context() as broken:
        broken.setattr(Policies, "for_year", lambda *_: 1 // 0)
        work.ask(requests(found)[:1])
        assert await work.work() == []
    again, _ = await work.reckon(SCOPE)
    assert (again.totals.asked, again.totals.to_ask) == (0, PERSONS)


async def test_what_else_lies_among_the_requests_counts_for_nobody(work: Town) -> None:
    """Refused, of another year or region, or of nobody who is asked for."""
    record = requests((await work.reckon(SCOPE))[0])[0]
    event = orjson.loads(record.value or b"")
    for change in ({"year": 2024}, {"region": "suzhou"}, {"year": "2025"}, {"operator": "cli:wang"}):
        work.ask([record._replace(value=orjson.dumps({**event, "data": {**event["data"], **change}}))])
    work.ask([record._replace(value=b"{")])
    found, _ = await work.reckon(SCOPE)
    assert (found.totals.asked, found.totals.to_ask) == (0, PERSONS)


async def test_an_operator_s_name_and_reason_stand_on_the_ledger(work: Town) -> None:
    """Whatever signs they are written in: settlement takes the request, and its source is the cause of what follows."""
    found, _ = await work.reckon(SCOPE)
    asker = ASKER._replace(operator="cli:王 小明", reason="年度限额更正")
    work.ask([asker.record(needed, PARTITIONS) for needed in found.needed])
    assert {result["caused_by"]["source"] for result in await work.work()} == {"/operators/cli:王 小明"}
    assert {orjson.loads(record.value or b"")["data"]["reason"] for record in await asked(work)} == {"年度限额更正"}


async def test_no_more_are_sent_than_the_rate_says(work: Town) -> None:
    clock = InstantClock()
    times: list[float] = []
    await send_all(Line(work, 0), requests((await work.reckon(SCOPE))[0]), 2, clock, lambda _: times.append(clock.monotonic()))
    assert times == [number / 2 for number in range(PERSONS)]
