"""What `make up` started, remembered in a folder, so that `make down` ends just that.

A process is known by its id and the tick it was started at: a number that Linux has handed on to another program is not ours any more.
"""

import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from deploy.local.process import POLL_SECONDS, STOP_SECONDS_MAX


@dataclass(frozen=True)
class Started:
    """A process of ours. `started_ticks`: Linux clock ticks from boot to its start; `address`: where it listens, empty if it does not."""

    name: str
    pid: int
    started_ticks: int
    address: str = ""

    @classmethod
    def now(cls, name: str, pid: int, address: str = "") -> Self:
        """Describe the process `pid`, which runs."""
        ticks = _started_ticks(pid)
        assert ticks is not None, f"{name} does not run"
        return cls(name, pid, ticks, address)

    @property
    def runs(self) -> bool:
        """Whether that very process still runs."""
        return _started_ticks(self.pid) == self.started_ticks

    def end(self) -> None:
        """End it with SIGTERM, after `STOP_SECONDS_MAX` with SIGKILL, and wait; nothing if it is gone."""
        deadline = time.monotonic() + STOP_SECONDS_MAX
        if self.runs:
            os.kill(self.pid, signal.SIGTERM)
        while self.runs:
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(POLL_SECONDS)


class State:
    """The processes that were started, a file `<name>.pid.json` each; where each last listened, in `<name>.address`, is kept when it was ended."""

    def __init__(self, folder: Path) -> None:
        """Open the state in `folder`, which may not exist yet."""
        self.folder = folder

    def add(self, started: Started) -> None:
        """Remember it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file(started.name).write_text(json.dumps(asdict(started)))
        self._address_file(started.name).write_text(started.address)

    def find(self, name: str) -> Started | None:
        """Return the process remembered under `name`, if it still runs."""
        started = self.remembered(name)
        return started if started and started.runs else None

    def remembered(self, name: str) -> Started | None:
        """Return the process that was started under `name` and not ended by us, whether it still runs or not."""
        file = self._file(name)
        return Started(**json.loads(file.read_text())) if file.exists() else None

    def listened_at(self, name: str) -> str | None:
        """Return where the process last started under `name` listened, though it was ended since."""
        file = self._address_file(name)
        return file.read_text() if file.exists() else None

    def end(self, name: str) -> bool:
        """End and forget it. Returns whether it ran."""
        started = self.find(name)
        if started:
            started.end()
        self._file(name).unlink(missing_ok=True)
        return started is not None

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.pid.json"

    def _address_file(self, name: str) -> Path:
        return self.folder / f"{name}.address"


def _started_ticks(pid: int) -> int | None:
    """Field 22 of /proc/<pid>/stat; none when there is no such process, or only the corpse (state Z) of one."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else int(fields[19])
