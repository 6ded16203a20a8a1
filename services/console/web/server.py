"""The server that serves the pages in the loop of its process, beside the lanes: whoever asks slowly, or in great number, must not take their sockets away.

Promise: at most `CONNECTIONS_MAX` connections; each has sent its request whole within `REQUEST_S` of its first moment, and has its answer within
`ANSWER_S`, or is cut. Of too many the one that has waited longest without a request gives way, so that a thousand that send nothing keep nobody out.
Not here: what a form may send (`serving.py`), the server of health (`services/runtime/health.py`).
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

CONNECTIONS_MAX = 400
"""Far below the 1,024 files that a process may have open by default, of which Kafka and Redis need some dozens. An open page holds one."""

REQUEST_S, IDLE_S, ANSWER_S = 10.0, 5, 360.0
"""For a request from its first byte, or the connection's first moment, to its last; between two requests; for an answer (a stream lasts 300)."""

HEAD_BYTES_MAX = 32 * 1024
"""Of a head that is not whole yet."""

ACCEPTED_AT_ONCE = 128
"""So many more sockets may be open for a moment: the loop accepts as many before it looks at one."""


class Connection(H11Protocol):
    """One connection to the pages."""

    _cut: asyncio.TimerHandle | None = None
    _has_asked = False
    _since_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """It begins; where there are too many, another gives way."""
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > CONNECTIONS_MAX:
            idle = [one for one in self.connections if isinstance(one, Connection) and one is not self and not one._is_answered]
            leaving = min(idle, key=lambda one: one._since_s) if idle else self
            self.connections.discard(leaving)  # now, for others come before it has gone
            leaving.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Some of a request, or all of it."""
        if self._has_asked and not self._is_answered:
            self._wait()
        super().data_received(data)
        if not self._has_asked and self.cycle is not None and not (self.cycle.more_body or self.cycle.response_complete):
            self._answer()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._set(None)
        super().connection_lost(exc)

    @property
    def _is_answered(self) -> bool:
        """Whether an answer is being given."""
        return self._has_asked and not self.cycle.response_complete

    def _wait(self) -> None:
        """For a request, from now on; what is sent of it meanwhile wins no time."""
        self._has_asked, self._since_s = False, self.loop.time()
        self._set(REQUEST_S)

    def _answer(self) -> None:
        self._has_asked = True
        self._set(ANSWER_S)

    def _set(self, seconds: float | None) -> None:
        if self._cut is not None:
            self._cut.cancel()
        self._cut = None if seconds is None else self.loop.call_later(seconds, self.transport.abort)


class Server(uvicorn.Server):
    """Serves an application inside a loop that somebody else runs: signals are not its business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises: OSError, somebody else does."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(ACCEPTED_AT_ONCE)
    return listening


def server_of(app: Starlette) -> Server:
    """The server of an application; whoever serves it gives it a socket. Streams end when it is told to stop, after a second at most."""
    bounds: dict[str, Any] = {"http": Connection, "h11_max_incomplete_event_size": HEAD_BYTES_MAX, "timeout_keep_alive": IDLE_S}
    quiet: dict[str, Any] = {"log_config": None, "access_log": False, "server_header": False, "proxy_headers": False}
    return Server(uvicorn.Config(app, timeout_graceful_shutdown=1, backlog=ACCEPTED_AT_ONCE, ws="none", **bounds, **quiet))
