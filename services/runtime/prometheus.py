"""What lanes tell, counted for Prometheus, once a batch. The registry is injected. Not here: what is asked only when somebody looks (`looking.py`)."""

import time
from collections import Counter as Tally
from collections.abc import Collection
from typing import Final, get_args

from prometheus_client import CollectorRegistry, disable_created_metrics

from services.runtime import figures
from services.runtime.errors import DoubtKind
from services.runtime.metrics import Committed
from services.runtime.records import Refusal, Told

OUR_FAULT: Final = ("processing_failed", "unknown_region")
"""Reasons of dead letters that an operator must hear of at once."""


disable_created_metrics()  # type: ignore[no-untyped-call]
"""When each series began, in a series of its own: nobody asks for it."""


class Figures:
    """The collectors that all lanes of a process share, registered once."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.batches = figures.BATCHES.counter(registry)
        self.batch = figures.BATCH.histogram(registry)
        self.commit = figures.COMMIT.histogram(registry)
        self.read = figures.READ.counter(registry)
        self.written = figures.WRITTEN.counter(registry)
        self.settled = figures.SETTLED.counter(registry)
        self.dead_letters = figures.DEAD_LETTERS.counter(registry)
        self.late_events = figures.LATE_EVENTS.counter(registry)
        self.takes = figures.TAKES.counter(registry)
        self.healed = figures.HEALED.counter(registry)
        self.doubts = figures.DOUBTS.counter(registry)
        self.last_batch = figures.LAST_BATCH.gauge(registry)
        self.alive = figures.ALIVE.gauge(registry)

    def of_lane(self, service: str, lane: int, inputs: Collection[str] = ()) -> "LaneFigures":
        """The metrics of one lane, which reads `inputs`.

        What rules ask for begins at 0: of a counter that is born with its first count, Prometheus would not see that it rose.
        """
        for kind in get_args(DoubtKind):
            self.doubts.labels(service, lane, kind)
        for topic in (topic for topic in inputs if not topic.endswith(".dlq")):  # of a dead letter there is none
            for reason in OUR_FAULT:
                self.dead_letters.labels(service, lane, topic, reason)
        return LaneFigures(self, service, lane)


class LaneFigures:
    """The port `LaneMetrics` of one lane."""

    def __init__(self, shared: Figures, service: str, lane: int) -> None:
        self._figures = shared
        self._lane = (service, str(lane))

    def taken(self, healed: int) -> None:
        """As the port has it."""
        self._figures.takes.labels(*self._lane).inc()
        self._figures.healed.labels(*self._lane).inc(healed)
        self.alive()

    def alive(self) -> None:
        """As the port has it."""
        self._figures.alive.labels(*self._lane).set(time.time())

    def doubted(self, kind: DoubtKind) -> None:
        """As the port has it."""
        self._figures.doubts.labels(*self._lane, kind).inc()

    def committed(self, batch: Committed) -> None:
        """As the port has it."""
        told, lane = self._figures, self._lane
        told.batches.labels(*lane).inc()
        told.batch.labels(*lane).observe(batch.batch_s)
        told.commit.labels(*lane).observe(batch.commit_s)
        for topic, count in Tally([record.topic for record in batch.records]).items():
            told.read.labels(*lane, topic).inc(count)
        for topic, count in Tally([output.topic for output in batch.outputs]).items():
            told.written.labels(*lane, topic).inc(count)
        for topic, count in Tally(batch.late).items():
            told.late_events.labels(*lane, topic).inc(count)
        for mark, count in Tally([output.told for output in batch.outputs]).items():
            if isinstance(mark, Told):
                told.settled.labels(*lane, *mark).inc(count)
            elif isinstance(mark, Refusal):
                told.dead_letters.labels(*lane, *mark).inc(count)
        told.last_batch.labels(*lane).set(time.time())
        self.alive()
