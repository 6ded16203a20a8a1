"""`medaid replay` of a file, against a bare loop over the same lines."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from schemas.catalogue import RESULTS
from tests.bench.expected import digest, topic_of
from tests.bench.process import LOOK_S
from tests.bench.workload import Workload
from tests.integration.pipeline import MEDAID, ROOT


class Spent(NamedTuple):
    """What a command took."""

    lines: int
    seconds: float
    cpu_s: float
    peak_bytes: int

    @property
    def cpu_us(self) -> float:
        """Processor microseconds a line."""
        return 1e6 * self.cpu_s / self.lines


def file_of(work: Workload, path: Path) -> Path:
    """A workload as a file."""
    with path.open("wb") as out:
        out.writelines(line + b"\n" for line in work.lines())
    return path


def replay(path: Path) -> Spent:
    """Let `medaid replay` settle the file; what comes of it lies beside."""
    return _spent(path, [MEDAID, "replay", str(path)])


def bare(path: Path) -> Spent:
    """Let the bare loop go over the file."""
    return _spent(path, [sys.executable, "-m", "tests.bench.bare", str(path)])


def results_digest(path: Path) -> str:
    """What the last command that went over the file wrote of results."""
    with path.with_suffix(".out").open("rb") as lines:
        return digest(line[:-1] for line in lines if topic_of(line) == RESULTS)


def _spent(path: Path, command: Sequence[str]) -> Spent:
    with path.open("rb") as lines:
        count = sum(1 for _ in lines)
    began_s = time.monotonic()
    with path.with_suffix(".out").open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.DEVNULL)
        peak_bytes = 0
        while True:
            peak_bytes = max(peak_bytes, _peak_bytes(process.pid))
            ended, status, used = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            time.sleep(LOOK_S)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return Spent(count, time.monotonic() - began_s, used.ru_utime + used.ru_stime, peak_bytes)


def _peak_bytes(pid: int) -> int:
    """The largest resident set so far of a process that has not been waited for; 0 once it has ended. (What wait4 tells counts the parent in.)"""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)
