"""A service's process that fails by itself at one exact place: `python -m tests.integration.faults.failing SERVICE PLACE:ACTION:COUNT`.

PLACE, each time a batch comes there: `booked` (claim keys are booked, nothing is sent), `sent` (its results lie in an open transaction), `apply` (its
transaction is committed, what it changes in the view is not written). ACTION at the COUNT-th time: `kill` (SIGKILL), `freeze` (SIGSTOP, until somebody
continues it), `wait` (until the file named by MEDAID_TEST_HOLD is gone). Or `committed:stale:COUNT`: the first COUNT answers about committed offsets are
zero, as from a coordinator that is behind. All else is the service's own.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from schemas.catalogue import RESULTS
from services.cli import main
from services.runtime.kafka import AioKafkaBroker
from services.runtime.kafka.writer import KafkaWriter
from services.runtime.redis_view import RedisView

HOLD_POLL_S = 0.02
_countdown = 0


async def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def freeze() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


async def wait() -> None:
    hold = Path(os.environ["MEDAID_TEST_HOLD"])
    hold.with_suffix(".reached").touch()
    while hold.exists():  # noqa: ASYNC110, ASYNC240  # another process takes it away
        await asyncio.sleep(HOLD_POLL_S)


def fail_at(place: str, action: Callable[[], Awaitable[None]], count: int) -> None:
    """Put `action` before or after the call that `place` names."""
    global _countdown
    _countdown = count

    async def passed() -> None:
        global _countdown
        _countdown -= 1
        if _countdown == 0:
            await action()

    if place == "booked":
        after(RedisView, "load", passed, lambda _view, _lane, _at, want: bool(want.bookings))
    elif place == "sent":
        after(KafkaWriter, "_write", passed, lambda _writer, outputs, _offsets: any(output.topic == RESULTS for output in outputs))
    elif place == "apply":
        before(RedisView, "apply", passed, lambda _view, _lane, _at, _to, writes, healed_in=None: not healed_in and bool(writes.documents))
    else:
        raise SystemExit(f"{place}: booked, sent or apply")


def before(kind: type, name: str, happening: Callable[[], Awaitable[None]], matters: Callable[..., bool]) -> None:
    original = getattr(kind, name)

    async def wrapped(*arguments: Any, **more: Any) -> Any:
        if matters(*arguments, **more):
            await happening()
        return await original(*arguments, **more)

    setattr(kind, name, wrapped)


def after(kind: type, name: str, happening: Callable[[], Awaitable[None]], matters: Callable[..., bool]) -> None:
    original = getattr(kind, name)

    async def wrapped(*arguments: Any, **more: Any) -> Any:
        answer = await original(*arguments, **more)
        if matters(*arguments, **more):
            await happening()
        return answer

    setattr(kind, name, wrapped)


def answer_stale(count: int) -> None:
    """Let the first `count` questions about committed offsets be answered with zero."""
    original, left = AioKafkaBroker.committed, [count]

    async def committed(self: AioKafkaBroker, partitions: Any) -> Any:
        offsets = await original(self, partitions)
        if left[0] <= 0:
            return offsets
        left[0] -= 1
        return dict.fromkeys(offsets, 0)

    AioKafkaBroker.committed = committed  # type: ignore[method-assign]


if __name__ == "__main__":
    service, fault = sys.argv[1:]
    place, action, count = fault.split(":")
    if place == "committed":
        answer_stale(int(count))
    else:
        fail_at(place, {"kill": kill, "freeze": freeze, "wait": wait}[action], int(count))
    main(["run", service])
