"""The transactions of one lane, one after the other, by the writer that it fenced its former owner with."""

from collections.abc import Sequence

from services.runtime.clock import Clock
from services.runtime.ports import Writer
from services.runtime.records import Offsets, Output

COMMIT_GAP_S = 0.004
"""Between a commit and the lane's next send; earlier, the broker answers CONCURRENT_TRANSACTIONS and the client sleeps 20 ms."""


class Transactions:
    """Of one lane.

    Attributes:
        took_s: How long the last one took, seconds.
        writer: The one in hand, or None.
    """

    def __init__(self, clock: Clock) -> None:
        self.took_s = 0.0
        self._clock = clock
        self.writer: Writer | None = None
        self._sent_at_s = 0.0

    def begin(self, writer: Writer) -> None:
        """From now on by `writer`."""
        self.writer = writer

    async def commit(self, outputs: Sequence[Output], offsets: Offsets) -> Offsets:
        """As the writer does, once the last one is far enough behind. Raises: Doubt."""
        assert self.writer is not None, "a lane is taken before its first batch"
        if (wait_s := self._sent_at_s + COMMIT_GAP_S - self._clock.monotonic()) > 0:
            await self._clock.sleep(wait_s)
        begun_s = self._clock.monotonic()
        written = await self.writer.commit(outputs, offsets)
        self._sent_at_s = self._clock.monotonic()
        self.took_s = self._sent_at_s - begun_s
        return written

    async def end(self) -> None:
        """Let the writer go. Whatever it had open is aborted by the next owner's fence."""
        if self.writer is not None:
            writer, self.writer = self.writer, None
            await writer.close()
