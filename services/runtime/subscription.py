"""The subscription of a service: one FastStream batch subscriber for all its inputs, which feeds the roster of lanes.

Promise: FastStream never sees an error of ours (it would swallow it and go on behind the record), reads no header, answers nobody, commits
nothing (the lanes' transactions do). A Kafka that is away is waited for. Not here: lanes (`roster.py`), the app around it (`pump.py`).
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from typing import Any

import structlog
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import FAKE_CONSUMER, KafkaMessage

from services.runtime.clock import SystemClock
from services.runtime.errors import Doubt, Stop
from services.runtime.kafka.clients import security_of
from services.runtime.refusals import keep_named, lacking
from services.runtime.roster import Roster
from services.runtime.settings import Settings

POLL_MS = 10
FETCH_WAIT_MS_MAX = 50
"""How long Kafka holds a fetch that finds nothing. A lane that wants records again waits as long: the client asks a broker one thing at a time."""

METADATA_MS = 30_000
"""So often the client looks which topics there are: one that it was not let see is found again then."""

START_RETRY_S = 1.0
WATCH_S = 1.0
DEAD_AFTER = 3
"""So many looks in a row must find the consumer dead before it is made anew."""

QUIET = logging.getLogger("medaid.faststream")
_NOWHERE = KafkaPartition("", 0)

log = structlog.get_logger(__name__)


class Subscription(KafkaBroker):
    """FastStream's Kafka broker, with its one subscriber. `payload` and `published` (topic to type) are for the AsyncAPI document alone."""

    def __init__(self, settings: Settings, roster: Roster, topics: Collection[str], payload: Any, published: Mapping[str, Any]) -> None:
        super().__init__(
            settings.kafka_bootstrap_servers.split(","),
            consumer_only=True,
            apply_types=False,
            allow_auto_create_topics=False,
            graceful_timeout=20,
            metadata_max_age_ms=METADATA_MS,
            logger=QUIET,
            log_level=logging.DEBUG,  # of its two lines a batch
        )
        self._settings = settings
        self._roster = roster
        self._needed = topics
        self._watching: asyncio.Task[None] | None = None
        self._naming: asyncio.Task[None] | None = None
        self._subscribe(settings, payload)
        for topic, schema in published.items():
            self.publisher(settings.prefix + topic, schema=schema, title=topic)

    async def start(self) -> None:
        """Return when the service is in its group; on a `Stop` at once, for the app ends then."""
        told = False
        if self._naming is None:
            self._naming = asyncio.create_task(keep_named(self._roster, self._settings, SystemClock()))
        while self._roster.stop is None:
            try:
                await self._roster.prepare(self._needed)
                await super().start()
            except Stop as stop:
                if not (why := await self._lacking()):
                    self._roster.stopped(stop)
                    return
                if why != self._roster.lacks:
                    log.error("a right is missing", service=self._roster.service.name, why=why)
                self._roster.lacks = why
            except (Doubt, KafkaError, OSError, AssertionError) as error:  # aiokafka asserts where a server has just gone
                if not told:
                    log.warning("waiting for kafka", service=self._roster.service.name, why=str(error))
                told = True
                self._roster.waits_for = str(error)
            else:
                self._roster.waits_for = ""
                self._watching = asyncio.create_task(self._watch())
                return
            await self._drop()
            await asyncio.sleep(START_RETRY_S)

    async def _lacking(self) -> str:
        """The rights that are missing: a topic that we may not see looks as if it were not there."""
        try:
            return await lacking(self._roster.service, self._settings, self._roster.broker.partitions)
        except Doubt:
            return ""

    async def _connect(self) -> Any:
        """As FastStream's, by the secrets as they stand now."""
        self._connection_kwargs.update(security_of(self._settings))
        return await super()._connect()

    async def stop(self, *error: Any) -> None:
        """Leave the group."""
        for task in (self._watching, self._naming):
            if task is not None:
                task.cancel()
        await super().stop(*error)

    async def _watch(self) -> None:
        """Begin anew when the consumer's own tasks have died: it would fail at every question for ever, and FastStream ask on."""
        failures = 0
        while failures < DEAD_AFTER:
            await asyncio.sleep(WATCH_S)
            try:
                await self._roster.consumer().getmany(_NOWHERE, timeout_ms=0)
                failures = 0
            except KafkaError:
                failures += 1
        log.error("consumer is dead, making a new one", service=self._roster.service.name)
        await self._roster.release()
        await self._drop()
        await self.start()

    async def _drop(self) -> None:
        """Let go of a consumer that failed; what fails in that is told and of no further interest."""
        try:
            await super().stop()
        except Exception as error:
            log.warning("consumer did not close well", service=self._roster.service.name, error=type(error).__name__)

    def _subscribe(self, settings: Settings, payload: Any) -> None:
        """One subscriber, so one consumer: a lane's inputs are assigned together."""

        async def receive(records: Any) -> None:
            self._roster.feed(records)

        receive.__annotations__["records"] = payload  # for AsyncAPI; what comes are the client's records
        subscriber = self.subscriber(
            *(settings.prefix + topic for topic in self._roster.service.inputs),
            batch=True,
            group_id=self._roster.broker.group,
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            listener=self._roster,
            parser=_parse,
            decoder=_decode,
            partition_assignment_strategy=[RangePartitionAssignor],
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            fetch_max_wait_ms=FETCH_WAIT_MS_MAX,
            batch_timeout_ms=POLL_MS,
            max_records=None,
            session_timeout_ms=settings.session_ms,
            heartbeat_interval_ms=min(settings.heartbeat_ms, settings.session_ms // 3),
            rebalance_timeout_ms=settings.session_ms + settings.release_ms_max,
            title=f"{self._roster.service.name} inputs",
        )
        self._roster.consumer = lambda: subscriber.consumer
        subscriber(receive)


async def _parse(found: Any) -> KafkaMessage:
    """The batch as it came; FastStream's own parser raises on a header that is not UTF-8, and the batch would be gone."""
    return KafkaMessage(raw_message=found, body=b"", correlation_id="-", message_id="-", consumer=FAKE_CONSUMER)


async def _decode(message: Any) -> Any:
    """The records of the batch."""
    return message.raw_message
