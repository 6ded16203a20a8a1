"""Work done side by side in forked processes, which have all that the parent had made before: compiled policies, open files.

Promise: what one raises ends the others and is raised here; none outlives whoever asked, and one that dies without a word is told. A single job is done in
this process.
"""

import gc
import os
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import Any, Final, TypeVar

T = TypeVar("T")
Tell = Callable[[int], None]
Job = Callable[[Tell], T]
"""Work that tells how far it has come since it last did."""

JOBS_MAX: Final = 8
GC_THRESHOLDS: Final = (50_000, 20, 50)
"""Of a process that settles: each claim makes many objects and no cycles."""


class Lost(Exception):
    """A process ended without a word, as one does that the system killed."""


def jobs_here() -> int:
    """How many processes this machine has processors for."""
    return max(1, min(len(os.sched_getaffinity(0)), JOBS_MAX))


def done_together(jobs: Sequence[Job[T]], tell: Tell) -> list[T]:
    """What the jobs come to, in their order.

    Raises:
        Lost: One of the processes died.
        Exception: Whatever a job raised.
    """
    if len(jobs) == 1:
        return [jobs[0](tell)]
    context = get_context("fork")
    found: list[Any] = [None] * len(jobs)
    working: dict[Connection, tuple[int, ForkProcess]] = {}
    try:
        for number, job in enumerate(jobs):
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(job, theirs), daemon=True)
            process.start()
            theirs.close()
            working[ours] = (number, process)
        while working:
            for ready in wait(list(working)):
                _hear(working, ready, found, tell)
    finally:
        for _, process in working.values():
            process.terminate()
            process.join()
    return found


def _hear(working: dict[Connection, tuple[int, ForkProcess]], ready: Any, found: list[Any], tell: Tell) -> None:
    number, process = working[ready]
    try:
        kind, value = ready.recv()
    except EOFError:
        process.join()
        raise Lost(f"a process that settled ended with status {process.exitcode}; is there memory enough?") from None
    if kind == "step":
        return tell(value)
    if kind == "raised":
        raise value
    found[number] = value
    del working[ready]
    process.join()
    ready.close()


def _work(job: Job[Any], parent: Connection) -> None:
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    try:
        result = job(lambda steps: parent.send(("step", steps)))
    except Exception as error:
        parent.send(("raised", error))
    except KeyboardInterrupt:
        return
    else:
        parent.send(("done", result))
