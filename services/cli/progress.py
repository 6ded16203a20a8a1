"""Progress bars: on standard error, and only when somebody looks at it."""

import sys
from collections.abc import Iterator
from typing import BinaryIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

LINES_A_STEP = 200
"""How many lines pass before the bar moves."""


def progress() -> Progress:
    """A bar that leaves nothing behind, and shows nothing without a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())


def lines_of(file: BinaryIO, bytes_total: int | None, label: str) -> Iterator[bytes]:
    """The lines of `file`, while a bar tells how far they reach into its `bytes_total`."""
    with progress() as bar:
        task = bar.add_task(label, total=bytes_total)
        done = 0
        for number, line in enumerate(file):
            done += len(line)
            if number % LINES_A_STEP == 0:
                bar.update(task, completed=done)
            yield line
