"""The ledger read once into buckets: a file by parts, Kafka by lanes, in as many processes as there are.

In: results and timelines, of one region. Out: rows. Of Kafka results are read to the end of the last decided transaction, timelines as far as settlement has
taken them in, as settlement's own healing does. Promise: it writes nowhere but into buckets.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from schemas.catalogue import RESULT_TYPES, RESULTS, TIMELINES
from services.ledger.errors import Declined
from services.ledger.reform.buckets import Buckets, Writer
from services.ledger.reform.crew import Tell, done_together
from services.ledger.reform.rows import BROKEN, result_row, timeline_row
from services.ledger.verify.fold import Topics
from services.runtime.kafka import AioKafkaBroker
from services.runtime.ports import Broker
from services.runtime.records import TopicPartition
from services.runtime.rulings import Skip, is_skipped
from services.runtime.settings import Settings
from services.settlement.app import SettlementService

STEP_RECORDS = 2_000
_DAYS = ("service_date", "admission_date", "discharge_date")


class Wanted(NamedTuple):
    """Which claims: of a region, that count in a year or may under another policy (None: any); and whether statuses are derived anew."""

    region: str
    year: int | None
    with_events: bool


class Gatherer:
    """Puts what is wanted of each record into its person's bucket."""

    def __init__(self, wanted: Wanted, writer: Writer) -> None:
        self._wanted = wanted
        self._writer = writer
        self._year = "" if wanted.year is None else str(wanted.year)

    def result(self, at: int, data: Mapping[str, Any]) -> None:
        """A result. Raises: one of `BROKEN`."""
        if data["region"] == self._wanted.region and (not self._year or self._may_count(data)):
            self._writer.put(data["person_id"], result_row(at, data))

    def timeline(self, data: Mapping[str, Any]) -> None:
        """A timeline. Raises: one of `BROKEN`."""
        self._writer.put(data["person_id"], timeline_row(data, self._wanted.region, self._wanted.with_events))

    def _may_count(self, data: Mapping[str, Any]) -> bool:
        claim = data["claim"]
        return data["year"] == self._wanted.year or any((claim.get(name) or "")[:4] == self._year for name in _DAYS)


def gather_file(path: Path, wanted: Wanted, buckets: Buckets, jobs: int, tell: Tell) -> None:
    """A file of output events; `tell` hears of bytes.

    Raises:
        Declined: A result or timeline in it is not as it was written.
    """
    size = path.stat().st_size
    bounds = [size * number // jobs for number in range(jobs + 1)]

    def part(number: int) -> Any:
        return lambda step: _gather_part(
            path, bounds[number], bounds[number + 1], Gatherer(wanted, writer := buckets.writer(number)), writer, step
        )

    done_together([part(number) for number in range(jobs)], tell)


def _gather_part(path: Path, start: int, stop: int, gatherer: Gatherer, writer: Writer, step: Tell) -> None:
    """The lines that begin from `start` on, before `stop`."""
    with path.open("rb") as file:
        at = start
        if start:
            file.seek(start - 1)
            at += len(file.readline()) - 1
        told = at
        for number, line in enumerate(file):
            if at >= stop:
                break
            if b"settlement." in line or b"timeline." in line:
                _take_line(path, at, line, gatherer)
            at += len(line)
            if number % STEP_RECORDS == 0:
                step(at - told)
                told = at
        step(at - told)
    writer.flush()


def _take_line(path: Path, at: int, line: bytes, gatherer: Gatherer) -> None:
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        return
    kind = event.get("type") if isinstance(event, dict) else None
    try:
        if kind in RESULT_TYPES:
            gatherer.result(at, event["data"])
        elif kind == "identity.timeline.updated.v1":
            gatherer.timeline(event["data"])
    except BROKEN:
        raise Declined(
            f"{path}: the event at byte {at} is not as it was written; `medaid ledger verify --from {path.name}` tells all"
        ) from None


def gather_kafka(settings: Settings, wanted: Wanted, skipped: frozenset[Skip], lanes: int, buckets: Buckets, jobs: int, tell: Tell) -> None:
    """The ledger in Kafka; `tell` hears of records.

    Raises:
        Declined: A record is not as it was written.
        Doubt: Kafka is away.
    """

    def part(number: int) -> Any:
        return lambda step: asyncio.run(
            _gather_lanes(settings, range(number, lanes, jobs), skipped, Gatherer(wanted, writer := buckets.writer(number)), writer, step)
        )

    done_together([part(number) for number in range(jobs)], tell)


async def _gather_lanes(
    settings: Settings, lanes: Sequence[int], skipped: frozenset[Skip], gatherer: Gatherer, writer: Writer, step: Tell
) -> None:
    broker = AioKafkaBroker(SettlementService.name, settings)  # under its name, for its committed offsets
    await broker.prepare((RESULTS, TIMELINES))
    try:
        for lane in lanes:
            await gather_lane(broker, lane, skipped, gatherer, step)
    finally:
        await broker.close()
    writer.flush()


async def gather_lane(broker: Broker, lane: int, skipped: frozenset[Skip], gatherer: Gatherer, step: Tell) -> None:
    """One lane.

    Raises:
        Declined: A record is not as it was written.
        Doubt: Kafka is away.
    """
    ends = await Topics(broker, lane).ends()
    for topic in (RESULTS, TIMELINES):
        async for chunk in broker.read(TopicPartition(topic, lane), 0, ends[topic]):
            for record in chunk.records:
                if is_skipped(record, skipped) or record.value is None:
                    continue
                try:
                    data = orjson.loads(record.value)["data"]
                    if topic == RESULTS:
                        gatherer.result(record.offset, data)
                    else:
                        gatherer.timeline(data)
                except BROKEN:
                    place = f"{topic}[{lane}]@{record.offset}"
                    raise Declined(f"{place} is not as it was written; `medaid ledger verify` tells all") from None
            step(len(chunk.records))
