"""Worker processes of the counting service, and the world around them: outside producers, what was paid, health."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient

from services.runtime.home import home_of
from services.runtime.kafka import AioKafkaBroker
from services.runtime.records import Record, TopicPartition
from services.runtime.settings import Settings
from tests import clients
from tests.integration.brokers import make_topics
from tests.integration.counting_worker import OUTPUTS
from tests.unit.runtime.counting import AMOUNTS, PAID, Counting

LANES = 4
PATIENCE_S = 60.0
FACTOR = 3
PERSONS = 40
SESSION_MS = "6000"


@dataclass
class Worker:
    """One process; its log is kept in a file."""

    process: subprocess.Popen[bytes]
    log: Path

    def lines(self, event: str = "") -> list[dict[str, Any]]:
        """What it has told, each line a JSON object; of one event where given."""
        told = [json.loads(line) for line in self.log.read_text().splitlines(keepends=True) if line.endswith("\n")]
        return [line for line in told if event in {"", line["event"]}]

    def ask(self, page: str) -> tuple[int, str]:
        """Status and body of a page of its health server; 0 while there is none."""
        served = self.lines("health and metrics served")
        if not served:
            return 0, ""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{served[0]['port']}{page}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def lanes(self) -> Mapping[str, Any]:
        """The lanes that it has, by number."""
        status, body = self.ask("/ready")
        return json.loads(body)["lanes"] if status else {}

    def is_ready(self) -> bool:
        return self.ask("/ready")[0] == 200

    def end(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """End it, and return its exit status."""
        self.process.send_signal(sign)
        return self.process.wait(30)


@dataclass
class World:
    """The topics of one counting service under a prefix of their own."""

    bootstrap: str
    redis_url: str
    prefix: str
    folder: Path
    workers: list[Worker] = field(default_factory=list)

    async def make_topics(self) -> None:
        await make_topics(self.bootstrap, self.prefix, {*Counting.inputs, *OUTPUTS}, LANES)

    async def make_anew(self, topic: str) -> None:
        """Lose a topic's records."""
        admin = AIOKafkaAdminClient(**clients.aiokafka_at(self.bootstrap))
        await admin.start()
        await admin.delete_topics([self.prefix + topic])
        while self.prefix + topic in await admin.list_topics():
            pass
        await admin.close()
        await make_topics(self.bootstrap, self.prefix, [topic], LANES)

    def work(self, **variables: str) -> Worker:
        """Start a process."""
        own = {
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "REDIS_URL": self.redis_url,
            "MEDAID_PREFIX": self.prefix,
            "MEDAID_SESSION_MS": SESSION_MS,
        }
        log = self.folder / f"worker-{len(self.workers)}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.counting_worker"],
                cwd=Path(__file__).parents[2],
                env=os.environ | own | variables,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )
        self.workers.append(Worker(process, log))
        return self.workers[-1]

    @contextmanager
    def producer(self, **settings: Any) -> Iterator[Callable[..., None]]:
        """librdkafka's producer; what was given to it is in Kafka at the end."""
        outside = clients.producer(self.bootstrap, settings)
        yield lambda topic, value, **more: outside.produce(self.prefix + topic, value, **more)
        assert outside.flush(30) == 0

    def publish(self, first: int, last: int) -> None:
        """Amounts `first` to `last` - 1, mostly in partitions where their persons are not at home."""
        somewhere = random.Random(first)
        with self.producer() as send:
            for number in range(first, last):
                send(AMOUNTS, json.dumps(amount(number)), key=amount(number)["person"], partition=somewhere.randrange(LANES))

    def publish_factors(self, topic: str) -> None:
        """A factor for every person, where he is at home."""
        with self.producer() as send:
            for person in {amount(number)["person"] for number in range(PERSONS)}:
                factor = {"person": person, "revision": 1, "factor": FACTOR}
                send(topic, json.dumps(factor), key=person, partition=home_of(person, LANES))

    async def read(self, topic: str = PAID) -> list[Record]:
        """Everything committed to a topic up to now, partition by partition."""
        broker = AioKafkaBroker("onlooker", Settings(kafka_bootstrap_servers=self.bootstrap, prefix=self.prefix))
        places = [TopicPartition(topic, partition) for partition in range(LANES)]
        ends = await broker.ends(places)
        return [record for place in places async for chunk in broker.read(place, 0, ends[place]) for record in chunk.records]

    async def paid(self) -> list[dict[str, Any]]:
        """Everything paid up to now."""
        return [json.loads(record.value or b"") for record in await self.read()]

    async def paid_at_least(self, count: int) -> None:
        """Return when so many results are committed."""
        until_s = time.monotonic() + PATIENCE_S
        while len(await self.read()) < count:
            assert time.monotonic() < until_s, [worker.log.read_text()[-3000:] for worker in self.workers]

    async def are(self, condition: Callable[[], bool], workers: Sequence[Worker] = ()) -> None:
        """Return when `condition` holds; the processes must be alive all the while."""
        began = time.monotonic()
        while not condition():
            assert all(worker.process.poll() is None for worker in workers), [worker.log.read_text() for worker in workers]
            assert time.monotonic() - began < PATIENCE_S, [worker.log.read_text()[-3000:] for worker in self.workers]
            await asyncio.sleep(0.05)

    def close(self) -> None:
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.process.send_signal(signal.SIGCONT)
                worker.end(signal.SIGKILL)


def amount(number: int) -> dict[str, Any]:
    """One amount; the same number, the same amount."""
    return {"person": f"P{number % PERSONS}", "key": f"k{number}", "amount": 100 + number * 7 % 900}


def expected(count: int, factor: int = 1) -> dict[str, int]:
    """Key to what must be paid for it."""
    return {amount(number)["key"]: amount(number)["amount"] * factor for number in range(count)}
