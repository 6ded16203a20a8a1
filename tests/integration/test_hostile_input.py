"""Hostile records between good claims, on a real Kafka and Redis: each is one dead letter, every claim is settled, nobody stops, memory stays flat."""

import asyncio
import re
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from deploy.local.servers import Kafka
from schemas.catalogue import ADMISSIONS, CLAIMS, IDENTITY_EVENTS, OPERATOR_EVENTS, RESULTS, dead_letters_of
from services.runtime.inbox import BYTES_MAX
from tests import clients
from tests.contract.examples import bytes_of
from tests.integration.pipeline import Pipeline
from tests.integration.test_subscription import PLACE, renamed
from tests.integration.topics import PARTITIONS

MB = 1_000_000
LARGEST = 10 * MB
BURST, CLAIMS_A_ROUND = 300, 2_000
HOLDS_MAX = PARTITIONS * 2 * (BYTES_MAX + LARGEST)
"""What the lanes may hold at once: each a batch in hand and an inbox, full, with one record more in each; bytes. Found: 40 to 65 MB."""

LEAK_MAX = 3 * LARGEST
"""What the peak may vary from round to round, for the allocator's sake; each round brings each service more. Found: 12 MB."""

SERVICES = ("identity", "settlement")
EXAMPLES = {
    CLAIMS: bytes_of("hospital.claim.submitted.v1/inpatient")[0],
    IDENTITY_EVENTS: bytes_of("identity.status.granted.v1/low_income_margin")[0],
    ADMISSIONS: bytes_of("hospital.admission.opened.v1/referred")[0],
    OPERATOR_EVENTS: bytes_of("operator.readjudication.requested.v1/new_edition")[0],
}
Sent = dict[str, Any]

pytestmark = [pytest.mark.kafka, pytest.mark.redis, pytest.mark.prove]


@pytest.fixture
def pipeline(own_kafka: Kafka, redis_db: str, topic_prefix: str, tmp_path: Path) -> Iterator[Pipeline]:
    place = Pipeline(own_kafka.bootstrap_servers, redis_db, topic_prefix, tmp_path)
    place.create_topics()
    yield place
    place.abandon()


def claim(number: int) -> bytes:
    """A good claim; each its own."""
    return EXAMPLES[CLAIMS].replace(b"S-2025-55120", b"S-%d" % number).replace(b"P320700-0001", b"P-%d" % (number % 200))


def hostile(topic: str) -> Iterator[Sent]:
    """Records that nothing good can come of, one of each kind."""
    good = EXAMPLES[topic]
    region = b'"region": "lianyungang"'
    assert region in good
    yield {"value": None}
    yield {"value": Random(topic).randbytes(LARGEST), "key": b"\xff"}
    yield {"value": good.replace(b'"data": {', b'"data": {"pad": "' + b"x" * (LARGEST - len(good)) + b'",')}
    yield {"value": b"[" * 100_000 + b"]" * 100_000, "key": "深"}
    yield {"value": b'{"a":' * 40_000}
    yield {"value": good.decode().encode("utf-16")}
    yield {"value": good.replace(b"lianyungang", "连云港".encode("gbk"))}
    yield {"value": good.replace(b"lianyungang", b"lian\0yungang")}
    for extreme in (b"1e30", b"NaN", b"-Infinity", b'"9999-12-31"', b'"0001-01-01"', b"1" * 5_000, b'"\\ud800"'):
        yield {
            "value": good.replace(region, region + b',"geheim": ' + extreme),
            "headers": [("reply_to", b"nobody.v1"), ("医", b"\xff\xfe")],
        }
        yield {"value": good.replace(region, b'"region": ' + extreme), "headers": [("content-type", None), ("ce_id", b"\xff")]}
    for name in (b"total_amount", b"effective_date", b"admission_date", b"year"):
        for extreme in (b"1e30", b"NaN", b'"9999-12-31"') if b'"%s": ' % name in good else ():
            yield {"value": re.sub(rb'"%s": [^,\n]+' % name, b'"%s": %s' % (name, extreme), good)}


class Sender:
    """librdkafka, one producer a codec."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._prefix = pipeline.prefix
        room = {"message.max.bytes": 12 * MB, "queue.buffering.max.kbytes": 64_000}
        codecs = ("none", "gzip", "snappy", "lz4", "zstd")
        self._producers = {codec: clients.producer(pipeline.bootstrap, {**room, "compression.type": codec}) for codec in codecs}
        self.refused: Counter[str] = Counter()
        self.claims = 0

    def send(self, topic: str, partition: int, codec: str = "none", **sent: Any) -> None:
        """One record to its partition, whatever is in it."""
        while True:
            try:
                return self._producers[codec].produce(self._prefix + topic, partition=partition, **sent)
            except BufferError:
                self._producers[codec].poll(0.1)

    def send_claims(self, count: int, codec: str = "none") -> None:
        """So many good claims, to partitions in turn."""
        for _ in range(count):
            self.send(CLAIMS, self.claims % PARTITIONS, codec, value=claim(self.claims))
            self.claims += 1

    def send_refused(self, topic: str, number: int, codec: str = "none", **sent: Any) -> None:
        """One hostile record."""
        self.refused[topic] += 1
        self.send(topic, number % PARTITIONS, codec, **sent)

    def send_round(self) -> None:
        """Every kind of hostile record to every topic, compressed and not, and a burst of large ones, between good claims."""
        for topic in EXAMPLES:
            for number, sent in enumerate(hostile(topic)):
                self.send_refused(topic, number, **sent)
        for number, codec in enumerate(self._producers):
            self.send_refused(CLAIMS, number, codec, value=EXAMPLES[CLAIMS][:-9])
            self.send_claims(20, codec)
        noise = Random(self.claims).randbytes(MB)
        for number in range(BURST):
            self.send_refused(CLAIMS, number, value=noise)
            self.send_claims(CLAIMS_A_ROUND // BURST)
        self.flush()

    async def send_odd_header(self, bootstrap: str) -> None:
        """A hostile record whose header has a name in GBK, which librdkafka cannot write."""
        async with AIOKafkaProducer(**clients.aiokafka_at(bootstrap)) as outside:
            batch = outside.create_batch()
            batch.append(timestamp=None, key=None, value=EXAMPLES[CLAIMS][:-9], headers=[(PLACE, b"\xff")])
            batch._buffer = renamed(batch._build(), "医保".encode("gbk"))
            await outside.send_batch(batch, self._prefix + CLAIMS, partition=1)
            await outside.flush()
        self.refused[CLAIMS] += 1

    def flush(self) -> None:
        """Return when Kafka has everything."""
        for producer in self._producers.values():
            assert producer.flush(60) == 0


class Memory:
    """The peak of a process's resident set, from a moment on."""

    def __init__(self, pid: int) -> None:
        self._folder = Path("/proc") / str(pid)

    def forget(self) -> None:
        """Count from now on."""
        (self._folder / "clear_refs").write_text("5")

    @property
    def peak(self) -> int:
        """Bytes."""
        found = re.search(r"VmHWM:\s+(\d+) kB", (self._folder / "status").read_text())
        assert found is not None
        return int(found[1]) * 1024


def test_hostile_records_cost_nobody_a_claim_and_no_memory(pipeline: Pipeline) -> None:
    for name in SERVICES:
        pipeline.start(f"{name}-1")
    pids = {name: pipeline.pid(f"{name}-1") for name in SERVICES}
    memories = {name: Memory(pid) for name, pid in pids.items()}
    sender = Sender(pipeline)
    sender.send_claims(CLAIMS_A_ROUND)
    sender.flush()
    pipeline.wait(lambda: pipeline.is_at_rest(*SERVICES), 60)
    peaks = {name: [memory.peak] for name, memory in memories.items()}
    for _ in range(3):
        for memory in memories.values():
            memory.forget()
        sender.send_round()
        asyncio.run(sender.send_odd_header(pipeline.bootstrap))
        pipeline.wait(lambda: pipeline.is_at_rest(*SERVICES), 60)
        for name, memory in memories.items():
            peaks[name].append(memory.peak)
    check_all_settled(pipeline, sender)
    assert {name: pipeline.pid(f"{name}-1") for name in SERVICES} == pids
    for name, found in peaks.items():
        check_memory(name, *found)
    for name in SERVICES:
        assert is_live(pipeline, name)
    assert set(pipeline.stop().values()) == {0}


def check_memory(name: str, calm: int, first: int, second: int, third: int) -> None:
    """Hostile records take no more than the lanes may hold, and nothing stays."""
    assert first - calm < HOLDS_MAX, f"{name} holds too much: {first - calm}"
    assert max(second, third) - first < LEAK_MAX, f"{name} leaks: {max(second, third) - first}"


@pytest.mark.parametrize("peaks", [(100, 250, 250, 250), (100, 140, 180, 220)])
def test_memory_that_grows_is_found(peaks: tuple[int, int, int, int]) -> None:
    with pytest.raises(AssertionError):
        check_memory("anybody", *(peak * MB for peak in peaks))


def check_all_settled(pipeline: Pipeline, sender: Sender) -> None:
    """A result for each claim, a dead letter for each hostile record, neither twice, and no mistake of ours among them."""
    results = [event["data"]["claim_id"] for event in pipeline.read(RESULTS)]
    assert len(results) == len(set(results)) == sender.claims
    for topic in EXAMPLES:
        letters = [event["data"] for event in pipeline.read(dead_letters_of(topic))]
        assert len({(letter["partition"], letter["offset"]) for letter in letters}) == len(letters) == sender.refused[topic], topic
        assert "processing_failed" not in {letter["reason"] for letter in letters}


def is_live(pipeline: Pipeline, name: str) -> bool:
    """Whether the process says so."""
    [served] = [told for told in pipeline.told("health and metrics served") if told["service"] == name]
    with urllib.request.urlopen(f"http://127.0.0.1:{served['port']}/live", timeout=10) as answer:
        return bool(answer.status == 200)
