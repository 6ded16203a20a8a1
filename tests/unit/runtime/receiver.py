"""A receiver of OTLP over HTTP on this machine: what spans arrive, decoded by OpenTelemetry's own types; or one that fails, hangs, or is slow."""

import gzip
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Receiver:
    """Where spans arrive. `status`: what it answers; `hangs`: it answers nothing until the end."""

    def __init__(self, status: int = 200, *, hangs: bool = False) -> None:
        self.bodies: list[bytes] = []
        self.asked = 0
        self._end = Event()
        receiver = self

        class Answers(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.asked += 1
                if hangs:
                    receiver._end.wait()
                elif self.path == "/v1/traces" and status == 200:
                    receiver.bodies.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
                self.send_response(status)
                self.send_header("Content-Type", "application/x-protobuf")
                self.end_headers()
                self.wfile.write(ExportTraceServiceResponse().SerializeToString())

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._end.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def spans(self) -> Sequence[Span]:
        """All that arrived."""
        return [span for scope in self._scopes() for span in scope.spans]

    def wait_for(self, name: str, seconds_max: float = 30) -> Sequence[Span]:
        """Spans of a name, once there are some."""
        until = time.monotonic() + seconds_max
        while not (found := [span for span in self.spans if span.name == name]):
            assert time.monotonic() < until, [span.name for span in self.spans]
            time.sleep(0.05)
        return found

    def _scopes(self) -> Iterator[Any]:
        for body in list(self.bodies):
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                yield from resource.scope_spans


@contextmanager
def receiving(status: int = 200, *, hangs: bool = False) -> Iterator[Receiver]:
    """A receiver, until the block ends."""
    receiver = Receiver(status, hangs=hangs)
    try:
        yield receiver
    finally:
        receiver.close()
