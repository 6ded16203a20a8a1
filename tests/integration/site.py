"""The command line in this process over topics of the test's own on a real Kafka, written as a lane writes them: in transactions, committed or not."""

import asyncio
import time
from collections.abc import Collection, Iterable
from typing import NamedTuple

import pytest

from services.cli import main
from services.runtime.kafka import AioKafkaBroker
from services.runtime.records import Output, TopicPartition
from services.runtime.settings import Settings
from tests import clients
from tests.integration.brokers import make_topics

PARTITIONS = 2
PATIENCE_S = 60.0


class Said(NamedTuple):
    """What the command did."""

    status: int
    out: str
    err: str


class Site:
    """Topics under one prefix; `medaid` as an operator types it."""

    def __init__(self, bootstrap: str, prefix: str, topics: Collection[str], capture: pytest.CaptureFixture[str]) -> None:
        self.bootstrap, self.prefix = bootstrap, prefix
        self._topics, self._capture = topics, capture
        asyncio.run(make_topics(bootstrap, prefix, topics, PARTITIONS))

    def write(self, records: Iterable[Output], *, commits: bool = True) -> None:
        """One transaction, and its end in the logs: Kafka answers before the markers are written."""
        producer = clients.producer(self.bootstrap, {"transactional.id": f"{self.prefix}writer"})
        producer.init_transactions(PATIENCE_S)
        producer.begin_transaction()
        for record in records:
            producer.produce(self.prefix + record.topic, record.value, record.key, record.partition)
        assert producer.flush(PATIENCE_S) == 0
        producer.commit_transaction(PATIENCE_S) if commits else producer.abort_transaction(PATIENCE_S)
        asyncio.run(self._decided())

    def medaid(self, *arguments: object) -> Said:
        """Run a command."""
        self._capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        return Said(int(ended.value.code or 0), *self._capture.readouterr())

    async def _decided(self) -> None:
        """Wait until nothing is open in any topic."""
        broker = AioKafkaBroker("onlooker", Settings(kafka_bootstrap_servers=self.bootstrap, prefix=self.prefix, kafka_deadline_ms=60_000))
        places = [TopicPartition(topic, number) for topic in self._topics for number in range(PARTITIONS)]
        until = time.monotonic() + PATIENCE_S
        while await broker.ends(places) != await broker.log_ends(places):
            assert time.monotonic() < until, "a transaction stays open"
            await asyncio.sleep(0.05)
        await broker.close()
