"""Every metric that a process exports: its name, what it measures, its labels. `docs/metrics.md` is drawn from here.

Names end in their unit, counters in `_total`. Labels hold codes of ours alone: services, lanes, topics, reasons, regions; never a person, an id, an amount or a
text that somebody sent. Not here: the console's own (`services/console/figures.py`), what Prometheus' client tells of the process (`process_…`).
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily

LANE = ("service", "lane")
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Buckets of histograms: a batch has a budget of a second, each question to a server a deadline of five or ten."""


class Figure(NamedTuple):
    """One metric as it is declared. `name` is the exported one; `note` says to the reader of the docs what the sentence of `meaning` leaves open."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: Sequence[str] = LANE
    note: str = ""

    def counter(self, registry: CollectorRegistry) -> Counter:
        """To be counted up."""
        return Counter(self.name.removesuffix("_total"), self.meaning, self.labels, registry=registry)

    def gauge(self, registry: CollectorRegistry) -> Gauge:
        """To be set."""
        return Gauge(self.name, self.meaning, self.labels, registry=registry)

    def histogram(self, registry: CollectorRegistry) -> Histogram:
        """To be observed, in seconds."""
        return Histogram(self.name, self.meaning, self.labels, buckets=SECONDS, registry=registry)

    def family(self) -> GaugeMetricFamily:
        """To be filled whenever somebody asks."""
        return GaugeMetricFamily(self.name, self.meaning, labels=self.labels)


BATCHES = Figure("medaid_batches_total", "counter", "Batches committed and applied")
BATCH = Figure(
    "medaid_batch_seconds",
    "histogram",
    "Time of a batch, from its first record read until the view has followed",
    note="With what it waited for other lanes.",
)
COMMIT = Figure("medaid_commit_seconds", "histogram", "Time of a batch's transaction in Kafka")
READ = Figure("medaid_records_read_total", "counter", "Records settled, by input topic", (*LANE, "topic"))
WRITTEN = Figure(
    "medaid_records_written_total",
    "counter",
    "Records written, by output topic",
    (*LANE, "topic"),
    note="Of `<service>.rerouted.v1`: records that lay in another partition than their person's.",
)
SETTLED = Figure(
    "medaid_settled_total",
    "counter",
    "Results told, by event (completed, adjusted, reversed), outcome and reason",
    (*LANE, "event", "outcome", "reason"),
    note="`reason` is empty for what was assisted, and of reversals, whose reason is their sender's text.",
)
DEAD_LETTERS = Figure("medaid_dead_letters_total", "counter", "Records refused, by input topic and reason", (*LANE, "topic", "reason"))
LATE_EVENTS = Figure(
    "medaid_late_events_total", "counter", "Records that changed what had been told before, by input topic", (*LANE, "topic")
)
TAKES = Figure("medaid_lane_takes_total", "counter", "Times a lane was taken and its view healed")
HEALED = Figure("medaid_records_healed_total", "counter", "Records that brought a lane's view forward when it was taken")
DOUBTS = Figure(
    "medaid_doubts_total",
    "counter",
    "Doubts after which a lane was taken again, by kind",
    (*LANE, "kind"),
    note="`kafka`, `redis`: away, slow, or no entry. `fenced`: another process has the lane. `moved`: the view was written by another, or lost. `undecided`: a "
    "transaction of Kafka's hangs. `foreign`: somebody else wrote into a topic of ours. `deleted`: input went before it was read. `rewound`: a topic was cut. "
    "`unassigned`: a rebalance. `unreadable`: the view is not what this version writes. `mistake`: one of ours, told in the log. `other`.",
)
LAST_BATCH = Figure("medaid_last_batch_timestamp_seconds", "gauge", "When a lane last committed a batch, Unix time")
ALIVE = Figure("medaid_alive_timestamp_seconds", "gauge", "When a lane last found its view right, Unix time")

LIVE = Figure(
    "medaid_live", "gauge", "1 while no lane here is dead or frozen and no operator is needed, else 0: what /live says", ("service",)
)
READY = Figure("medaid_ready", "gauge", "1 while every lane here settles what comes, else 0: what /ready says", ("service",))
LANES = Figure(
    "medaid_lanes",
    "gauge",
    "Lanes that the service has in all its processes: partitions of its topics",
    ("service",),
    note="0 until Kafka has told.",
)
LANE_STATE = Figure(
    "medaid_lane_state",
    "gauge",
    "1 for what a lane of this process is doing, 0 for what it is not",
    (*LANE, "state"),
    note="`running`; `taking`: its view heals; `waiting`: for other lanes to heal (the gate is closed); `doubt`: it rests before it is taken again; `deaf`: "
    "Kafka answers no fetch; `frozen`; `stopped`: an operator must look; `released`.",
)
AWAY = Figure(
    "medaid_lane_away_seconds", "gauge", "How long a lane has settled nothing, for it is being taken or in doubt; 0 while it runs"
)
GATE_CLOSED = Figure(
    "medaid_gate_closed_seconds", "gauge", "How long a lane has found the gate closed, waiting for others to heal; 0 while it is open"
)

LAG_RECORDS = Figure(
    "medaid_lag_records", "gauge", "Records that lie in a lane's inputs and are not settled yet, looked at four times a minute"
)
LAG_SECONDS = Figure(
    "medaid_lag_seconds",
    "gauge",
    "How long the oldest of them has lain in Kafka; 0 when there is none",
    note="By Kafka's time of the record, not by the event's `time`, which is its sender's.",
)
REDIS_VIEW = Figure(
    "medaid_redis_view_bytes",
    "gauge",
    "Memory of the service's view in Redis, estimated from a sample of keys",
    ("service", "format"),
    note="Told by the process that has lane 0. While a new format is rolled out, both lie there.",
)
REDIS_USED = Figure("medaid_redis_used_bytes", "gauge", "Memory that Redis uses for everything in it", ("service",))
REDIS_MAX = Figure("medaid_redis_max_bytes", "gauge", "Redis' maxmemory, or the machine's memory where none is set", ("service",))
CERTIFICATE = Figure(
    "medaid_certificate_end_timestamp_seconds",
    "gauge",
    "When the certificate in a file ends, Unix time",
    ("service", "variable"),
    note="`variable`: the setting that names the file. Of a chain the first that ends, of several authorities the last.",
)

FAULTY_REGION = Figure(
    "medaid_region_faulty",
    "gauge",
    "1 for a region whose policy files, or thresholds, had faults when the process started, else 0",
    ("service", "region"),
    note="Its events are set aside as `processing_failed`, and nothing is warned of there, until the files are mended and the service is started anew.",
)

RUNTIME = tuple(value for value in list(globals().values()) if isinstance(value, Figure))
"""All of them, in the order above."""
