"""A TCP forwarder between clients and a server: its target can be switched, answers delayed, lines cut.

It runs in a thread of its own. What a direction carries passes through `on_request` and `on_answer`, which whoever needs more overrides; they are called
in that thread and may await: nothing overtakes them on their line.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

from deploy.local.process import HOST, free_port

CHUNK_BYTES = 1 << 16
CHUNKS_MAX = 1_000
"""So many chunks of a direction may wait for their time; then nothing more is read."""

CALL_S_MAX = 10.0
T = TypeVar("T")


class Proxy:
    """Forwards what comes to `address` to a target; both are host:port."""

    def __init__(self, target: str, port: int | None = None) -> None:
        """Listen at once, on `port` or on a free one; every new line goes to `target`."""
        port = port or free_port()
        self.address = f"{HOST}:{port}"
        self._target = target
        self._delay_s = 0.0
        self._lines: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy of {target}", daemon=True)
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._serve, HOST, port))

    def retarget(self, target: str) -> None:
        """New lines go there from now on; those that are open stay (see `cut`)."""
        self._target = target

    def delay(self, seconds: float) -> None:
        """From now on every answer comes so much later."""
        self._delay_s = seconds

    def cut(self) -> int:
        """Cut all lines, whatever they carry; clients may come again. How many they were."""

        async def cut() -> int:
            lines = set(self._lines)
            for line in lines:
                line.cancel()
            await asyncio.gather(*lines, return_exceptions=True)
            return len(lines)

        return self._call(cut())

    def close(self) -> None:
        """Listen no more, and cut all lines."""
        self._loop.call_soon_threadsafe(self._server.close)
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CALL_S_MAX)

    async def on_request(self, chunk: bytes) -> bytes:
        """What is passed on to the server instead of `chunk`."""
        return chunk

    async def on_answer(self, chunk: bytes) -> bytes:
        """What is passed on to the client instead of `chunk`."""
        return chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _call(self, question: Coroutine[Any, Any, T]) -> T:
        """What the thread answers."""
        return asyncio.run_coroutine_threadsafe(question, self._loop).result(CALL_S_MAX)

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """One line, until one end closes it or it is cut."""
        line = asyncio.current_task()
        assert line is not None
        self._lines.add(line)
        writers = [to_client]
        ways: list[asyncio.Task[None]] = []
        try:
            host, _, port = self._target.rpartition(":")
            server, to_server = await asyncio.open_connection(host, int(port))
            writers.append(to_server)
            ways.append(asyncio.create_task(_forward(client, to_server, self.on_request, lambda: 0.0)))
            ways.append(asyncio.create_task(_forward(server, to_client, self.on_answer, lambda: self._delay_s)))
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        except OSError:
            pass  # the target is away: the client learns it by the end of its line
        except asyncio.CancelledError:  # cut: what is on its way is lost
            for writer in writers:
                writer.transport.abort()
        finally:
            for way in ways:
                way.cancel()
            for writer in writers:
                writer.close()
            self._lines.discard(line)


async def _forward(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, change: Callable[[bytes], Awaitable[bytes]], delay_s: Callable[[], float]
) -> None:
    """Pass on what comes, each chunk after its delay and none before an earlier one; return when either end has closed."""
    clock = asyncio.get_running_loop().time
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(CHUNKS_MAX)

    async def take_in() -> None:
        with suppress(OSError):
            while chunk := await reader.read(CHUNK_BYTES):
                await waiting.put((clock() + delay_s(), chunk))
        await waiting.put((clock() + delay_s(), b""))

    taking = asyncio.create_task(take_in())
    try:
        with suppress(OSError):
            while True:
                due, chunk = await waiting.get()
                await asyncio.sleep(due - clock())
                if not chunk:
                    return
                writer.write(await change(chunk))
                await writer.drain()
    finally:
        taking.cancel()
