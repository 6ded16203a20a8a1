"""Metrics of lanes for Prometheus. The registry is injected; labels name service, lane, topic and reason, never a person."""

import time
from collections import Counter as Tally
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge

from services.runtime.records import Output, Record


class Figures:
    """The collectors that all lanes of a process share, registered once."""

    def __init__(self, registry: CollectorRegistry) -> None:
        lane = ("service", "lane")
        self.batches = Counter("medaid_batches", "Batches committed and applied", lane, registry=registry)
        self.read = Counter("medaid_records_read", "Records settled, by input topic", (*lane, "topic"), registry=registry)
        self.written = Counter("medaid_records_written", "Records written, by output topic", (*lane, "topic"), registry=registry)
        self.dead_letters = Counter(
            "medaid_dead_letters", "Records refused, by input topic and reason", (*lane, "topic", "reason"), registry=registry
        )
        self.late_events = Counter(
            "medaid_late_events", "Records that changed what had been told before, by input topic", (*lane, "topic"), registry=registry
        )
        self.takes = Counter("medaid_lane_takes", "Times a lane was taken and its view healed", lane, registry=registry)
        self.healed = Counter(
            "medaid_records_healed", "Records that brought a lane's view forward when it was taken", lane, registry=registry
        )
        self.last_batch = Gauge(
            "medaid_last_batch_timestamp_seconds", "When a lane last committed a batch, Unix time", lane, registry=registry
        )
        self.alive = Gauge("medaid_alive_timestamp_seconds", "When a lane last found its view right, Unix time", lane, registry=registry)

    def of_lane(self, service: str, lane: int) -> "LaneFigures":
        """The metrics of one lane."""
        return LaneFigures(self, service, lane)


class LaneFigures:
    """The port `LaneMetrics` of one lane."""

    def __init__(self, figures: Figures, service: str, lane: int) -> None:
        self._figures = figures
        self._lane = (service, str(lane))

    def taken(self, healed: int) -> None:
        """As the port has it."""
        self._figures.takes.labels(*self._lane).inc()
        self._figures.healed.labels(*self._lane).inc(healed)
        self.alive()

    def alive(self) -> None:
        """As the port has it."""
        self._figures.alive.labels(*self._lane).set(time.time())

    def committed(self, records: Sequence[Record], outputs: Sequence[Output]) -> None:
        """As the port has it."""
        self._figures.batches.labels(*self._lane).inc()
        for topic, count in Tally(record.topic for record in records).items():
            self._figures.read.labels(*self._lane, topic).inc(count)
        for topic, count in Tally(output.topic for output in outputs).items():
            self._figures.written.labels(*self._lane, topic).inc(count)
        self._figures.last_batch.labels(*self._lane).set(time.time())
        self.alive()

    def refused(self, topic: str, reason: str) -> None:
        """As the port has it."""
        self._figures.dead_letters.labels(*self._lane, topic, reason).inc()

    def late(self, topic: str) -> None:
        """As the port has it."""
        self._figures.late_events.labels(*self._lane, topic).inc()
