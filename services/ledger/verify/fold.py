"""What healing settlement's view from its topics would give, by settlement's own functions, held in memory; of one lane, or of a file.

In: records of results, waiting reversals and timelines. Out: documents and holders, true at an offset of each topic. Promise: it writes nowhere.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing

from schemas.catalogue import AUDIT, CLAIMS, RESULTS, SETTLEMENT_REROUTED, SETTLEMENT_WAITING, dead_letters_of
from services.ledger.verify.differences import Place
from services.ledger.verify.form import Form
from services.runtime.errors import Refused
from services.runtime.memory_view import change
from services.runtime.ports import Broker
from services.runtime.records import Record, TopicPartition, Watermark
from services.runtime.rulings import Skip, is_skipped
from services.settlement.adapters.documents import decode, person_key, year_keys
from services.settlement.app import SettlementService
from services.settlement.domain import Person

FOLDED = (*SettlementService.state_topics,)
TOPICS = (*FOLDED, CLAIMS, SETTLEMENT_REROUTED, dead_letters_of(CLAIMS), AUDIT)
"""What must be there for a verification."""


class Fold:
    """Documents and holders, brought forward record by record.

    Attributes:
        documents, holders: As a view holds them.
        scanned: For each topic the offset up to which it was read.
        reached: For each topic the offset after the newest record folded; only markers lie between the two.
        form: What has been found of the ledger's own form.
    """

    def __init__(self, service: SettlementService, form: Form, step: Callable[[int], None] = lambda _: None) -> None:
        """Begin with nothing.

        Args:
            service: Whose healing it is.
            form: Looks at each result first.
            step: Told how many records were folded, for progress.
        """
        self.documents: dict[str, dict[str, bytes]] = {}
        self.holders: dict[str, str] = {}
        self.scanned = dict.fromkeys(FOLDED, 0)
        self.reached = dict.fromkeys(FOLDED, 0)
        self.form = form
        self._service = service
        self._step = step

    def bring(self, records: Sequence[Record]) -> None:
        """Fold consecutive records of a topic. A result without its form is left out, and so is a timeline that settlement refused."""
        for record in records:
            self.reached[record.topic] = record.offset + 1
        sound = [record for record in records if self._is_sound(record)]
        wanted = self._service.want_healing(sound).documents
        writes = self._service.heal(sound, {key: self.documents.get(key, {}) for key in wanted})
        for key, changes in writes.documents.items():
            change(self.documents, key, changes)
        self.holders.update(writes.bookings)
        self._step(len(records))

    def places(self) -> Iterator[Place]:
        """Every person-year with claims."""
        for key in self.documents:
            if key.startswith("y/"):
                yield place_of(key)

    def person(self, place: Place) -> Person:
        """The person with that one year."""
        wanted = [person_key(place.person_id), *year_keys(*place)]
        return decode(place.person_id, {key: self.documents.get(key, {}) for key in wanted}, {})

    def _is_sound(self, record: Record) -> bool:
        if record.topic == RESULTS:
            return self.form.add(record) is not None
        if record.topic == SETTLEMENT_WAITING:
            return self.form.add_waiting(record)
        try:
            self._service.read(record)
        except Refused:
            return False
        return True


class Topics:
    """One lane's topics in Kafka, without the records that operators pass over."""

    def __init__(self, broker: Broker, lane: int, skipped: frozenset[Skip] = frozenset()) -> None:
        self.broker = broker
        self.lane = lane
        self._skipped = skipped

    async def ends(self) -> Watermark:
        """How far the topics can be settled: to the read_committed end of what settlement writes, to its committed offset of the timelines.

        Raises:
            Doubt: Kafka is away.
        """
        own, inputs = self._places("end"), self._places("committed")
        found = {**await self.broker.ends(own), **await self.broker.committed(inputs)}
        return {partition.topic: offset for partition, offset in found.items()}

    async def log_ends(self) -> Watermark:
        """Beyond these there is nothing. Raises: Doubt, Kafka is away."""
        return {place.topic: end for place, end in (await self.broker.log_ends([*self._places("end"), *self._places("committed")])).items()}

    async def bring(self, fold: Fold, to: Watermark) -> None:
        """Fold what lies between where `fold` stands and `to`; nothing where it is there already.

        Raises:
            Doubt: Kafka is away.
        """
        for topic in FOLDED:
            stop = to.get(topic, 0)
            async for records in self._read(topic, fold.scanned[topic], stop):
                fold.bring(records)
            fold.scanned[topic] = max(fold.scanned[topic], stop)

    async def records(self, topic: str) -> AsyncIterator[Record]:
        """All records of the lane's partition of `topic`, to its present end. Raises: Doubt, Kafka is away."""
        partition = TopicPartition(topic, self.lane)
        async for records in self._read(topic, 0, (await self.broker.ends([partition]))[partition]):
            for record in records:
                yield record

    async def unsettled(self) -> AsyncIterator[Record]:
        """Claims that settlement has not settled yet, as far as it has committed. Raises: Doubt, Kafka is away."""
        inputs = [TopicPartition(topic, self.lane) for topic in (CLAIMS, SETTLEMENT_REROUTED)]
        committed, ends = await self.broker.committed(inputs), await self.broker.ends(inputs)
        for partition in inputs:
            async for records in self._read(partition.topic, committed[partition], ends[partition]):
                for record in records:
                    yield record

    async def results(self, fold: Fold) -> AsyncIterator[Record]:
        """The results that `fold` has read, once more. Raises: Doubt, Kafka is away."""
        async for records in self._read(RESULTS, 0, fold.scanned[RESULTS]):
            for record in records:
                yield record

    async def _read(self, topic: str, start: int, stop: int) -> AsyncIterator[Sequence[Record]]:
        async with aclosing(self.broker.read(TopicPartition(topic, self.lane), start, stop)) as chunks:
            async for chunk in chunks:
                yield [record for record in chunk.records if not is_skipped(record, self._skipped)]

    def _places(self, until: str) -> list[TopicPartition]:
        return [TopicPartition(topic, self.lane) for topic, known in SettlementService.state_topics.items() if known == until]


def place_of(key: str) -> Place:
    """The person-year of a document of counters or claims."""
    _, person_id, region, year = key.split("/")
    return Place(person_id, region, int(year))
