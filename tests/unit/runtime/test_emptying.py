"""A document that cannot be read: the view is emptied once, whoever meets it."""

import asyncio
import time
from collections.abc import Mapping, Sequence

import orjson

from services.runtime.clock import SystemClock
from services.runtime.deciding import BREATH_S
from services.runtime.errors import Unreadable
from services.runtime.home import home_of
from services.runtime.lanes import Lane
from services.runtime.memory import MemoryBroker
from services.runtime.records import Document, Record, Want
from services.runtime.service import Emission
from tests.unit.runtime.counting import AMOUNTS, Counting, Event, Fold, document_of
from tests.unit.runtime.workbench import ANN, BOB, LANES, Bench

SLOW = next(name for name in map(str, range(99)) if home_of(name, LANES) == 1)
"""At home in lane 1, like Bob; whose amount takes long."""


class ReadingFold(Fold):
    """Reads a person when an event of his is decided, as services do."""

    def __init__(self, documents: Mapping[str, Document], holders: Mapping[str, str]) -> None:
        super().__init__({key: {} for key in documents}, holders)
        self._documents = documents

    def decide(self, event: Event) -> Sequence[Emission]:
        if event.home == SLOW:
            time.sleep(2 * BREATH_S)
        if "broken" in self._documents[document_of(event.home)]:
            raise Unreadable("a document in the view cannot be read")
        return super().decide(event)


class Reading(Counting):
    """The counting service over such folds, on whole documents."""

    def want(self, events: Sequence[Event]) -> Want:
        want = super().want(events)
        return Want(dict.fromkeys(want.documents), want.bookings)

    def fold(self, documents: Mapping[str, Document], holders: Mapping[str, str]) -> Fold:
        return ReadingFold(documents, holders)


async def test_two_lanes_that_meet_it_at_once_empty_the_view_once() -> None:
    bench = Bench()

    def amount(lane: int, who: str) -> Record:
        return bench.kafka.append(AMOUNTS, lane, None, orjson.dumps({"person": who, "key": who, "amount": 10}))

    broker = MemoryBroker(bench.kafka, Counting.name, LANES)
    first, second = (Lane(Reading(), number, broker, bench.view, SystemClock(), bench.figures) for number in range(LANES))
    await first.take()
    await second.take()
    for who in (ANN, BOB):
        bench.view._documents[document_of(who)] = {"broken": b"3:"}
    batches = second.batch([amount(1, SLOW), amount(1, BOB)]), first.batch([amount(0, ANN)])  # the first is done while the second breathes
    assert [type(met) for met in await asyncio.gather(*batches, return_exceptions=True)] == [Unreadable, Unreadable]
    await first.take()
    await second.take()
    await first.idle()
