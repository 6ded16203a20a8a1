"""Spans by OpenTelemetry, sent by OTLP over HTTP. Loaded only where `OTEL_EXPORTER_OTLP_ENDPOINT` asks for them.

A batch is a span of its own: its records share one transaction, so its time is theirs, and none of them is its parent; it links to the contexts that came
in. So that whoever traces one record sees it go on, each sampled context of a batch gets a span too, a child of the one that came, which links to the batch
and is the parent of what the records led to. Promise: names, topics, partitions, offsets and counts stand in them, no key, value or error's text; a queue of
bounded length in a thread of its own, so that a receiver that is slow or away loses spans and holds up no lane.
"""

import os
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)
from opentelemetry.util.types import AnyValue

from services.runtime.errors import Doubt
from services.runtime.records import Headers, Record
from services.runtime.traces import TRACEPARENT, traceparent_of

CONTEXTS_MAX: Final = 128
"""Of one batch; those beyond are carried on as they came. A span holds no more links."""

_RANDOM: Final = slice(21, 35)
"""Where in a `traceparent` the last seven bytes of the trace id stand, which W3C asks to be random."""

CLOSE_S: Final = 2.0
"""How long a process waits at its end for its last spans to be taken."""


class Spans:
    """The spans of one process."""

    def __init__(self, service: str, endpoint: str) -> None:
        """Begin to send to `endpoint`, the base of a receiver's address. Sampling and queue are set by OpenTelemetry's own variables."""
        named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": f"medaid-{service}"}
        self._service = service
        self._provider = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
        self._exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("medaid")

    def of_lane(self, lane: int) -> "LaneSpans":
        """Those of one lane."""
        return LaneSpans(self._tracer, self._service, lane)

    def close(self) -> None:
        """Send what is left, for `CLOSE_S` at most."""
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(CLOSE_S)
        if closing.is_alive():
            self._exporter.shutdown()  # type: ignore[no-untyped-call]  # else it would try again for half a minute


class LaneSpans:
    """The port `Traces` of one lane."""

    def __init__(self, tracer: Tracer, service: str, lane: int) -> None:
        self._tracer = tracer
        self._about: dict[str, AnyValue] = {
            "messaging.system": "kafka", "messaging.operation.type": "process", "messaging.consumer.group.name": service, "medaid.lane": lane,
        }  # fmt: skip
        self._name = f"{service} batch"

    @contextmanager
    def batch(self, records: Sequence[Record]) -> Iterator["SpanTrail"]:
        """As the port has it."""
        firsts: dict[bytes, Record] = {}
        for record in records:
            if record.headers and (context := traceparent_of(record.headers)) is not None and is_sampled(context):
                firsts.setdefault(context, record)
        known = {context: _parsed(context) for context in _chosen(firsts)}
        links = [Link(one) for one in known.values()]
        whole = self._tracer.start_span(self._name, kind=SpanKind.CONSUMER, links=links, attributes=self._about)
        spans = {context: self._span(firsts[context], parsed, whole) for context, parsed in known.items()}
        trail = SpanTrail(whole, spans)
        try:
            yield trail
        except BaseException as error:
            trail.failed(error.kind if isinstance(error, Doubt) else type(error).__name__)
            raise

    def _span(self, first: Record, parent: SpanContext, whole: Span) -> Span:
        """Of the records of one context, of which `first` is the first."""
        place = {"messaging.destination.name": first.topic, "messaging.destination.partition.id": str(first.partition)}
        about: dict[str, AnyValue] = {**self._about, **place, "messaging.kafka.offset": first.offset}
        above, links = set_span_in_context(NonRecordingSpan(parent)), [Link(whole.get_span_context())]
        return self._tracer.start_span(f"process {first.topic}", context=above, kind=SpanKind.CONSUMER, links=links, attributes=about)


class SpanTrail:
    """The port `Trail`: the span of a batch, and one for each context in it."""

    def __init__(self, whole: Span, spans: Mapping[bytes, Span]) -> None:
        self._whole = whole
        self._spans = spans

    def carry(self, record: Record) -> Headers:
        """As the port has it: the context of the record's span, or what came where it has none."""
        context = traceparent_of(record.headers)
        if context is None:
            return ()
        span = self._spans.get(context)
        return ((TRACEPARENT, context if span is None else _written(span.get_span_context())),)

    def settled(self, records: Sequence[Record], outputs: int) -> None:
        """As the port has it. A record that was left for the next batch has its span there."""
        counts = Counter(traceparent_of(record.headers) for record in records if record.headers)
        for context, span in self._spans.items():
            if context in counts:
                span.set_attribute("messaging.batch.message_count", counts[context])
                span.end()
        self._whole.set_attributes({"messaging.batch.message_count": len(records), "medaid.records_written": outputs})
        self._whole.end()

    def failed(self, why: str) -> None:
        """The batch ended in doubt, and its records come again."""
        for span in (*self._spans.values(), self._whole):
            span.set_status(Status(StatusCode.ERROR, why))
            span.end()


def is_sampled(context: bytes) -> bool:
    """Whether whoever wrote `context`, a valid one, keeps the trace."""
    return bool(int(context[-2:], 16) & TraceFlags.SAMPLED)


def _chosen(firsts: Mapping[bytes, Record]) -> Iterable[bytes]:
    """As many contexts as may have spans.

    Each topic's in turn: a batch has its topics one after the other, and of many timelines none would be left for the claims behind them. Of one topic
    by the random end of the trace id, so that services mostly choose the same traces.
    """
    if len(firsts) <= CONTEXTS_MAX:
        return firsts
    before: Counter[str] = Counter()
    turns: dict[bytes, int] = {}
    for context in sorted(firsts, key=lambda context: context[_RANDOM]):
        topic = firsts[context].topic
        turns[context] = before[topic]
        before[topic] += 1
    return sorted(turns, key=turns.__getitem__)[:CONTEXTS_MAX]


def _parsed(context: bytes) -> SpanContext:
    flags = TraceFlags(int(context[-2:], 16))
    return SpanContext(int(context[3:35], 16), int(context[36:52], 16), is_remote=True, trace_flags=flags)


def _written(context: SpanContext) -> bytes:
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}".encode()
