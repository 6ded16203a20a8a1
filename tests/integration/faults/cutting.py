"""Proxies before Kafka that watch for EndTxn, the request that ends a transaction: to make it fail, before Kafka hears it or after, with the line cut or
silent; or to let all answers be late from just then on.
"""

import asyncio
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum
from itertools import cycle

from tests.integration.faults.proxy import Proxy

END_TXN = 26
REQUEST_HEAD = struct.Struct(">hhi")
"""Kind, version and number of a request; its answer begins with the number."""


class Loss(Enum):
    """What happens to an EndTxn. The client asks again on a new line after a cut; of a silent line it learns nothing before its deadline."""

    CUT_BEFORE = "the line is cut, Kafka has not heard it"
    CUT_AFTER = "Kafka has done it, the line is cut before its answer"
    SILENT_BEFORE = "Kafka has not heard it, and the line is silent from then on"
    SILENT_AFTER = "Kafka has done it, and the line is silent from then on"


class Frames:
    """A stream of Kafka's frames: four bytes that say how many follow, and those."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The frames that are whole by now, without their sizes."""
        self._rest += chunk
        while len(self._rest) >= 4 and len(self._rest) >= (end := 4 + int.from_bytes(self._rest[:4], "big")):
            frame, self._rest = self._rest[4:end], self._rest[end:]
            yield frame


@dataclass
class Line:
    """What is known of one connection. `doomed`: requests whose answers will be lost."""

    requests: Frames = field(default_factory=Frames)
    answers: Frames = field(default_factory=Frames)
    doomed: dict[int, Loss] = field(default_factory=dict)
    is_silent: bool = False


LINE: ContextVar[Line] = ContextVar("line")


class Watching(Proxy):
    """Knows of each of its lines what came on it."""

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        LINE.set(Line())  # for both ways of this line, whose tasks inherit it
        await super()._serve(client, to_client)


class EndTxnDelayer(Watching):
    """Answers late from the moment in which a transaction is to end; `begun` is set from then on."""

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.begun = threading.Event()
        self._awaited: tuple[bytes, float] | None = None

    def delay_from_end_of(self, transactional_id: str, seconds: float) -> None:
        """From the next end of a transaction on whose id begins so, that end included, every answer comes so much later."""
        self.begun.clear()
        self._awaited = transactional_id.encode(), seconds

    async def on_request(self, chunk: bytes) -> bytes:
        for frame in LINE.get().requests.feed(chunk):
            if self._awaited and REQUEST_HEAD.unpack_from(frame)[0] == END_TXN and self._awaited[0] in frame:
                self.delay(self._awaited[1])  # before Kafka hears it, so before its answer is read
                self._awaited = None
                self.begun.set()
        return chunk


class EndTxnLoser(Watching):
    """Loses one EndTxn every `gap_s` while `losing`, each in the next way; `lost` counts them."""

    def __init__(self, target: str, gap_s: float) -> None:
        super().__init__(target)
        self.losing = False
        self.lost: Counter[Loss] = Counter()
        self._gap_s = gap_s
        self._lost_at_s = 0.0
        self._ways = cycle(Loss)

    async def on_request(self, chunk: bytes) -> bytes:
        line = LINE.get()
        for frame in line.requests.feed(chunk):
            kind, _, number = REQUEST_HEAD.unpack_from(frame)
            if kind == END_TXN and (loss := self._next_loss()):
                self._lose(line, number, loss)
        return b"" if line.is_silent else chunk

    async def on_answer(self, chunk: bytes) -> bytes:
        line = LINE.get()
        for frame in line.answers.feed(chunk):
            match line.doomed.pop(int.from_bytes(frame[:4], "big"), None):
                case Loss.CUT_AFTER:
                    raise ConnectionResetError
                case Loss.SILENT_AFTER:
                    line.is_silent = True
        return b"" if line.is_silent else chunk

    def _next_loss(self) -> Loss | None:
        now_s = self._loop.time()
        if not self.losing or now_s - self._lost_at_s < self._gap_s:
            return None
        self._lost_at_s = now_s
        return next(self._ways)

    def _lose(self, line: Line, number: int, loss: Loss) -> None:
        self.lost[loss] += 1
        if loss is Loss.CUT_BEFORE:
            raise ConnectionResetError
        if loss is Loss.SILENT_BEFORE:
            line.is_silent = True
        else:
            line.doomed[number] = loss
