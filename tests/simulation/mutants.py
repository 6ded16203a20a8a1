"""Worlds from which one safeguard was taken out, each in one place; the simulation must notice."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

from services.runtime.clock import Clock
from services.runtime.errors import Doubt
from services.runtime.lanes import Lane
from services.runtime.memory_view import MemoryView, Snapshot
from services.runtime.metrics import LaneMetrics
from services.runtime.ports import Broker, View, Writer
from services.runtime.records import Offsets, Output, Record, Taken, TopicPartition, Want, Watermark, Writes
from services.runtime.service import AnyService, Documents, Fold, Holders
from tests.simulation.parts import Delegate, Parts


class NoGate(Parts):
    """`load` never answers `Closed`: a view that waits for no lane."""

    def new_view(self, lanes: int) -> MemoryView:
        return MemoryView(0)


class NoWatermarkCheck(Parts):
    """`apply` writes whatever the watermark is."""

    def new_view(self, lanes: int) -> MemoryView:
        return _Careless(lanes)


class _Careless(MemoryView):
    async def apply(self, lane: int, at: Watermark | None, to: Watermark, writes: Writes, healed_in: str | None = None) -> bool:
        present = (await self.peek(lane, Want())).watermark
        return await super().apply(lane, present, to, writes, healed_in)


class ReadsBeforeFence(Parts):
    """The committed offsets and the ends are read, and only then the former owner is fenced."""

    theme = "handovers"

    def broker(self, inner: Broker, service: AnyService, lane: int) -> Broker:
        return _Hasty(inner, service, lane)


class _Hasty(Delegate):
    def __init__(self, inner: Broker, service: AnyService, lane: int) -> None:
        super().__init__(inner)
        self._all = [TopicPartition(topic, lane) for topic in (*service.inputs, *service.state_topics)]
        self._known: dict[str, Offsets] = {}

    async def fence(self, lane: int) -> Writer:
        for name in ("committed", "ends", "log_ends"):
            self._known[name] = await getattr(self._inner, name)(self._all)
        return await self._inner.fence(lane)

    async def committed(self, partitions: Collection[TopicPartition]) -> Offsets:
        return await self._of("committed", partitions)

    async def ends(self, partitions: Collection[TopicPartition]) -> Offsets:
        return await self._of("ends", partitions)

    async def log_ends(self, partitions: Collection[TopicPartition]) -> Offsets:
        return await self._of("log_ends", partitions)

    async def _of(self, name: str, partitions: Collection[TopicPartition]) -> Offsets:
        known = self._known[name]
        if not known.keys() >= set(partitions):  # of the audit: what operators ruled
            found: Offsets = await getattr(self._inner, name)(partitions)
            return found
        return {partition: known[partition] for partition in partitions}


class HealsFirst(Parts):
    """The view is healed, and only then the former owner is fenced."""

    theme = "handovers"

    def broker(self, inner: Broker, service: AnyService, lane: int) -> Broker:
        return _Late(inner)

    def lane(self, service: AnyService, lane: int, broker: Broker, view: View, clock: Clock, metrics: LaneMetrics) -> Lane[Any]:
        return _HealingFirst(service, lane, broker, view, clock, metrics)


class _LateWriter:
    def __init__(self, broker: Broker, lane: int) -> None:
        self._broker = broker
        self._lane = lane
        self._writer: Writer | None = None

    async def begin(self) -> None:
        self._writer = await self._broker.fence(self._lane)

    async def commit(self, outputs: Sequence[Output], offsets: Offsets) -> Offsets:
        assert self._writer is not None
        return await self._writer.commit(outputs, offsets)

    async def close(self) -> None:
        """Nothing is held."""


class _Late(Delegate):
    async def fence(self, lane: int) -> Writer:
        return _LateWriter(self._inner, lane)


class _HealingFirst(Lane[Any]):
    async def take(self) -> Taken:
        taken = await super().take()
        writer = self._transactions.writer
        assert isinstance(writer, _LateWriter)
        await writer.begin()
        return taken


class GoesOnAfterDoubt(Parts):
    """After an unknown outcome of a commit the lane goes on with the next batch."""

    def lane(self, service: AnyService, lane: int, broker: Broker, view: View, clock: Clock, metrics: LaneMetrics) -> Lane[Any]:
        return _GoingOn(service, lane, broker, view, clock, metrics)


class _Unknown(Exception):
    """A commit's."""


class _GoingOn(Lane[Any]):
    async def batch(self, records: Sequence[Record]) -> list[Record]:
        with suppress(_Unknown):
            return await super().batch(records)
        return []

    async def _publish(self, outputs: Sequence[Output], offsets: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, int]:
        try:
            return await super()._publish(outputs, offsets)
        except Doubt as doubt:
            if str(doubt).startswith("an answer"):
                raise _Unknown from doubt
            raise


class RedisBeforeKafka(Parts):
    """The view is written, and only then the transaction committed."""

    def lane(self, service: AnyService, lane: int, broker: Broker, view: View, clock: Clock, metrics: LaneMetrics) -> Lane[Any]:
        remembering = _Remembering(service)
        return _ApplyingFirst(remembering, lane, broker, view, clock, metrics)


class _Remembering(Delegate):
    """A service that remembers its last fold."""

    last: Fold[Any]

    def fold(self, documents: Documents, holders: Holders) -> Fold[Any]:
        self.last = self._inner.fold(documents, holders)
        return self.last


class _ApplyingFirst(Lane[Any]):
    async def _publish(self, outputs: Sequence[Output], offsets: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, int]:
        writes = self.service.last.writes()  # type: ignore[attr-defined]
        await self._view.apply(self.partition, self._watermark, self._watermark, writes)
        return await super()._publish(outputs, offsets)


class EmptiedInItsRun(Parts):
    """A store that is emptied as it runs goes on as the same run."""

    def new_view(self, lanes: int) -> MemoryView:
        return _Unnoticed(lanes)


class _Unnoticed(MemoryView):
    def lose(self, snapshot: Snapshot | None = None) -> None:
        super().lose(snapshot)
        if snapshot is None:
            self._life -= 1


MUTANTS: tuple[type[Parts], ...] = (
    NoGate,
    NoWatermarkCheck,
    ReadsBeforeFence,
    HealsFirst,
    GoesOnAfterDoubt,
    RedisBeforeKafka,
    EmptiedInItsRun,
)
