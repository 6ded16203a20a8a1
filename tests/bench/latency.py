"""How long a claim takes, from its hand-over to Kafka to its result before a reader of committed records, at a steady rate of claims.

The reader and the sender are one process with one clock. Claims are handed over when they are due, however the worker keeps up: a worker that
falls behind is not spared.
"""

import re
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple

from confluent_kafka import TopicPartition

from schemas.catalogue import CLAIMS, RESULTS, TIMELINES
from tests import clients
from tests.bench.course import Course
from tests.bench.process import Site, Subject, Worker
from tests.bench.workload import Event, Workload

CLAIM = re.compile(rb"C(\d{9})")
WARM_UP_S_MAX = 3.0
TICK_S = 0.001
PATIENCE_S = 60.0


class Latencies(NamedTuple):
    """Milliseconds of the claims after the warm-up, sorted."""

    sorted_ms: Sequence[float]

    def percentile(self, share: float) -> float:
        """That share of the claims took no longer, milliseconds."""
        return self.sorted_ms[min(len(self.sorted_ms) - 1, int(share * len(self.sorted_ms)))]


def latencies(course: Course, subject: Subject, rate: float, seconds: float, persons: int, partitions: int = 4) -> Latencies:
    """Send `rate` claims a second for so long, after a warm-up, and time each."""
    warm_up_s = min(WARM_UP_S_MAX, seconds)
    work = Workload(persons, int(rate * (seconds + warm_up_s)))
    with course.site(partitions) as site:
        worker = Worker(subject, site)
        try:
            site.lay(TIMELINES, work.timelines())
            worker.wait_until_ready()
            site.wait_until_read("settlement", TIMELINES)
            reader = _Reader(site, work.claims)
            sent_s = _send(site, list(work.bills()), rate)
            seen_s = reader.wait()
        finally:
            worker.stop()
    warm = int(rate * warm_up_s)
    return Latencies(sorted(1000 * (seen - sent) for seen, sent in zip(seen_s[warm:], sent_s[warm:], strict=True)))


def _send(site: Site, bills: Sequence[Event], rate: float) -> list[float]:
    """When each claim was handed over."""
    producer = clients.producer(site.bootstrap, {"linger.ms": 0})
    sent_s = [0.0] * len(bills)
    began_s = time.monotonic()
    number = 0
    while number < len(bills):
        due = min(len(bills), int((time.monotonic() - began_s) * rate) + 1)
        for person, value in bills[number:due]:
            sent_s[number] = time.monotonic()
            producer.produce(site.prefix + CLAIMS, value, person, site.home(person))
            number += 1
        producer.poll(0)
        time.sleep(TICK_S)
    assert producer.flush(PATIENCE_S) == 0
    return sent_s


class _Reader(threading.Thread):
    """Notes when the result of each claim is to be seen; begins at once."""

    def __init__(self, site: Site, claims: int) -> None:
        super().__init__(daemon=True)
        self._seen_s = [0.0] * claims
        self._left = claims
        settings = {"isolation.level": "read_committed", "enable.auto.commit": False, "fetch.wait.max.ms": 100, "fetch.queue.backoff.ms": 1}
        self._consumer = clients.consumer(site.bootstrap, {"group.id": f"{site.prefix}timing", **settings})
        self._consumer.assign([TopicPartition(site.prefix + RESULTS, number, 0) for number in range(site.partitions)])
        self._until_s = float("inf")
        self.start()

    def run(self) -> None:
        """Read until all are there."""
        while self._left and time.monotonic() < self._until_s:
            message = self._consumer.poll(0.05)
            value = message.value() if message is not None and message.error() is None else None
            found = CLAIM.search(value) if value else None
            if found and not self._seen_s[number := int(found[1])]:
                self._seen_s[number] = time.monotonic()
                self._left -= 1
        self._consumer.close()

    def wait(self) -> Sequence[float]:
        """When each was seen, once all are."""
        self._until_s = time.monotonic() + PATIENCE_S
        self.join()
        assert not self._left, f"{self._left} results did not come"
        return self._seen_s
