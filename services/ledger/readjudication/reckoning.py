"""A region's year reckoned anew, one lane at a time, or from a file of output events: what changes is told, what must be asked for is kept.

In: results and timelines. Out: each change as it is found, totals, the years that need a request. Promise: it writes nowhere. Of a ledger at rest it is
right to the fen; while news comes in, each lane is right for the moment at which it was read.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from dataclasses import dataclass, field

from schemas.catalogue import RESULTS, TIMELINES
from services.ledger.errors import Declined
from services.ledger.readjudication.anew import Anew, Change, settle_anew
from services.ledger.readjudication.chosen import Chosen, Scope
from services.ledger.readjudication.requests import Needed, waiting
from services.ledger.readjudication.totals import Totals
from services.ledger.verify.differences import Difference, Place
from services.ledger.verify.fold import Topics
from services.ledger.verify.form import Form
from services.policy.library import Policies
from services.runtime.errors import Refused
from services.runtime.fronts import check_fronts
from services.runtime.ports import Broker
from services.runtime.records import Record
from services.runtime.rulings import rulings
from services.settlement.app import SettlementService

CHUNK_RECORDS = 500
LOOKS_MAX, LOOK_S = 3, 1.0
"""How many times, and seconds apart, years are looked at that change although their edition runs: mostly their news is just being settled."""


@dataclass
class Reckoning:
    """What was found so far.

    Attributes:
        say: Takes each claim that changes.
        step: Told how many records were read, for progress.
        needed: The years that need a request, and have none that waits, with what it would lead to.
    """

    policies: Policies
    scope: Scope
    say: Callable[[Change], object]
    step: Callable[[int], None] = lambda _: None
    totals: Totals = field(default_factory=Totals)
    needed: list[Needed] = field(default_factory=list)

    def __post_init__(self) -> None:
        """The service whose functions settle and heal."""
        self.service = SettlementService(self.policies)
        self._faults: list[Difference] = []

    def begin(self, partitions: int | None) -> Chosen:
        """A fold of a lane, or of a file, which has no partitions."""
        return Chosen(self.service, Form(self._faults.append, partitions), self.scope, self.step)

    def check(self, fold: Chosen) -> None:
        """Look whether the ledger is in order, as far as it was read.

        Raises:
            Declined: It is not: what would change cannot be told of it.
        """
        fold.form.finish()
        if self._faults:
            raise Declined(
                f"the ledger is not in order, so nothing of it can be settled anew: {len(self._faults)} differences, the first: "
                f"{self._faults[0].line('en')}; `medaid ledger verify` tells all"
            )

    def settle(self, fold: Chosen, places: Iterable[Place], asked: Collection[str], *, is_last: bool = True) -> list[Place]:
        """Settle years anew. Returns: those left out because their news may be on its way; none when this is the last look."""
        left: list[Place] = []
        for place in places:
            try:
                found = settle_anew(self.policies, fold, place)
            except Refused:
                self.totals.years += 1
                self.totals.unsettled += 1
                continue
            if found.changes and not found.moves and not is_last:
                left.append(place)
            else:
                self._take(found, place.person_id in asked)
        return left

    def _take(self, found: Anew, is_asked: bool) -> None:
        self.totals.add(found, is_asked=is_asked)
        for change in found.changes:
            self.say(change)
        if found.is_needed and not is_asked:
            self.needed.append(Needed(found.place, found.digest))

    def finish(self, source: str) -> None:
        """Look whether anything was there.

        Raises:
            Declined: The ledger knows no such year, or person in it.
        """
        if not self.totals.years:
            whose = "" if self.scope.person_id is None else " of that person"
            raise Declined(f"no result{whose} of {self.scope.region} in {self.scope.year} in {source}")


async def reckon_kafka(reckoning: Reckoning, broker: Broker) -> None:
    """The ledger in Kafka, lane by lane, to where settlement stands.

    Raises:
        Declined: The ledger is not in order, or knows no such year.
        Doubt: Kafka is away.
        Stop: A topic that settlement stands on has lost its front.
    """
    await check_fronts(reckoning.service, range(broker.partitions), broker)
    skipped = (await rulings(broker)).skipped
    for lane in reckoning.scope.lanes(broker.partitions):
        await _reckon_lane(reckoning, Topics(broker, lane, skipped))
    reckoning.finish("kafka")


async def _reckon_lane(reckoning: Reckoning, topics: Topics) -> None:
    """One lane. What changes although its edition runs is looked at again as long as news comes in: results and timelines are not read in one instant."""
    asked = await waiting(topics, reckoning.service, reckoning.scope)
    fold = reckoning.begin(topics.broker.partitions)
    await topics.bring(fold, await topics.ends())
    reckoning.check(fold)
    left = reckoning.settle(fold, sorted(fold.places()), asked, is_last=False)
    for look in range(LOOKS_MAX):
        if not left:
            return
        await asyncio.sleep(LOOK_S)
        ends = await topics.ends()
        is_still = all(fold.scanned[topic] >= end for topic, end in ends.items())
        await topics.bring(fold, ends)
        reckoning.check(fold)
        left = reckoning.settle(fold, left, asked, is_last=is_still or look == LOOKS_MAX - 1)


async def reckon_file(reckoning: Reckoning, read: Callable[[], AsyncIterator[Record]], source: str) -> None:
    """The results and timelines of a file of output events, all of them settled.

    Args:
        reckoning: What is found goes there.
        read: The file's results and timelines from the beginning; read once for each.
        source: What the file is called.

    Raises:
        Declined: The ledger in it is not in order, or knows no such year.
    """
    fold = reckoning.begin(None)
    for topic in (RESULTS, TIMELINES):
        chunk: list[Record] = []
        async for record in read():
            if record.topic == topic:
                chunk.append(record)
            if len(chunk) == CHUNK_RECORDS:
                fold.bring(chunk)
                chunk = []
        fold.bring(chunk)
    reckoning.check(fold)
    reckoning.settle(fold, sorted(fold.places()), ())
    reckoning.finish(source)
