"""One person's long year, late truth about it that comes all at once, and others at home in the same lane who must not wait for it."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import count

import orjson

from schemas.catalogue import IDENTITY_EVENTS, RESULTS
from services.embedded.replay import INTERNAL, TOPIC_OF_TYPE
from services.identity.app import IdentityService
from services.policy.library import load_policies
from services.runtime.embedded import Embedded
from services.runtime.home import home_of
from services.settlement.app import SettlementService
from tests.integration.faults.bills import bill, grant, reversal
from tests.integration.pipeline import Pipeline
from tests.integration.topics import PARTITIONS, Event, place_of

PERSON = "P-long"
LANE = home_of(PERSON, PARTITIONS)
GRANTED_ON = date(2025, 7, 1)
SELF_PAY_YUAN = 3
"""Of each bill: the year passes its deductible slowly, so that late truth changes many of them."""


class LongYear:
    """So many bills of one person, so many of them taken back, so many grants that each begin a day before those known so far.

    Attributes:
        bills: The year as it was settled first, behind the grant of 1 July.
        late: What comes then, reversals and grants mixed.
    """

    def __init__(self, bills: int, reversals: int, grants: int) -> None:
        days = [date(2025, 1, 1) + timedelta(days=number * 365 // bills) for number in range(bills)]
        self.bills = [bill(PERSON, f"C-{number}", SELF_PAY_YUAN, day.isoformat()) for number, day in enumerate(days)]
        self.grant = grant(PERSON, GRANTED_ON.isoformat())
        back = [reversal(PERSON, f"C-{number * bills // reversals}") for number in range(reversals)]
        earlier = [grant(PERSON, (GRANTED_ON - timedelta(days=number)).isoformat(), number + 1) for number in range(1, grants + 1)]
        mixed = sorted([*enumerate(back), *((number * reversals // grants, line) for number, line in enumerate(earlier))])
        self.late = [line for _, line in mixed]

    def replayed(self, others: Sequence[bytes]) -> "Replayed":
        """What it must come to, and what the bills of others."""
        granted = [line for line in [*self.late, *others] if place_of(line)[0] == IDENTITY_EVENTS]
        rest = [line for line in [*self.late, *others] if place_of(line)[0] != IDENTITY_EVENTS]
        return Replayed([self.grant, *granted, *rest, *self.bills])


class Replayed:
    """As `year.Replayed`, but with identity and settlement alone (what monitoring does for a bill grows with the bills of its person), and with the late
    news in front, where it costs nothing: the end is the same in any order."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._events = [orjson.loads(value) for value in asyncio.run(_settled(lines)) if value is not None]

    def of_type(self, prefix: str) -> Iterator[Event]:
        """Its events whose type begins so."""
        return (event for event in self._events if event["type"].startswith(prefix))


async def _settled(lines: Iterable[bytes]) -> list[bytes | None]:
    """What two services make of lines, each at rest before the next."""
    policies = load_policies()
    embedded = Embedded([IdentityService(policies), SettlementService(policies)], PARTITIONS)
    await embedded.start()
    told: list[bytes | None] = []
    for line in lines:
        topic, person = place_of(line)
        assert topic is not None
        assert person is not None
        embedded.publish(topic, person.decode(), line)
        await embedded.settle()
        told += [record.value for record in embedded.drain() if record.topic not in {*INTERNAL, *TOPIC_OF_TYPE.values()}]
    return told


def at_home(line: bytes) -> int:
    """The partition where the person of a line is at home."""
    person = place_of(line)[1]
    assert person is not None
    return home_of(person.decode(), PARTITIONS)


def neighbours() -> Iterator[str]:
    """Persons at home in the lane of the long year."""
    return (name for name in (f"N-{number}" for number in count()) if home_of(name, PARTITIONS) == LANE)


class Onlooker:
    """Publishes bills of neighbours one after the other, and looks how long each waits for its result.

    Attributes:
        lines: What was published.
        waited_s: How long each waited.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._names = neighbours()
        self._at = pipeline.ends([RESULTS])[RESULTS, LANE]
        self.lines: list[bytes] = []
        self.waited_s: list[float] = []

    def look(self, seconds_max: float) -> None:
        """One bill more. Raises: AssertionError, it waits longer than that, or until the processes have failed."""
        name = next(self._names)
        self.lines.append(bill(name, f"C-{name}", 100))
        began_s = time.monotonic()
        self._pipeline.publish(self.lines[-1:], partition_of=at_home)
        self._pipeline.wait(lambda: self._is_told(name), seconds_max)
        self.waited_s.append(time.monotonic() - began_s)

    def _is_told(self, name: str) -> bool:
        mark = f'"person_id":"{name}"'.encode()
        return any(mark in (value or b"") for value in self._pipeline.since(RESULTS, LANE, self._at))
