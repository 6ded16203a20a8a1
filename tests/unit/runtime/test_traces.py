"""A record's trace context goes on to all that it leads to; a wrong one leads to nothing, and without one nothing is written."""

import subprocess
import sys
from collections.abc import Sequence

import orjson
import pytest
from structlog.testing import capture_logs

from services.runtime.records import Headers, Record
from services.runtime.traces import TRACEPARENT, carried, traceparent_of
from tests.unit.runtime.counting import AMOUNTS, FACTORS, PAID, POISON
from tests.unit.runtime.workbench import ANN, BOB, CID, Bench

TRACE, SPAN = b"4bf92f3577b34da6a3ce929d0e0e4736", b"00f067aa0ba902b7"
CONTEXT = b"00-" + TRACE + b"-" + SPAN + b"-01"
OTHER = CONTEXT.replace(b"4bf9", b"5bf9")


def amount(bench: Bench, person: str, key: str, value: int, context: bytes | None = CONTEXT) -> Record:
    headers = () if context is None else ((TRACEPARENT, context),)
    return bench.kafka.append(AMOUNTS, 0, None, orjson.dumps({"person": person, "key": key, "amount": value}), headers)


def headers_in(bench: Bench, topic: str) -> Sequence[Headers]:
    return [record.headers for record in bench.kafka.records(topic)]


@pytest.mark.parametrize("context", [CONTEXT, CONTEXT[:-2] + b"00", b"00-" + TRACE + b"-" + SPAN + b"-ff"])
def test_a_valid_context_is_carried_as_it_is(context: bytes) -> None:
    assert carried(Record("t", 0, 0, None, None, (("other", b"x"), (TRACEPARENT, context)))) == ((TRACEPARENT, context),)


def test_of_a_later_version_what_is_known_is_carried() -> None:
    assert traceparent_of(((TRACEPARENT, b"cc" + CONTEXT[2:] + b"-what-comes"),)) == CONTEXT
    assert traceparent_of(((TRACEPARENT, b"cc" + CONTEXT[2:]),)) == CONTEXT


@pytest.mark.parametrize(
    "wrong",
    [
        b"", None, b"ff" + CONTEXT[2:], CONTEXT + b"-00", CONTEXT + b"\n", CONTEXT[:-1], CONTEXT.upper(), b" " + CONTEXT, b"cc" + CONTEXT[2:] + b"x",
        CONTEXT.replace(TRACE, b"0" * 32), CONTEXT.replace(SPAN, b"0" * 16), CONTEXT.replace(b"-", b"_"), b"\xff" * 55, b"x" * 100_000,
    ],
)  # fmt: skip
def test_an_invalid_context_is_passed_over(wrong: bytes | None) -> None:
    assert carried(Record("t", 0, 0, None, None, ((TRACEPARENT, wrong),))) == ()  # type: ignore[arg-type]  # Kafka knows null as a header's value


def test_two_contexts_are_none() -> None:
    assert traceparent_of(((TRACEPARENT, CONTEXT), (TRACEPARENT, OTHER))) is None


async def test_results_letters_and_copies_carry_the_context_of_their_record() -> None:
    bench = Bench()
    lane = await bench.taken()
    bench.kafka.append(AMOUNTS, 0, None, b"{", ((TRACEPARENT, OTHER),))
    records = [amount(bench, ANN, "A-1", 5), amount(bench, CID, "C-1", 5, None), amount(bench, BOB, "B-1", 5)]
    await lane.batch([*bench.kafka.records(AMOUNTS)[:1], *records])
    assert headers_in(bench, PAID) == [((TRACEPARENT, CONTEXT),), ()]
    assert headers_in(bench, f"{AMOUNTS}.dlq") == [((TRACEPARENT, OTHER),)]
    [copy] = headers_in(bench, "counting.rerouted.v1")
    assert [value for name, value in copy if name == TRACEPARENT] == [CONTEXT], "once, as it came"
    assert [name for name, _ in copy][-4:] == [f"medaid-origin-{name}" for name in ("topic", "partition", "offset", "timestamp")]
    other = bench.lane(1)
    await other.take()
    await other.batch(bench.kafka.records("counting.rerouted.v1"))
    assert headers_in(bench, PAID)[-1] == ((TRACEPARENT, CONTEXT),), "and goes on at its home"


async def test_what_late_events_lead_to_together_carries_the_last_context() -> None:
    bench = Bench()
    lane = await bench.taken()
    await lane.batch([amount(bench, ANN, "A-1", 5, None)])
    factors = [
        bench.kafka.append(
            FACTORS, 0, None, orjson.dumps({"person": ANN, "revision": number, "factor": number + 1}), ((TRACEPARENT, context),)
        )
        for number, context in ((1, OTHER), (2, CONTEXT))
    ]
    await lane.batch(factors)
    assert headers_in(bench, PAID)[-1] == ((TRACEPARENT, CONTEXT),)


async def test_a_record_that_could_not_be_decided_is_logged_with_its_trace() -> None:
    bench = Bench()
    lane = await bench.taken()
    with capture_logs() as told:
        await lane.batch([amount(bench, ANN, "A-1", POISON), amount(bench, CID, "C-1", POISON, None)])
    failed = [line for line in told if line["event"] == "processing failed"]
    assert [line.get("trace") for line in failed] == [TRACE.decode(), None]


def test_nothing_that_makes_or_sends_spans_is_loaded_unless_it_is_asked_for() -> None:
    """FastStream and redis-py look whether OpenTelemetry is there, which loads its names."""
    code = "import sys; from services.settlement.app import build; build(); print(*(name for name in sys.modules if name in sys.argv))"
    heavy = [
        "services.runtime.spans",
        "opentelemetry.sdk.trace",
        "opentelemetry.sdk.trace.export",
        "opentelemetry.proto",
        "google.protobuf",
    ]
    done = subprocess.run([sys.executable, "-c", code, *heavy, "services.runtime.traces"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["services.runtime.traces"]
