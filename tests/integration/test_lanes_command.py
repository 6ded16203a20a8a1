"""`medaid lanes` on a real Kafka: a loss is named, accepted once, a foreign record skipped once, and each ruling is what the lanes read."""

import asyncio
import logging
from collections.abc import Iterator
from typing import NamedTuple

import pytest
import structlog
from confluent_kafka import TopicPartition

from schemas.catalogue import AUDIT, AUDIT_TYPES, CLAIMS, RESULTS, TIMELINES
from schemas.envelope import read_event
from schemas.topics import load_topics
from services.cli import main
from services.runtime.kafka import AioKafkaBroker
from services.runtime.records import TopicPartition as Place
from services.runtime.settings import Settings
from services.runtime.topics import create_topics
from tests import clients
from tests.contract.examples import bytes_of
from tests.integration.brokers import read

PARTITIONS = 2
SENT, DELETED = 5, 3
RULE = ("--operator", "li", "--reason", "retention was 7 days; H1 sends again")
CLAIMS_1 = ("--topic", CLAIMS, "--partition", "1")


class Said(NamedTuple):
    """What the command did."""

    out: str
    err: str


class Site:
    """Topics under one prefix, and an operator at the command line."""

    def __init__(self, settings: Settings, capture: pytest.CaptureFixture[str]) -> None:
        self.settings = settings
        self._capture = capture
        self.admin = clients.admin(settings.kafka_bootstrap_servers)

    def send(self, topic: str, partition: int, *values: bytes) -> None:
        producer = clients.producer(self.settings.kafka_bootstrap_servers)
        for value in values:
            producer.produce(self.settings.prefix + topic, value, partition=partition)
        assert producer.flush(30) == 0

    def delete(self, topic: str, partition: int, before: int) -> None:
        """As retention does."""
        place = TopicPartition(self.settings.prefix + topic, partition, before)
        for deleted in self.admin.delete_records([place]).values():
            assert deleted.result().low_watermark == before

    def commit(self, service: str, topic: str, partition: int, offset: int) -> None:
        """As the service's lane does."""

        async def write() -> None:
            broker = AioKafkaBroker(service, self.settings)
            writer = await broker.fence(partition)
            await writer.commit([], {Place(topic, partition): offset})
            await writer.close()

        asyncio.run(write())

    def audited(self) -> list[dict[str, object]]:
        """Every ruling, by its schema."""

        async def look() -> list[bytes]:
            broker = AioKafkaBroker("onlooker", self.settings)
            found = [record.value or b"" for number in range(PARTITIONS) for record in await read(broker, AUDIT, number)]
            await broker.close()
            return found

        events = [read_event(value, (), AUDIT_TYPES, bytes_max=None) for value in asyncio.run(look())]
        return [{"verb": event.type.split(".")[2], **event.data.wire()} for event in events]

    def lanes(self, *arguments: str, status: int = 0) -> Said:
        """`medaid lanes …`, which must end so."""
        self._capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["lanes", *arguments])
        said = Said(*self._capture.readouterr())
        assert int(ended.value.code or 0) == status, said.err
        return said


@pytest.fixture
def site(kafka_bootstrap: str, topic_prefix: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    settings = Settings(kafka_bootstrap_servers=kafka_bootstrap, prefix=topic_prefix, partitions=PARTITIONS, kafka_deadline_ms=30_000)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka_bootstrap)
    monkeypatch.setenv("MEDAID_PREFIX", topic_prefix)
    asyncio.run(create_topics(settings, load_topics()))
    site, handlers = Site(settings, capfd), logging.root.handlers[:]
    yield site
    logging.root.handlers = handlers
    structlog.reset_defaults()
    for deleted in site.admin.delete_topics([topic_prefix + name for name in load_topics()]).values():
        deleted.result()


def test_a_loss_is_named_and_accepted_once(site: Site) -> None:
    site.send(CLAIMS, 1, *[b"{}"] * SENT)
    site.commit("settlement", CLAIMS, 1, 1)
    assert site.lanes("status").out.count(" LOST ") == 0
    assert "nothing is lost" in site.lanes("accept-loss", "--service", "settlement", *CLAIMS_1, *RULE, status=3).err
    site.delete(CLAIMS, 1, DELETED)
    shown = site.lanes("status", "--service", "settlement", status=4)
    (lost,) = [line for line in shown.out.splitlines() if " LOST " in line]
    assert lost == f"settlement  {CLAIMS}/1  read up to 1 of {SENT}, begins at {DELETED}  LOST 2"

    said = site.lanes("accept-loss", "--service", "settlement", *CLAIMS_1, *RULE)
    assert f"{CLAIMS}[1] begins at 3, read was up to 1: 2 offsets (1 to 2) deleted unread; settlement will go on at 3" in said.err
    assert said.out.startswith(f"{AUDIT}/")
    (event,) = site.audited()
    assert event.pop("client")
    assert event == {
        "verb": "loss_accepted",
        "operator": "cli:li",
        "service": "settlement",
        "topic": CLAIMS,
        "partition": 1,
        "from_offset": 1,
        "to_offset": DELETED,
        "reason": RULE[-1],
    }
    again = site.lanes("accept-loss", "--service", "settlement", *CLAIMS_1, *RULE)
    assert (again.out, len(site.audited())) == (said.out, 1)
    assert "loss up to 3 accepted" in site.lanes("status").out

    site.delete(CLAIMS, 1, SENT)  # what goes later is another loss
    assert "LOST 4" in site.lanes("status", status=4).out
    site.lanes("accept-loss", "--service", "settlement", *CLAIMS_1, *RULE)
    assert [event["to_offset"] for event in site.audited()] == [DELETED, SENT]


def test_an_input_of_which_nothing_was_read_is_lost_from_its_first_offset_on(site: Site) -> None:
    site.send(CLAIMS, 0, *[b"{}"] * SENT)
    site.delete(CLAIMS, 0, DELETED)
    assert f"{CLAIMS}/0  read up to 0 of {SENT}, begins at {DELETED}  LOST {DELETED}" in site.lanes("status", status=4).out
    said = site.lanes("accept-loss", "--service", "settlement", "--topic", CLAIMS, "--partition", "0", *RULE)
    assert "of it nothing was ever read, as far as Kafka knows" in said.err


def test_one_foreign_record_is_skipped_once(site: Site) -> None:
    site.send(RESULTS, 0, bytes_of("settlement.completed.v1/inpatient")[0], b"from somewhere else")
    place = ("--topic", RESULTS, "--partition", "0", "--offset")
    assert "can be read as an event of ours" in site.lanes("skip", *place, "0", *RULE, status=3).err
    assert "no committed record at offset 2" in site.lanes("skip", *place, "2", *RULE, status=3).err
    assert site.audited() == []
    said = site.lanes("skip", *place, "1", *RULE)
    assert site.lanes("skip", *place, "1", *RULE).out == said.out
    site.lanes("skip", *place, "0", "--force", *RULE)
    assert [(event["verb"], event["topic"], event["partition"], event["offset"]) for event in site.audited()] == [
        ("record_skipped", RESULTS, 0, 1),
        ("record_skipped", RESULTS, 0, 0),
    ]
    assert f"skipped  {RESULTS}/0/1  by {said.out}" in site.lanes("status").out


def test_what_cannot_be_meant_is_refused_before_anything_is_written(site: Site) -> None:
    site.send(CLAIMS, 0, *[b"{}"] * SENT)
    site.delete(CLAIMS, 0, DELETED)
    lost = ("accept-loss", "--service", "settlement", "--topic", CLAIMS, "--partition")
    assert "has 2, from 0 on" in site.lanes(*lost, "2", *RULE, status=2).err
    assert (
        "settlement reads"
        in site.lanes("accept-loss", "--service", "settlement", "--topic", RESULTS, "--partition", "0", *RULE, status=2).err
    )
    for_ever = ("--topic", TIMELINES, "--partition", "0")
    assert "must be restored" in site.lanes("accept-loss", "--service", "settlement", *for_ever, *RULE, status=3).err
    for operator, reason in (("", "why"), ("l\x1bi", "why"), ("li", ""), ("li", "why\nnot"), ("li", "x" * 501), (" li", "why")):
        site.lanes(*lost, "0", "--operator", operator, "--reason", reason, status=2)
    assert "dead letters tell" in site.lanes("skip", "--topic", CLAIMS, "--partition", "0", "--offset", "3", *RULE, status=2).err
    assert site.audited() == []
