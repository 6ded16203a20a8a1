"""What tells open pages that something has changed: server-sent events. One look at two counts a lane serves every page that is open in this process."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import structlog
from starlette.responses import Response, StreamingResponse

from services.console.domain import places
from services.console.web.room import Visit
from services.console.web.shelf import Shelf
from services.runtime.errors import Doubt

LOOK_S = 0.5
"""Between two looks."""

STREAM_S = 300.0
"""How long a stream lasts; the page then asks anew, so that whoever is logged out by then hears no more."""

BEAT_S = 15.0
"""How long a stream is silent at most, so that proxies keep it."""

log = structlog.get_logger(__name__)


class Live:
    """How many warnings and actions there have been, watched while somebody listens."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._changed = asyncio.Condition()
        self._seen: list[int] = []
        self._version = 0
        self._listeners = 0
        self._watching: asyncio.Task[None] | None = None

    async def stream(self, visit: Visit) -> Response:
        """The stream of one page. Its events hold nothing but a number that rises; the first comes at once."""
        headers: Mapping[str, str] = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self.events(), media_type="text/event-stream", headers=headers)

    async def close(self) -> None:
        """Watch no more, and let every stream end."""
        if self._watching is not None:
            self._watching.cancel()
        async with self._changed:
            self._version = -1
            self._changed.notify_all()

    async def events(self) -> AsyncIterator[bytes]:
        """What a stream tells, until it is time to ask anew."""
        self._listeners += 1
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())
        loop = asyncio.get_running_loop()
        until_s, known = loop.time() + STREAM_S, self._version
        try:
            yield b"retry: 1000\n\ndata: %d\n\n" % known  # or what came since the page, or the stream before, would never be told
            while loop.time() < until_s and self._version >= 0:
                if await self._wait(known):
                    known = self._version
                    yield b"data: %d\n\n" % known
                else:
                    yield b": beat\n\n"
        finally:
            self._listeners -= 1

    async def _wait(self, known: int) -> bool:
        """Whether something has changed since version `known`, within a beat."""
        try:
            async with asyncio.timeout(BEAT_S), self._changed:
                await self._changed.wait_for(lambda: self._version != known)
        except TimeoutError:
            return False
        return True

    async def _watch(self) -> None:
        """Look until nobody listens."""
        while self._listeners and self._version >= 0:
            try:
                await self._look()
            except Doubt as doubt:
                log.warning("live warnings wait", why=str(doubt))
            await asyncio.sleep(LOOK_S)

    async def _look(self) -> None:
        """Read how many warnings and actions there have been, two fields a lane."""
        rings = [places.ring(lane, name) for lane in self._shelf.lanes for name in ("warnings", "actions")]
        found = await self._shelf.read(dict.fromkeys(rings, ("count",)))
        seen = [found[ring].get("count", 0) for ring in rings]
        if seen != self._seen:
            self._seen = seen
            async with self._changed:
                self._version += 1
                self._changed.notify_all()
