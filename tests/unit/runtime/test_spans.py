"""Spans as a real receiver gets them: batches, and what is traced in them; a receiver that fails or hangs holds up nobody."""

import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from random import Random

import orjson
import pytest

from services.runtime.clock import InstantClock
from services.runtime.errors import Doubt
from services.runtime.lanes import Lane
from services.runtime.memory import MemoryBroker
from services.runtime.metrics import NoMetrics
from services.runtime.secret import WrongSetting
from services.runtime.spans import CONTEXTS_MAX, Spans
from services.runtime.traces import CARRIED_ON, TRACEPARENT, traces_to
from tests.unit.runtime.counting import AMOUNTS, FACTORS, PAID, Counting, Event
from tests.unit.runtime.receiver import Receiver, receiving
from tests.unit.runtime.test_traces import CONTEXT, SPAN, TRACE, amount, headers_in
from tests.unit.runtime.workbench import ANN, CID, LANES, Bench

UNSAMPLED = CONTEXT[:-2] + b"00"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture(autouse=True)
def nothing_goes_on() -> Iterator[None]:
    """What sends in the background has ended before the next test, whose log it would speak into."""
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("OtelBatch"):
            thread.join(30)
            assert not thread.is_alive()


async def taken(bench: Bench, spans: Spans) -> Lane[Event]:
    """Lane 0, whose batches are traced."""
    await bench.lane(1).take()
    broker = MemoryBroker(bench.kafka, Counting.name, LANES)
    lane: Lane[Event] = Lane(Counting(), 0, broker, bench.view, InstantClock(), NoMetrics(), traces=spans.of_lane(0))
    await lane.take()
    return lane


async def test_a_traced_record_goes_on_as_the_child_of_what_came_and_links_to_its_batch(receiver: Receiver) -> None:
    bench, spans = Bench(), Spans("counting", receiver.endpoint)
    lane = await taken(bench, spans)
    await lane.batch(
        [
            amount(bench, ANN, "A-1", 5),
            amount(bench, ANN, "A-2", 5),
            amount(bench, CID, "C-1", 5, UNSAMPLED),
            amount(bench, CID, "C-2", 5, None),
        ]
    )
    spans.close()
    [batch], [record] = (receiver.wait_for(name) for name in ("counting batch", "process amounts.v1"))
    assert (record.trace_id.hex().encode(), record.parent_span_id.hex().encode()) == (TRACE, SPAN)
    assert ([link.span_id for link in record.links], [link.span_id.hex().encode() for link in batch.links]) == ([batch.span_id], [SPAN])
    own = ((TRACEPARENT, b"00-" + TRACE + b"-" + record.span_id.hex().encode() + b"-01"),)
    assert headers_in(bench, PAID) == [own, own, ((TRACEPARENT, UNSAMPLED),), ()], "the unsampled as it came"
    told = {one.key: getattr(one.value, one.value.WhichOneof("value") or "") for one in record.attributes}
    assert told == {
        "messaging.system": "kafka", "messaging.operation.type": "process", "messaging.consumer.group.name": "counting", "medaid.lane": 0,
        "messaging.destination.name": "amounts.v1", "messaging.destination.partition.id": "0", "messaging.kafka.offset": 0, "messaging.batch.message_count": 2,
    }  # fmt: skip
    assert {one.key: one.value.int_value for one in batch.attributes}["messaging.batch.message_count"] == 4


async def test_a_batch_in_doubt_is_an_error_of_its_kind_without_a_text(receiver: Receiver) -> None:
    bench, spans = Bench(), Spans("counting", receiver.endpoint)
    lane = await taken(bench, spans)
    bench.kafka.init("counting-0")
    with pytest.raises(Doubt):
        await lane.batch([amount(bench, ANN, "A-1", 5)])
    spans.close()
    for span in (*receiver.wait_for("counting batch"), *receiver.wait_for("process amounts.v1")):
        assert (span.status.code, span.status.message, list(span.events)) == (2, "fenced", [])


async def test_of_many_contexts_only_so_many_have_spans(receiver: Receiver) -> None:
    bench, spans = Bench(), Spans("counting", receiver.endpoint)
    lane = await taken(bench, spans)
    contexts = [CONTEXT.replace(SPAN, b"%016x" % number) for number in range(1, CONTEXTS_MAX + 10)]
    await lane.batch([amount(bench, ANN, f"A-{number}", 5, context) for number, context in enumerate(contexts)])
    spans.close()
    assert len(receiver.wait_for("process amounts.v1")) == CONTEXTS_MAX
    assert headers_in(bench, PAID)[-1] == ((TRACEPARENT, contexts[-1]),)


BODIES = {
    FACTORS: orjson.dumps({"person": ANN, "revision": 1, "factor": 1}),
    AMOUNTS: orjson.dumps({"person": ANN, "key": "A-1", "amount": 5}),
}


async def traces_shown(records: Sequence[tuple[str, bytes]]) -> Mapping[str, set[bytes]]:
    """Whose spans one batch of `records`, topic and context each, has by topic: the trace ids."""
    with receiving() as receiver:
        bench, spans = Bench(), Spans("counting", receiver.endpoint)
        lane = await taken(bench, spans)
        await lane.batch([bench.kafka.append(topic, 0, None, BODIES[topic], ((TRACEPARENT, context),)) for topic, context in records])
        spans.close()
        return {topic: {span.trace_id for span in receiver.wait_for(f"process {topic}")} for topic in {topic for topic, _ in records}}


def contexts(chance: Random, count: int) -> list[bytes]:
    return [b"00-%032x-%016x-01" % (chance.getrandbits(128) | 1, chance.getrandbits(64) | 1) for _ in range(count)]


async def test_of_many_contexts_each_topic_has_its_share_though_one_comes_before_the_other() -> None:
    chance = Random(1)
    factors = [(FACTORS, context) for context in contexts(chance, 2 * CONTEXTS_MAX)]
    many, few = ([(AMOUNTS, context) for context in contexts(chance, count)] for count in (2 * CONTEXTS_MAX, 3))
    assert {topic: len(ids) for topic, ids in (await traces_shown([*factors, *many])).items()} == {
        FACTORS: CONTEXTS_MAX // 2,
        AMOUNTS: CONTEXTS_MAX // 2,
    }
    assert {topic: len(ids) for topic, ids in (await traces_shown([*factors, *few])).items()} == {FACTORS: CONTEXTS_MAX - 3, AMOUNTS: 3}


async def test_of_many_contexts_whoever_reads_them_next_chooses_the_same() -> None:
    """Though they come in another order, and as children of other spans."""
    found = contexts(chance := Random(1), 2 * CONTEXTS_MAX)
    later = [context[:36] + b"%016x" % (chance.getrandbits(64) | 1) + context[52:] for context in found]
    chance.shuffle(later)
    first, second = [await traces_shown([(AMOUNTS, context) for context in some]) for some in (found, later)]
    assert first == second


@pytest.mark.parametrize("fault", ["away", "fails", "hangs"])
async def test_a_receiver_that_fails_holds_up_no_lane(fault: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred times as many batches as the queue holds, while nothing is taken; and the end of the process waits a moment only."""
    monkeypatch.setattr("services.runtime.spans.CLOSE_S", close_s := 0.3)
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "10")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "5")
    if fault == "away":
        receiver.close()
    with receiving(503 if fault == "fails" else 200, hangs=fault == "hangs") as other:
        bench, spans = Bench(), Spans("counting", receiver.endpoint if fault == "away" else other.endpoint)
        lane = await taken(bench, spans)
        for number in range(500):
            await lane.batch([amount(bench, ANN, f"A-{number}", 5)])
        assert len(bench.kafka.records(PAID)) == 500
        began = time.monotonic()
        spans.close()
        assert time.monotonic() - began < close_s + 3


def test_where_opentelemetry_is_missing_the_setting_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "services.runtime.spans")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(WrongSetting, match=r"OTEL_EXPORTER_OTLP_ENDPOINT: expected where opentelemetry.* pip install 'medaid\[traces\]'"):
        traces_to("http://127.0.0.1:1", "counting")


def test_without_an_endpoint_contexts_are_only_carried_on() -> None:
    assert traces_to("", "counting") is CARRIED_ON
