"""A full run leaves no person, id, date of birth or amount in logs, metrics, readiness or traces; and what is counted there is what lies in the topics."""

import io
import logging as stdlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import orjson
import pytest
import structlog
from prometheus_client import CollectorRegistry, generate_latest

from deploy.local.servers import Redis
from schemas.catalogue import CLAIMS, RESULTS
from services.console.service import ConsoleService
from services.embedded.replay import place_of
from services.ledger.services import all_services
from services.policy.library import Policies, load_policies
from services.runtime import embedded, logging
from services.runtime.clock import InstantClock
from services.runtime.embedded import Embedded
from services.runtime.lanes import Lane
from services.runtime.memory import MemoryBroker
from services.runtime.prometheus import Figures
from services.runtime.service import AnyService
from services.runtime.settings import Settings
from services.runtime.spans import Spans
from services.runtime.traces import TRACEPARENT
from services.settlement.app import SettlementService
from tests import clients
from tests.integration.pipeline import Pipeline
from tests.integration.private import events_in, leaks
from tests.integration.year import events
from tests.unit.deploy.promtool import NAMES
from tests.unit.deploy.recording import SERVICES, ports_of
from tests.unit.runtime.receiver import Receiver, receiving

PARTITIONS = 4
PERSONS_EACH = 6


class Watched(Embedded):
    """The services in one process, watched as those of a site are."""

    def __init__(self, services: Sequence[AnyService], endpoint: str) -> None:
        self.registry = CollectorRegistry()
        self._figures = Figures(self.registry)
        self.spans = {service.name: Spans(service.name, endpoint) for service in services}
        super().__init__(services, PARTITIONS, keeps_records=True)

    def _seat(self, service: AnyService, lane: int, records_max: int) -> embedded._Seat:
        broker, view = MemoryBroker(self.kafka, service.name, PARTITIONS), self.views[service.name]
        figures, traces = self._figures.of_lane(service.name, lane, service.inputs), self.spans[service.name].of_lane(lane)
        return embedded._Seat(Lane(service, lane, broker, view, InstantClock(), figures, traces=traces), self.kafka, records_max)


class Leaking(SettlementService):
    """Settlement with a mistake: it is named after a person, in logs, labels and spans."""

    def __init__(self, policies: Policies, person: str) -> None:
        super().__init__(policies)
        self.name = f"settlement-{person}"


def traceparent() -> bytes:
    return b"00-" + os.urandom(16).hex().encode() + b"-" + os.urandom(8).hex().encode() + b"-01"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged, details too."""
    handlers, level = stdlib.root.handlers, stdlib.root.level
    stream = io.StringIO()
    logging.configure(Settings(log_level="debug"), stream)
    yield stream
    stdlib.root.handlers = handlers
    stdlib.root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return list(events(PERSONS_EACH))


async def run(
    services: Sequence[AnyService], lines: Sequence[bytes], receiver: Receiver, log: io.StringIO
) -> tuple[Watched, Mapping[str, str]]:
    """A city through all services, one after the other lost and healed; what was told, by where."""
    site = Watched(services, receiver.endpoint)
    await site.start()
    for number, line in enumerate(lines):
        if (place := place_of(line)) is not None:
            site.publish(*place, line, ((TRACEPARENT, traceparent()),), timestamp_ms=1_000, partition=number % PARTITIONS)
        if number % 200 == 199:
            await site.settle()
            site.views[services[number // 200 % len(services)].name].lose()
    await site.settle()
    for spans in site.spans.values():
        spans.close()
    return site, {"log": log.getvalue(), "metrics": generate_latest(site.registry).decode(), "traces": text_of(receiver)}


def text_of(receiver: Receiver) -> str:
    """All that arrived, as text."""
    return "\n".join(map(str, receiver.spans))


async def test_a_city_leaves_nobody_in_logs_metrics_and_traces(lines: list[bytes], receiver: Receiver, log: io.StringIO) -> None:
    policies = load_policies()
    site, told = await run([*all_services(policies), ConsoleService(policies)], lines, receiver, log)
    assert leaks(told, lines) == {}
    assert "lane taken" in told["log"]
    assert "process hospital.claims.v1" in told["traces"]
    assert counted(told["metrics"], "medaid_settled_total") == len(site.kafka.records(RESULTS)) > 100
    assert counted(told["metrics"], "medaid_dead_letters_total", f'topic="{CLAIMS}"') == len(site.kafka.records(f"{CLAIMS}.dlq")) > 5
    assert counted(told["metrics"], "medaid_late_events_total", 'topic="identity.timelines.v1"') > 0


async def test_a_person_in_any_of_them_is_found(lines: list[bytes], receiver: Receiver, log: io.StringIO) -> None:
    person = first(lines, "person_id")
    _, told = await run([Leaking(load_policies(), person)], lines[:200], receiver, log)
    assert leaks(told, lines) == {place: {person} for place in ("log", "metrics", "traces")}


def test_an_amount_or_an_id_is_found_as_a_whole(lines: list[bytes]) -> None:
    amount, claim = first(lines, "total_amount"), first(lines, "claim_id")
    told = {"whole": f"x {amount} 1", "part": f"1{amount} {amount}1 {amount}.1", "id": f'"{claim}"'}
    assert leaks(told, lines) == {"whole": {amount}, "id": {claim}}


def first(lines: Sequence[bytes], name: str) -> str:
    """The first value of a claim's field."""
    return next(str(event["data"][name]) for event in events_in(lines) if event.get("type") == "hospital.claim.submitted.v1")


def counted(metrics: str, name: str, label: str = "") -> int:
    """A counter, its series added up."""
    found = (line.rsplit(" ", 1) for line in metrics.splitlines() if line.startswith(name + "{") and label in line)
    return int(sum(float(value) for _, value in found))


@pytest.mark.prove
def test_a_city_on_real_servers_leaves_nobody_either(
    kafka_bootstrap: str, topic_prefix: str, own_redis: Redis, receiver: Receiver, tmp_path: Path
) -> None:
    """Four services, one of them killed and Redis restarted empty on the way; details are logged too."""
    lines = list(events(100))
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "500", "MEDAID_LOG_LEVEL": "debug"}
    pipeline = Pipeline(kafka_bootstrap, own_redis.url, topic_prefix, tmp_path, **settings)
    pipeline.create_topics()
    try:
        for service in SERVICES:
            pipeline.start(f"{service}-1")
        publish(pipeline, lines[: len(lines) // 2])
        pipeline.wait(lambda: sum(pipeline.ends([RESULTS]).values()) > 100, 120)
        pipeline.kill("settlement-1")
        own_redis.restart(empty=True)
        pipeline.start("settlement-1")
        publish(pipeline, lines[len(lines) // 2 :])
        pipeline.wait(lambda: pipeline.is_at_rest() and all(is_ready(port) for port in ports_of(pipeline).values()), 240)
        pipeline.wait(lambda: all("medaid_lag_seconds{" in page(port, "metrics") for port in ports_of(pipeline).values()), 60)
        told = {
            f"{name} of {service}": page(port, name)
            for service, port in ports_of(pipeline).items()
            for name in ("metrics", "ready", "live")
        }
        assert pipeline.stop() == {f"{service}-1": 0 for service in SERVICES}
    finally:
        pipeline.abandon()
    told |= {path.name: path.read_text("utf-8") for path in tmp_path.glob("*.log")} | {"traces": text_of(receiver)}
    assert leaks(told, lines) == {}
    assert all("lane taken" in told[f"{service}-1.log"] for service in SERVICES)
    assert {"settlement batch", "process hospital.claims.v1", f"process {RESULTS}"} <= {span.name for span in receiver.spans}, (
        "in one trace, too"
    )
    traces = [{span.trace_id for span in receiver.spans if span.name == f"process {topic}"} for topic in (CLAIMS, RESULTS)]
    assert traces[0] & traces[1], "a claim's trace goes on in monitoring"
    undeclared = set(re.findall(r"^(medaid_\w+)", "\n".join(told[f"metrics of {service}"] for service in SERVICES), re.M)) - NAMES
    assert undeclared == set()


def publish(pipeline: Pipeline, lines: Sequence[bytes]) -> None:
    """As `pipeline` does, each line traced by whoever sends it."""
    producer = clients.producer(pipeline.bootstrap, {"message.max.bytes": 2_000_000})
    for line in lines:
        if (place := place_of(line)) is not None:
            producer.produce(pipeline.prefix + place[0], line, place[1], headers=[(TRACEPARENT, traceparent())])
            producer.poll(0)
    assert producer.flush(60) == 0


def page(port: int, name: str) -> str:
    try:
        with urlopen(f"http://127.0.0.1:{port}/{name}", timeout=10) as answer:
            return str(answer.read().decode())
    except HTTPError as error:  # not ready is an answer, too
        return error.read().decode()


def is_ready(port: int) -> bool:
    return bool(orjson.loads(page(port, "ready"))["ready"])
