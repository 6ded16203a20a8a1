"""The proxy that loses the ends of transactions, before a server that answers every request by its number: what each loss looks like from both ends."""

import asyncio
import struct
from collections.abc import AsyncIterator

import pytest

from tests.integration.faults.cutting import END_TXN, REQUEST_HEAD, EndTxnLoser, Loss

FETCH = 1
SILENCE_S = 0.3
HEARD = {Loss.CUT_BEFORE: [FETCH], Loss.CUT_AFTER: [FETCH, END_TXN], Loss.SILENT_BEFORE: [FETCH], Loss.SILENT_AFTER: [FETCH, END_TXN]}


class Server:
    """Answers, and remembers which kinds of requests it has heard."""

    def __init__(self) -> None:
        self.heard: list[int] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                size = int.from_bytes(await reader.readexactly(4), "big")
                kind, _, number = REQUEST_HEAD.unpack(await reader.readexactly(size))
                self.heard.append(kind)
                writer.write(struct.pack(">ii", 4, number))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def server(loser: EndTxnLoser) -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    loser.retarget(f"127.0.0.1:{listening.sockets[0].getsockname()[1]}")
    yield server
    listening.close()


@pytest.fixture
async def loser() -> AsyncIterator[EndTxnLoser]:
    with EndTxnLoser("", gap_s=0.0) as proxy:
        yield proxy


async def ask(loser: EndTxnLoser, *kinds: int) -> list[bytes | None]:
    """What requests on one new line are answered, in two pieces each; None is silence, nothing is a line that was cut."""
    host, _, port = loser.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    answers: list[bytes | None] = []
    for number, kind in enumerate(kinds):
        request = struct.pack(">i", REQUEST_HEAD.size) + REQUEST_HEAD.pack(kind, 0, number)
        for piece in (request[:3], request[3:]):
            writer.write(piece)
            await writer.drain()
        try:
            answers.append(await asyncio.wait_for(reader.read(64), SILENCE_S))
        except TimeoutError:
            answers.append(None)
    writer.close()
    return answers


def answer(number: int) -> bytes:
    return struct.pack(">ii", 4, number)


async def test_each_loss_is_what_it_says(loser: EndTxnLoser, server: Server) -> None:
    loser.losing = True
    for loss in Loss:
        server.heard.clear()
        first, lost = await ask(loser, FETCH, END_TXN)
        assert (first, lost) == (answer(0), None if "SILENT" in loss.name else b"")
        assert server.heard == HEARD[loss]
        assert loser.lost[loss] == 1


async def test_nothing_else_is_lost(loser: EndTxnLoser, server: Server) -> None:
    assert await ask(loser, END_TXN, FETCH) == [answer(0), answer(1)]
    loser.losing = True
    assert await ask(loser, FETCH, FETCH) == [answer(0), answer(1)]
    assert loser.lost.total() == 0
