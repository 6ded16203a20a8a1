"""The pages' server over real sockets: who asks slowly, or a thousand times, takes nobody's place."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from services.console.web import server as bounds
from services.console.web.server import CONNECTIONS_MAX, HEAD_BYTES_MAX, Server, listen, server_of
from tests.unit.console.site import site

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
HALF = b"GET /login HTTP/1.1\r\nHost: x\r\nX-Slow: "
WHOLE = b"GET /login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


class Served:
    """A server, and the port that it has."""

    def __init__(self, server: Server, port: int) -> None:
        self.server, self.port = server, port

    async def open(self, sent: bytes = b"") -> Ends:
        """A connection on which so much was sent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(sent)
        return reader, writer

    async def status(self, sent: bytes = WHOLE) -> int:
        """The answer to a request; 0 where the connection was cut."""
        reader, writer = await self.open(sent)
        try:
            answer = await reader.read()
        except ConnectionError:
            answer = b""
        writer.close()
        return int(answer.split(b" ", 2)[1]) if answer else 0


@pytest.fixture
async def served(users_folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    """The pages of a site at a free port; a request must come within a second."""
    monkeypatch.setattr(bounds, "REQUEST_S", 1.0)
    made = await asyncio.to_thread(lambda: site(users_folder).__enter__())
    listening = listen("127.0.0.1", 0)
    server = server_of(made.app)
    running = asyncio.create_task(server.serve([listening]))
    yield Served(server, listening.getsockname()[1])
    server.should_exit = True
    await running


def close(connections: Sequence[Ends]) -> None:
    """Close them."""
    for _, writer in connections:
        writer.close()


async def test_a_thousand_half_requests_keep_nobody_out(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """With time without end for each: the oldest give way."""
    monkeypatch.setattr(bounds, "REQUEST_S", 3_600.0)
    slow, most = [], 0
    for _ in range(1_000):
        slow.append(await served.open(HALF))
        most = max(most, len(served.server.server_state.connections))
    assert most == CONNECTIONS_MAX
    assert await served.status() == 200
    assert await slow[0][0].read() == b""
    close(slow)


async def test_who_has_sent_half_a_head_is_cut_though_he_goes_on(served: Served) -> None:
    reader, writer = await served.open(HALF)
    ended = asyncio.create_task(reader.read())
    async with asyncio.timeout(30):
        while not ended.done():
            writer.write(b"x")
            await asyncio.wait([ended], timeout=0.05)
    assert ended.exception() is not None or ended.result() == b""
    writer.close()


async def test_who_has_sent_half_a_form_is_cut(served: Served) -> None:
    head = b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\n"
    async with asyncio.timeout(30):
        assert await served.status(head + b"name=li") == 0


async def test_a_second_request_has_its_own_time_and_no_more(served: Served) -> None:
    reader, writer = await served.open(WHOLE.replace(b"Connection: close\r\n", b""))
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    await reader.readexactly(length)
    writer.write(HALF)
    async with asyncio.timeout(30):
        assert await reader.read() == b""
    writer.close()


async def test_a_head_that_is_too_long_is_refused(served: Served) -> None:
    assert await served.status(HALF + b"x" * (HEAD_BYTES_MAX + 1)) == 400
    assert await served.status() == 200
