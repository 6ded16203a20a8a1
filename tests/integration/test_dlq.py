"""`medaid dlq` on real servers: what real workers refused is listed, shown, mended, sent again and settled; every byte comes back as it was sent."""

import asyncio
import logging
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest
import structlog

from deploy.local.kafka import SETTINGS
from schemas.catalogue import AUDIT, CLAIMS, IDENTITY_EVENTS, RESULTS, TIMELINES, dead_letters_of
from services.cli import main
from services.runtime.home import home_of
from services.runtime.kafka import AioKafkaBroker
from services.runtime.records import Record, TopicPartition
from services.runtime.settings import Settings
from tests import clients
from tests.contract.test_examples import validator
from tests.integration.pipeline import Pipeline
from tests.integration.topics import PARTITIONS
from tests.unit.events import claim, granted

HOME = home_of("P1", PARTITIONS)
AWAY = (HOME + 1) % PARTITIONS
GOOD = claim("1", "2025-03-02", "3500.00")
BAD = GOOD.replace(b'"basic_paid":0', b'"basic_paid":9999')
BINARY = [("ce_specversion", b"1.0"), ("ce_source", b"/hospitals/H1"), ("content-type", b"application/json")]


class Said(NamedTuple):
    """What the command did."""

    status: int
    out: bytes
    err: bytes


class Desk:
    """Where an operator sits: the topics under one prefix, workers, the command (in this process), and a client that is not ours."""

    def __init__(self, pipeline: Pipeline, capture: pytest.CaptureFixture[bytes]) -> None:
        self.pipeline = pipeline
        self._capture = capture

    def dlq(self, *arguments: object) -> Said:
        """`medaid dlq ...`, which ends well."""
        said = self.try_dlq(*arguments)
        assert said.status == 0, said.err
        return said

    def try_dlq(self, *arguments: object) -> Said:
        """`medaid dlq ...`, however it ends."""
        self._capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["dlq", *map(str, arguments)])
        return Said(int(ended.value.code or 0), *self._capture.readouterr())

    def work(self, *services: str) -> None:
        """Start workers."""
        for service in services:
            self.pipeline.start(f"{service}-1")

    def send(self, topic: str, value: bytes | None, key: bytes | None, **more: object) -> None:
        """As a sender does, to the wrong partition."""
        producer = clients.producer(self.pipeline.bootstrap)
        producer.produce(self.pipeline.prefix + topic, value, key, partition=AWAY, **more)
        assert producer.flush(30) == 0

    def wait_for(self, topic: str, count: int) -> None:
        """Until so many records are committed to a topic."""
        self.pipeline.wait(lambda: len(self.records(topic)) >= count, 30)

    def records(self, topic: str) -> list[Record]:
        """What is committed to a topic, partition by partition."""
        return asyncio.run(self._records(topic))

    def record(self, place: str) -> Record:
        """What lies at a place as the command prints it."""
        topic, *numbers = place.split("/")
        return next(record for record in self.records(topic) if [str(record.partition), str(record.offset)] == numbers)

    async def _records(self, topic: str) -> list[Record]:
        broker = AioKafkaBroker("onlooker", Settings(kafka_bootstrap_servers=self.pipeline.bootstrap, prefix=self.pipeline.prefix))
        ends = await broker.ends([TopicPartition(topic, number) for number in range(PARTITIONS)])
        found = [record for place, end in ends.items() async for chunk in broker.read(place, 0, end) for record in chunk.records]
        await broker.close()
        return found


@pytest.fixture
def desk(
    kafka_bootstrap: str,
    redis_db: str,
    topic_prefix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> Iterator[Desk]:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka_bootstrap)
    monkeypatch.setenv("MEDAID_PREFIX", topic_prefix)
    handlers = logging.root.handlers[:]
    pipeline = Pipeline(kafka_bootstrap, redis_db, topic_prefix, tmp_path)
    pipeline.create_topics()
    try:
        yield Desk(pipeline, capfdbinary)
    finally:
        pipeline.abandon()
        logging.root.handlers = handlers
        structlog.reset_defaults()


def test_what_was_refused_is_listed_shown_mended_sent_again_and_settled(desk: Desk, tmp_path: Path) -> None:
    """A claim, and the grant under which it is assisted; both came to the wrong partition, and go home."""
    assert desk.dlq("list").err == b"no dead letters\n"
    desk.work("identity", "settlement")
    wrong_grant = granted().replace(b"2025-01-10", b"2025-13-10")
    desk.send(IDENTITY_EVENTS, wrong_grant, b"P1")
    desk.send(CLAIMS, BAD, b"P1")
    desk.wait_for(dead_letters_of(IDENTITY_EVENTS), 1)
    desk.wait_for(dead_letters_of(CLAIMS), 1)
    listed = desk.dlq("list")
    rows = {fields[0]: fields[2:4] for fields in (line.split() for line in listed.out.decode().splitlines())}
    grant_id, claim_id = (f"{topic}/{AWAY}/0" for topic in (IDENTITY_EVENTS, CLAIMS))
    assert rows == {grant_id: ["identity", "invalid_event"], claim_id: ["settlement", "invalid_amounts"]}
    assert listed.err.endswith(b"2  dead letters; all are shown\n")
    (only,) = desk.dlq("list", "--topic", CLAIMS, "--reason", "invalid_amounts", "--since", "2025-01-01", "--json").out.splitlines()
    assert orjson.loads(only)["id"] == claim_id
    assert b"P1" not in listed.out + only
    assert b"basic_paid" in desk.dlq("show", claim_id).out

    for letter_id, wrong, right in ((grant_id, wrong_grant, granted()), (claim_id, BAD, GOOD)):
        assert desk.dlq("show", letter_id, "--payload").out == wrong
        again = desk.try_dlq("replay", letter_id)
        assert (again.status, again.out, again.err.count(b"\n")) == (3, b"", 1)
        assert f"not sent, it would be refused again: {rows[letter_id][1]}: ".encode() in again.err
        mend = tmp_path / "mend.json"
        mend.write_bytes(right)
        place = desk.dlq("replay", letter_id, "--payload", mend).out.decode()
        assert place == f"{letter_id.split('/')[0]}/{HOME}/0\n"
        desk.wait_for(TIMELINES if letter_id == grant_id else RESULTS, 1)

    (record,) = desk.records(RESULTS)
    result = orjson.loads(record.value or b"")
    assert (result["data"]["outcome"], result["data"]["assistance_amount"]) == ("assisted", "1050.00")
    assert desk.dlq("replay", claim_id, "--payload", mend).out.decode() == f"{CLAIMS}/{HOME}/1\n"
    mend.write_bytes(GOOD.replace(b"3500.00", b"3400.00"))
    another = desk.try_dlq("replay", claim_id, "--payload", mend)
    assert (another.status, b"sent another content in its place" in another.err) == (3, True)
    desk.wait_for(CLAIMS, 3)
    assert set(desk.pipeline.stop().values()) == {0}
    assert len(desk.records(RESULTS)) == 1
    unknown = desk.try_dlq("show", f"{CLAIMS}/{HOME}/0")
    assert (unknown.status, unknown.err) == (3, f"medaid: {CLAIMS}/{HOME}/0: no such dead letter\n".encode())


TOO_LARGE_BYTES = 1 + int(SETTINGS["message.max.bytes"])

ODD_RECORDS = {
    "not UTF-8, no key, a header of bytes, the same header again, one of null": (
        b"\xff\xfe\x00{\x1b",
        None,
        [*BINARY, ("x", b"\xff\x00"), ("x", b""), ("null", None)],
    ),
    "neither key nor value": (None, None, []),
    "control characters, a key of bytes": (b"\x00\x01\r\n", b"\x80key", BINARY),
}


def test_every_byte_comes_back_as_it_was_sent(desk: Desk) -> None:
    """In the letter, and in the record sent again, which is refused again."""
    desk.work("settlement")
    for value, key, headers in ODD_RECORDS.values():
        desk.send(CLAIMS, value, key, headers=headers)
    desk.wait_for(dead_letters_of(CLAIMS), len(ODD_RECORDS))
    for offset, (value, key, headers) in enumerate(ODD_RECORDS.values()):
        letter_id = f"{CLAIMS}/{AWAY}/{offset}"
        assert desk.dlq("show", letter_id, "--payload").out == (value or b"")
        place = desk.dlq("replay", letter_id, "--force").out.decode().strip()
        assert place == f"{CLAIMS}/{AWAY}/{offset + len(ODD_RECORDS)}"
        sent = desk.record(place)
        assert (sent.value, sent.key, list(sent.headers)) == (value, key, headers)
    desk.wait_for(dead_letters_of(CLAIMS), 2 * len(ODD_RECORDS))


def test_an_event_in_binary_mode_is_mended_by_its_data_or_whole(desk: Desk, tmp_path: Path) -> None:
    """Its headers go along, so that the payload is the data alone; without them it is the whole event."""
    event, wrong = orjson.loads(GOOD), orjson.loads(BAD)
    headers = [(f"ce_{name}", str(event[name]).encode()) for name in ("specversion", "id", "source", "type", "time")]
    mend = tmp_path / "mend.json"
    desk.work("settlement")
    desk.send(CLAIMS, orjson.dumps(wrong["data"]), b"P1", headers=headers)
    desk.wait_for(dead_letters_of(CLAIMS), 1)
    mend.write_bytes(GOOD)
    assert b"invalid_event: data." in desk.try_dlq("replay", f"{CLAIMS}/{AWAY}/0", "--payload", mend).err
    desk.dlq("replay", f"{CLAIMS}/{AWAY}/0", "--payload", mend, "--drop-headers")
    desk.send(CLAIMS, orjson.dumps(wrong["data"] | {"claim_id": "2"}), b"P1", headers=headers)
    desk.wait_for(dead_letters_of(CLAIMS), 2)
    mend.write_bytes(orjson.dumps(event["data"] | {"claim_id": "3"}))
    assert b"it differs in claim_id" in desk.try_dlq("replay", f"{CLAIMS}/{AWAY}/1", "--payload", mend).err
    mend.write_bytes(orjson.dumps(event["data"] | {"claim_id": "2"}))
    desk.dlq("replay", f"{CLAIMS}/{AWAY}/1", "--payload", mend)
    desk.wait_for(RESULTS, 2)
    assert [orjson.loads(record.value or b"")["data"]["claim_id"] for record in desk.records(RESULTS)] == ["1", "2"]


def test_what_a_letter_does_not_say_is_sent_by_two_and_once(desk: Desk, tmp_path: Path) -> None:
    """The audit has both, with the digest and the person; the system's user is who sends, where nobody else is named."""
    desk.work("settlement")
    desk.send(CLAIMS, b"garbage", b"P1")
    desk.wait_for(dead_letters_of(CLAIMS), 1)
    letter_id, mend = f"{CLAIMS}/{AWAY}/0", tmp_path / "mend.json"
    mend.write_bytes(GOOD)
    for _ in range(2):
        alone = desk.try_dlq("replay", letter_id, "--payload", mend)
        assert (alone.status, alone.out, b"not sent, but proposed by cli:" in alone.err) == (3, b"", True)
    other = tmp_path / "other.json"
    other.write_bytes(GOOD.replace(b"3500.00", b"9500.00"))
    assert desk.try_dlq("replay", letter_id, "--payload", other, "--operator", "wang").status == 3
    assert desk.dlq("replay", letter_id, "--payload", mend, "--operator", "wang").out.decode() == f"{CLAIMS}/{HOME}/0\n"
    assert desk.try_dlq("replay", letter_id, "--payload", other, "--operator", "li").status == 3
    assert desk.dlq("replay", letter_id, "--payload", mend).out.decode() == f"{CLAIMS}/{HOME}/1\n"
    desk.wait_for(RESULTS, 1)
    assert len(desk.records(CLAIMS)) == 3
    told = [orjson.loads(record.value or b"") for record in desk.records(AUDIT)]
    for event in told:
        validator(event["type"]).validate(event)
    kinds = [event["type"].split(".")[2] for event in told]
    assert kinds == ["proposed", "proposed", "replayed", "replayed"], "the same proposal is told once"
    digests = {event["data"]["sha256"] for event in (told[0], *told[2:])}
    assert digests == {sha256(GOOD).hexdigest()}
    assert {event["data"]["person_id"] for event in told} == {"P1"}
    assert [event["data"]["operator"] for event in told[1:3]] == ["cli:wang", "cli:wang"]
    assert told[2]["data"]["proposed_by"] == told[0]["data"]["operator"]


def test_a_record_that_its_topic_does_not_take_is_not_sent_by_force_either(desk: Desk, tmp_path: Path) -> None:
    """And nothing is told of it: its letter may still be mended otherwise."""
    desk.work("settlement")
    desk.send(CLAIMS, BAD, b"P1")
    desk.wait_for(dead_letters_of(CLAIMS), 1)
    mend = tmp_path / "mend.json"
    mend.write_bytes(GOOD.rstrip() + b" " * TOO_LARGE_BYTES)
    told = desk.try_dlq("replay", f"{CLAIMS}/{AWAY}/0", "--payload", mend, "--force")
    assert (told.status, told.out, told.err.count(b"\n")) == (3, b"", 1)
    assert b"not sent, it would be refused again: too_large" in told.err
    assert (len(desk.records(CLAIMS)), desk.records(AUDIT)) == (1, [])
