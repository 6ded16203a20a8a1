"""A worker as a process on servers of the benchmark's own: started, frozen while its work is laid before it, and asked for what it used."""

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from confluent_kafka import KafkaException, TopicPartition

from services.runtime.home import home_of
from tests import clients
from tests.integration.pipeline import MEDAID, ROOT
from tests.integration.topics import Topics

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
LOOK_S = 0.05
WAIT_S_MAX = 600.0
ESTABLISHED = "01"
"""As /proc/net/tcp has it."""


class Subject(NamedTuple):
    """Something that settles: what the report calls it, and its command. Ours tell when they are ready."""

    name: str
    command: tuple[str, ...]
    is_ours: bool = True


class Site(Topics):
    """The topics of one run, under a prefix of its own; gone when it is left."""

    def __init__(
        self, bootstrap: str, redis_url: str, prefix: str, folder: Path, partitions: int, variables: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(bootstrap, prefix, partitions)
        self.folder = folder
        self.environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "REDIS_URL": redis_url,
            "MEDAID_PREFIX": prefix,
            "MEDAID_PARTITIONS": str(partitions),
            "MEDAID_SESSION_MS": "60000",
            "MEDAID_BENCH_FOLDER": str(folder),
            **(variables or {}),
        }
        subprocess.run([MEDAID, "topics", "create"], env=self.environment, check=True, capture_output=True, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.delete()

    def lay(self, topic: str, events: Iterable[tuple[str, bytes]], aside: int = 0) -> int:
        """Publish events to the homes of their persons, or so many partitions aside of them; how many they were."""
        producer = clients.producer(self.bootstrap, {"linger.ms": 50, "queue.buffering.max.messages": 1_000_000})
        count = 0
        for person, value in events:
            while True:
                try:
                    producer.produce(self.prefix + topic, value, person, self.home(person, aside))
                    break
                except BufferError:
                    producer.poll(0.1)
            count += 1
        assert producer.flush(120) == 0
        return count

    def home(self, person: str, aside: int = 0) -> int:
        """The partition of a person, or one so many aside of it."""
        return (home_of(person, self.partitions) + aside) % self.partitions

    def wait_until_read(self, group: str, topic: str) -> None:
        """Return when a group has committed all that lies in a topic."""
        consumer = clients.consumer(self.bootstrap, {"group.id": self.prefix + group})
        ends = {number: end for (_, number), end in self.ends([topic]).items()}
        asked = [TopicPartition(self.prefix + topic, number) for number in range(self.partitions)]
        until = time.monotonic() + WAIT_S_MAX
        try:
            while True:
                try:
                    reached = consumer.committed(asked, timeout=10)
                except KafkaException:  # a coordinator that is just being found
                    reached = []
                if reached and all(place.offset >= ends[place.partition] or not ends[place.partition] for place in reached):
                    return
                assert time.monotonic() < until, f"{group} has not read {topic}: {reached} of {ends}"
                time.sleep(LOOK_S)
        finally:
            consumer.close()


class Worker:
    """One process at work on a site."""

    def __init__(self, subject: Subject, site: Site, **settings: str) -> None:
        self.subject = subject
        self._log = site.folder / f"{subject.name.replace(' ', '-')}-{time.monotonic_ns()}.log"
        environment: Mapping[str, str] = {**site.environment, **settings}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(subject.command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    def stop(self) -> None:
        """Let it end, also if it is frozen."""
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def freeze(self) -> None:
        """Let it stand still."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    @property
    def cpu_s(self) -> float:
        """Processor seconds used so far, in user and kernel mode, of all its threads."""
        assert self._process.poll() is None, self._log.read_text("utf-8")[-2_000:]
        fields = Path(f"/proc/{self._process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND

    @property
    def peers(self) -> set[int]:
        """The ports that it is connected to just now."""
        of_process = Path("/proc", str(self._process.pid))
        held = {os.readlink(link) for link in (of_process / "fd").iterdir() if link.is_symlink()}
        rows = [line.split() for line in (of_process / "net/tcp").read_text("ascii").splitlines()[1:]]
        return {int(row[2].rpartition(":")[2], 16) for row in rows if row[3] == ESTABLISHED and f"socket:[{row[9]}]" in held}

    @property
    def lanes_taken(self) -> int:
        """How often it has taken a lane so far, each time after healing what was to be healed."""
        return self._log.read_bytes().count(b'"lane taken"')

    def wait_until_ready(self) -> None:
        """Return when it says of itself that it settles what comes; the rival cannot say."""
        if not self.subject.is_ours:
            return
        until = time.monotonic() + WAIT_S_MAX
        while not self._is_ready():
            assert self._process.poll() is None, self._log.read_text("utf-8")[-2_000:]
            assert time.monotonic() < until, "not ready"
            time.sleep(LOOK_S)

    def _is_ready(self) -> bool:
        served = [line for line in self._log.read_bytes().splitlines() if b"health and metrics served" in line]
        if not served:
            return False
        port = int(served[-1].split(b'"port": ')[1].split(b",")[0].rstrip(b"}"))
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except urllib.error.URLError:
            return False
