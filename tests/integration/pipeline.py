"""The three services as processes on a real Kafka and Redis, started, stopped, killed and frozen by name."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path

import orjson
from confluent_kafka import KafkaError, KafkaException

from tests.integration.topics import Event, TooSlow, Topics

MEDAID = str(Path(sys.executable).with_name("medaid"))
ROOT = Path(__file__).parents[2]
LOADING = {
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError._TIMED_OUT,
}
"""What a broker says that has just come up."""


class Pipeline(Topics):
    """Processes of the services, started and killed by name, e.g. `settlement-1`."""

    def __init__(self, bootstrap: str, redis_url: str, prefix: str, logs: Path, **settings: str) -> None:
        """`settings` are variables of the processes' environment."""
        super().__init__(bootstrap, prefix)
        self._logs = logs
        self.environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "REDIS_URL": redis_url,
            "MEDAID_PREFIX": prefix,
            "MEDAID_SESSION_MS": "6000",
            "MEDAID_HEARTBEAT_MS": "500",
            **settings,
        }
        self.own: dict[str, dict[str, str]] = {}
        """Variables of one service's processes alone."""
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._starts: dict[int, int] = {}
        """Process id to where its part of the log begins."""

    def create_topics(self, code: Path | None = None) -> None:
        """As an operator does, with the usual deadline, not the short one that tests of a Kafka that hangs give their processes."""
        usual = {name: value for name, value in self._environment_of(code).items() if name != "MEDAID_KAFKA_DEADLINE_MS"}
        command = [*command_of(code), "topics", "create"]
        done = subprocess.run(command, cwd=code or ROOT, env=usual, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr[-1_000:]

    def verify(self, code: Path | None = None) -> None:
        """`medaid ledger verify` finds no difference, by this version or by the one whose code lies in a folder."""
        done = subprocess.run(
            [*command_of(code), "ledger", "verify"],
            cwd=code or ROOT,
            env=self._environment_of(code),
            capture_output=True,
            text=True,
            timeout=3_600,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-1_000:]

    def rebuild(self, service: str) -> None:
        """`medaid ledger rebuild` of a service's view, while it may run."""
        command = [MEDAID, "ledger", "rebuild", "--service", service]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr[-1_000:]

    def start(self, name: str, *, fails: str = "", code: Path | None = None) -> None:
        """Start a process of the service that `name` begins with.

        `fails` is where it is to fail by itself (`faults/failing.py`), `code` the folder of another version's code.
        """
        service = name.partition("-")[0]
        failing = [sys.executable, "-m", "tests.integration.faults.failing", service, fails]
        command = failing if fails else [*command_of(code), "run", service]
        with (self._logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=code or ROOT, env=self._environment_of(code) | self.own.get(service, {}), stderr=log, stdout=log
            )
            self._running[name] = process
            self._starts[process.pid] = log.tell()

    def _environment_of(self, code: Path | None) -> dict[str, str]:
        """What a process is given; another version's code comes before ours."""
        return self.environment | ({"PYTHONPATH": str(code)} if code else {})

    def send(self, name: str, sign: signal.Signals) -> None:
        """Send a signal to a process that must be alive."""
        assert self._running[name].poll() is None, f"{name} had ended by itself: {self.log(name)}"
        self._running[name].send_signal(sign)

    def kill(self, name: str) -> None:
        """kill -9."""
        self.send(name, signal.SIGKILL)
        self._running.pop(name).wait()

    def end(self, name: str) -> int:
        """SIGTERM to one, and its exit status."""
        self.send(name, signal.SIGTERM)
        return self._running.pop(name).wait(timeout=60)

    def ended(self, name: str) -> int:
        """The exit status of one that ends by itself."""
        return self._running.pop(name).wait(timeout=60)

    def is_up(self, name: str) -> bool:
        """Whether a process has come so far that SIGTERM ends it well."""
        told = (self._logs / f"{name}.log").read_bytes()[self._starts[self._running[name].pid] :]
        return b"health and metrics served" in told

    def died(self, name: str) -> bool:
        """Whether a process that was to fail by itself has done so; then it is forgotten."""
        if self._running[name].poll() is None:
            return False
        assert self._running.pop(name).returncode == -signal.SIGKILL, self.log(name)
        return True

    def status(self, name: str) -> int | None:
        """The exit status of a process that has ended by itself; None while it runs."""
        return self._running[name].poll()

    def forget(self, name: str) -> int:
        """The exit status of a process that has ended by itself, of which nothing is expected any more."""
        return self._running.pop(name).wait(timeout=0)

    def pid(self, name: str) -> int:
        """The process id."""
        return self._running[name].pid

    def stop(self) -> dict[str, int]:
        """SIGTERM to all; their exit statuses."""
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        statuses = {name: process.wait(timeout=60) for name, process in self._running.items()}
        self._running.clear()
        return statuses

    def abandon(self) -> None:
        """Whatever still runs ends now."""
        for process in self._running.values():
            process.kill()
            process.wait()

    def told(self, event: str, name: str = "*-*") -> list[Event]:
        """What all processes, or those of one name, have told of one event."""
        lines = (line for path in sorted(self._logs.glob(f"{name}.log")) for line in path.read_bytes().splitlines())
        return [found for line in lines if event.encode() in line and (found := orjson.loads(line))["event"] == event]

    def log(self, name: str) -> str:
        """The end of what a process told."""
        return (self._logs / f"{name}.log").read_text("utf-8", errors="replace")[-3_000:]

    def wait_for_deaths(self, names: Collection[str], seconds_max: float) -> None:
        """Until each of `names` has failed by itself, as it was told to."""
        left = set(names)

        def are_dead() -> bool:
            left.difference_update([name for name in left if self.died(name)])
            return not left

        self.wait(are_dead, seconds_max, dying=left)

    def wait(self, condition: Callable[[], bool], seconds_max: float, *, dying: Collection[str] = ()) -> None:
        """Until `condition` holds; nobody may end meanwhile but those `dying`.

        Raises:
            TooSlow: Not in time, but all lanes that are behind move on.
            AssertionError: Not in time, and it never will; or somebody has ended. With what the processes told.
        """
        until = time.monotonic() + seconds_max
        while not _holds(condition):
            for name, process in self._running.items():
                assert name in dying or process.poll() is None, f"{name} ended with {process.returncode}: {self.log(name)}"
            if time.monotonic() > until:
                told = "\n".join(f"== {name}\n{self.log(name)}" for name in self._running)
                if self.is_moving({name.partition("-")[0] for name in self._running}):
                    raise TooSlow(told)
                raise AssertionError(f"still not after {seconds_max} s, and nothing moves:\n{told}")
            time.sleep(0.5)


def command_of(code: Path | None) -> list[str]:
    """`medaid`, of this version or of the one whose code lies in a folder."""
    return [sys.executable, "-m", "services.cli"] if code else [MEDAID]


def _holds(condition: Callable[[], bool]) -> bool:
    """Whether `condition` holds; not while a broker that has just come up answers that it is still loading."""
    try:
        return condition()
    except KafkaException as error:
        if error.args[0].retriable() or error.args[0].code() in LOADING:
            return False
        raise
