"""Liveness, readiness and metrics over HTTP, by lane: `/live`, `/ready`, `/metrics`.

A small server of its own, for FastStream's would need uvicorn. Promise: it reads at most 8 KiB a request, waits 5 s at most, holds 32 connections
at once, of which the oldest gives way to a new one (or strangers who send nothing would keep out whoever restarts what is not live), holds no secret
and no person. Not here: what makes a lane live or ready (`roster.py`, `pulse.py`).
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from services.runtime.roster import Roster

REQUEST_BYTES_MAX = 8 * 1024
REQUEST_S = 5.0
CONNECTIONS_MAX = 32

_JSON = "application/json"
_Answer = tuple[HTTPStatus, str, bytes]


class HealthServer:
    """Serves the health of one process."""

    def __init__(
        self, roster: Roster, registry: CollectorRegistry, host: str, port: int, faulty: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        """Take what is told of; `faulty`: the regions whose files have faults, which make nothing unready, for the others are served."""
        self._roster = roster
        self._faulty = faulty or {}
        self._registry = registry
        self.host = host
        self._port = port
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.StreamWriter, None] = {}

    async def start(self) -> int:
        """Listen, and return the port: the one asked for, or a free one for 0.

        Raises:
            OSError: Somebody else has it.
        """
        self._server = await asyncio.start_server(self._serve, self.host, self._port, limit=REQUEST_BYTES_MAX)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open[writer] = None
        if len(self._open) > CONNECTIONS_MAX:
            oldest = next(iter(self._open))
            del self._open[oldest]
            oldest.transport.abort()
        try:
            async with asyncio.timeout(REQUEST_S):
                status, kind, body = self._answer(await reader.readuntil(b"\r\n\r\n"))
                head = (
                    f"HTTP/1.1 {status} {status.phrase}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                )
                writer.write(head.encode() + body)
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever asks badly gets no answer
        finally:
            self._open.pop(writer, None)
            writer.close()

    def _answer(self, request: bytes) -> _Answer:
        """The answer to one request, by its first line."""
        method, _, rest = request.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0]
        if method != b"GET":
            return HTTPStatus.METHOD_NOT_ALLOWED, _JSON, b"{}"
        pages: dict[bytes, Callable[[], _Answer]] = {b"/live": self._live, b"/ready": self._ready, b"/metrics": self._metrics}
        return pages[path]() if path in pages else (HTTPStatus.NOT_FOUND, _JSON, b"{}")

    def _live(self) -> _Answer:
        return self._state("live", good=self._roster.is_live)

    def _ready(self) -> _Answer:
        return self._state("ready", good=self._roster.is_ready)

    def _metrics(self) -> _Answer:
        return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(self._registry)

    def _state(self, name: str, *, good: bool) -> _Answer:
        """`name` and each lane's state; 503 when not good."""
        lanes = {
            str(lane): {"state": pulse.state, "waiting": pulse.waiting, "deaf": pulse.is_deaf, "doubt": pulse.doubt}
            for lane, pulse in self._roster.pulses.items()
        }
        roster = self._roster
        body = {
            name: good,
            "service": roster.service.name,
            "stop": str(roster.stop or ""),
            "waits_for": roster.lacks or roster.waits_for,
            "faulty": {region: list(faults) for region, faults in self._faulty.items()},
            "lanes": lanes,
        }
        return HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE, _JSON, json.dumps(body, ensure_ascii=False).encode()
