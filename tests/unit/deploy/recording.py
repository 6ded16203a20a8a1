"""What Prometheus sees of four services at work and at rest: `python -m tests.unit.deploy.recording KAFKA REDIS` writes `healthy.json` from a real run.

In: two scrapes of each service while a generated city comes in, two while nothing does. Out: each series of medaid's with its four values, labels in order.
What no rule asks for is left out. Needed again when rules ask for other metrics, or labels change: test_alerts says so.
"""

import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from schemas.catalogue import RESULTS
from tests.integration.pipeline import Pipeline
from tests.integration.year import events
from tests.unit.deploy.promtool import asked_for

TARGET = Path(__file__).with_name("healthy.json")
SERVICES = ("identity", "settlement", "monitoring", "console")
LANES = 2
APART_S = 30.0
Scrape = Mapping[str, float]


def scrape(port: int, instance: str) -> dict[str, float]:
    """What the process on `port` tells, by series as Prometheus names it."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return {**read(answer.read().decode(), instance), series("up", {}, instance): 1.0}


def read(text: str, instance: str) -> dict[str, float]:
    """The series of a page of metrics."""
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {series(one.name, one.labels, instance): one.value for one in samples if one.name in asked_for()}


def series(name: str, labels: Mapping[str, str], instance: str) -> str:
    """A series with the labels that Prometheus adds."""
    told = {**labels, "instance": f"{instance}:8080", "job": "medaid"}
    return name + "{" + ",".join(f'{label}="{value}"' for label, value in sorted(told.items())) + "}"


def ports_of(pipeline: Pipeline) -> Mapping[str, int]:
    """Where each service serves its metrics, by the newest line of its log."""
    return {service: pipeline.told("health and metrics served", f"{service}-1")[-1]["port"] for service in SERVICES}


def everything(pipeline: Pipeline) -> Scrape:
    """All series of all services now."""
    found: dict[str, float] = {}
    for service, port in ports_of(pipeline).items():
        found |= scrape(port, service)
    return found


def record(kafka: str, redis: str, folder: Path, wait: Callable[[float], None] = time.sleep) -> Mapping[str, list[float | None]]:
    """Four scrapes, two at work and two at rest."""
    pipeline = Pipeline(kafka, redis, f"recorded{time.time_ns()}.", folder, MEDAID_PARTITIONS=str(LANES))
    pipeline.partitions = LANES
    pipeline.create_topics()
    try:
        for service in SERVICES:
            pipeline.start(f"{service}-1")
        lines = list(events(300))
        half = len(lines) // 2
        pipeline.publish(lines[:half])
        pipeline.wait(lambda: pipeline.is_at_rest() and sum(pipeline.ends([RESULTS]).values()) > 0, 120)
        wait(2 * APART_S)  # until every look has been made
        first = everything(pipeline)
        pipeline.publish(lines[half:])
        wait(APART_S)
        second = everything(pipeline)
        pipeline.wait(pipeline.is_at_rest, 120)
        wait(APART_S)
        third = everything(pipeline)
        wait(APART_S)
        scrapes = (first, second, third, everything(pipeline))
        pipeline.stop()
    finally:
        pipeline.abandon()
    names = sorted({name for one in scrapes for name in one})
    return {name: [one.get(name) for one in scrapes] for name in names}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as logs:
        found = record(sys.argv[1], sys.argv[2], Path(logs))
    rows = (f"{json.dumps(name)}: {json.dumps(values)}" for name, values in found.items())
    TARGET.write_text("{\n" + ",\n".join(rows) + "\n}\n", "utf-8")
