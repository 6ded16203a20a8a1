"""A server as a process of ours: started in a folder of its own on a port of its own, waited for, stopped, killed, started again.

Promise: after `start` it answers; `stop` and `kill` return when it is gone; `restart` keeps port and data. A server that is `tied` never
outlives the process that started it, however that one ends. Not here: what a Kafka or a Redis is (`kafka`, `redis`).
"""

import random
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.errors import Failed

HOST = "127.0.0.1"
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 30.0
POLL_SECONDS = 0.05
LOG_LINES_MAX = 5
STARTS_MAX = 3
# Below the ports that Linux hands to clients (32768 on): a client that keeps dialling a stopped server's port there may at last
# connect to itself, and the server could never have its port back.
PORTS = range(15_000, 32_000)
PORTS_TRIED_MAX = 100
# Linux ends a tied process with the *thread* that started it; this one lives as long as the interpreter, callers' threads may not.
_STARTER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="servers")


def is_free(port: int) -> bool:
    """Whether nobody listens on `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_port(preferred: int | None = None) -> int:
    """Return `preferred` if nobody listens there, else a free port, by chance, so that parallel callers hardly meet.

    Raises:
        Failed: none was found.
    """
    wanted = [preferred] if preferred else []
    for port in [*wanted, *random.sample(PORTS, k=PORTS_TRIED_MAX)]:
        if is_free(port):
            return port
    raise Failed(f"no free port between {PORTS.start} and {PORTS.stop}")


def ask(address: tuple[str, int], question: bytes, *, answer_bytes_max: int = 64) -> bytes:
    """Return the first bytes that `address` answers to `question`; none when it is not there or silent."""
    try:
        with socket.create_connection(address, timeout=2) as line:
            line.sendall(question)
            return line.recv(answer_bytes_max)
    except OSError:
        return b""


class Server(ABC):
    """One server process. `folder` holds its data, settings and log; `port` is asked for once and kept."""

    name: str

    def __init__(self, folder: Path, *, port: int | None = None, tied: bool = True) -> None:
        """Describe a server; nothing is started or written yet. `port`: taken if it is free, else any."""
        self.folder = folder.resolve()
        self.log = self.folder / f"{self.name}.log"
        self._preferred = port
        self._port: int | None = None
        self._tied = tied
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """The port it listens on, kept from the first start on."""
        if self._port is None:
            self._port = free_port(self._preferred)
        return self._port

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start it and wait until it answers; on a new port while another program snatches the one chosen.

        Raises:
            Unobtainable: a program that it needs is missing.
            Failed: it ended, did not answer in `START_SECONDS_MAX`, or its port from before has been taken by another.
        """
        if self.pid:
            return
        fixed = self._port is not None
        if not is_free(self.port):  # else whoever listens there would answer for it
            raise Failed(f"{self.name} cannot have its port {self.port} back: another program listens there")
        for tries_left in reversed(range(1 if fixed else STARTS_MAX)):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._spawn(self._command())
            try:
                return self._wait()
            except BaseException as error:
                self.kill()
                if not (isinstance(error, Failed) and tries_left):
                    raise
                self._forget_ports()

    def stop(self) -> None:
        """End it as an operator would (SIGTERM) and wait; killed after `STOP_SECONDS_MAX`."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def kill(self) -> None:
        """End it at once, as a crash would (SIGKILL), and wait."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self, *, empty: bool = False) -> None:
        """Stop it if it runs and start it again on its port, with its data, or without any (`empty`)."""
        self.stop()
        if empty:
            shutil.rmtree(self.folder)
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    @abstractmethod
    def address(self) -> str:
        """Where clients find it, as the environment variable for it takes it."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it answers a first question."""

    @abstractmethod
    def _command(self) -> Sequence[str]:
        """Write settings, prepare the folder, return what to run."""

    def _forget_ports(self) -> None:
        self._port = None

    def _spawn(self, command: Sequence[str]) -> None:
        setpriv = shutil.which("setpriv") if self._tied else None
        tie = [setpriv, "--pdeathsig", "TERM"] if setpriv else []
        with self.log.open("ab") as log:
            self._process = _STARTER.submit(
                subprocess.Popen,
                [*tie, *command],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=not self._tied,
            ).result()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while self.pid:
            if self.answers():
                return
            if time.monotonic() > deadline:
                raise Failed(f"{self.name} does not answer after {START_SECONDS_MAX:.0f} s; its log: {self.log}")
            time.sleep(POLL_SECONDS)
        tail = " / ".join(self.log.read_text(errors="replace").splitlines()[-LOG_LINES_MAX:])
        raise Failed(f"{self.name} ended while starting; its log {self.log} ends: {tail}")
