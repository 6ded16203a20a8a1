"""How far the lanes of one service are behind their inputs, told from Kafka alone: also of a lane that is in doubt, waits, or that nobody has."""

import time
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from services.runtime.kafka.broker import AioKafkaBroker
from services.runtime.kafka.points import Points
from services.runtime.records import TopicPartition


class Lag(NamedTuple):
    """How far one lane is.

    Attributes:
        records: That it has yet to settle, of all its inputs.
        seconds: How long the oldest of them has lain in Kafka; 0 when there is none.
        read: Records settled so far, of all its inputs: offsets added up.
    """

    lane: int
    records: int
    seconds: float
    read: int


class Lags:
    """Of one service (group). `points` reads single records; somebody else closes it."""

    def __init__(self, broker: AioKafkaBroker, inputs: Sequence[str], points: Callable[[], Points]) -> None:
        self._broker = broker
        self._inputs = tuple(inputs)
        self._points = points
        self._only_markers: dict[TopicPartition, tuple[int, int]] = {}

    async def of(self, lanes: Collection[int]) -> Sequence[Lag]:
        """How far each of `lanes` is; one question for all committed offsets, and one for all ends.

        Raises:
            Doubt: Kafka is away.
        """
        places = [TopicPartition(topic, lane) for topic in self._inputs for lane in lanes]
        committed, ends = await self._broker.committed(places), await self._broker.ends(places)
        behind, ages_s = dict.fromkeys(lanes, 0), dict.fromkeys(lanes, 0.0)
        for place in places:
            span = (committed[place], ends[place])
            age_s = None if span[0] >= span[1] or self._only_markers.get(place) == span else await self._age_s(place, span[0])
            if age_s is None:
                self._only_markers[place] = span
                continue
            behind[place.partition] += span[1] - span[0]
            ages_s[place.partition] = max(ages_s[place.partition], age_s)
        read = {lane: sum(offset for place, offset in committed.items() if place.partition == lane) for lane in lanes}
        return [Lag(lane, behind[lane], ages_s[lane], read[lane]) for lane in lanes]

    async def _age_s(self, place: TopicPartition, offset: int) -> float | None:
        """How long the next record to read has lain there, seconds; None where only the markers of transactions lie."""
        found = await self._points().from_offset(place, offset)
        return None if found is None else max(0.0, time.time() - found.timestamp_ms / 1000)
