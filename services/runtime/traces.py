"""Whose doing a record is: the W3C trace context in its header `traceparent`, carried on to whatever the record leads to.

In: headers of records. Out: the same context in the headers of results, warnings and dead letters, whether anybody makes spans of it or not. Promise: a
context that is none is passed over; `tracestate`, which may hold any text, goes no further. Not here: spans (`spans.py`, which is loaded where they are
asked for alone).
"""

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol

from services.runtime.records import Headers, Record
from services.runtime.secret import WrongSetting

TRACEPARENT: Final = "traceparent"
_FORM: Final = re.compile(rb"(?:00|(?!00|ff)[0-9a-f]{2}(?=.{53}(?:-|$)))-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_LENGTH: Final = 55
"""Of version 00; a later one may say more behind a dash, which is left out."""

Carry = Callable[[Record], Headers]
"""The headers that whatever a record leads to carries on."""


def traceparent_of(headers: Headers) -> bytes | None:
    """The one valid context in `headers`, as version 00; None where there is none, or several."""
    found = [value for name, value in headers if name == TRACEPARENT]
    if len(found) != 1 or not found[0] or not _FORM.match(found[0]) or (found[0].startswith(b"00") and len(found[0]) != _LENGTH):
        return None
    return b"00" + found[0][2:_LENGTH]


def carried(record: Record) -> Headers:
    """The context of `record` as it came."""
    context = traceparent_of(record.headers) if record.headers else None
    return () if context is None else ((TRACEPARENT, context),)


def trace_of(record: Record) -> dict[str, str]:
    """What a log line about `record` says of its trace."""
    context = traceparent_of(record.headers)
    return {} if context is None else {"trace": context[3:35].decode()}


class Trail(Protocol):
    """The traces of one batch."""

    def carry(self, record: Record) -> Headers:
        """As `Carry`."""
        ...

    def settled(self, records: Sequence[Record], outputs: int) -> None:
        """These were committed, with so many records written."""
        ...


class Traces(Protocol):
    """Makes the traces of one lane."""

    def batch(self, records: Sequence[Record]) -> AbstractContextManager[Trail]:
        """Around one batch; what is raised within was its end."""
        ...


class ProcessTraces(Protocol):
    """Makes the traces of one process."""

    def of_lane(self, lane: int) -> Traces:
        """Those of one lane."""
        ...

    def close(self) -> None:
        """Let go; never waits for long."""
        ...


class CarriedOn:
    """Contexts are carried on, and nobody makes spans of them."""

    def batch(self, records: Sequence[Record]) -> AbstractContextManager[Trail]:
        """As the port has it."""
        return nullcontext(self)

    def carry(self, record: Record) -> Headers:
        """As the port has it."""
        return carried(record)

    def settled(self, records: Sequence[Record], outputs: int) -> None:
        """Nothing to note."""

    def of_lane(self, lane: int) -> Traces:
        """As the port has it."""
        return self

    def close(self) -> None:
        """Nothing is held."""


CARRIED_ON: Final = CarriedOn()


def traces_to(endpoint: str, service: str) -> ProcessTraces:
    """The traces of a process of `service`: sent to `endpoint`, or only carried on where it is empty. OpenTelemetry is loaded where it is not.

    Raises:
        WrongSetting: OpenTelemetry is not installed.
    """
    if not endpoint:
        return CARRIED_ON
    try:
        from services.runtime.spans import Spans
    except ModuleNotFoundError as error:
        raise WrongSetting(f"OTEL_EXPORTER_OTLP_ENDPOINT: expected where {error.name} is installed: pip install 'medaid[traces]'") from None
    return Spans(service, endpoint)
