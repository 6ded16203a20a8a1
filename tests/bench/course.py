"""Workers at tasks, one after the other on the same servers: what an event costs each, and how many each settles a second.

A worker is started, reads what must be known before, and is frozen while its task is laid before it: so what is measured begins with full topics and
a warm process, and ends when the last event's offset is committed.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple, TypeVar

from tests import clients
from tests.bench.expected import digest
from tests.bench.process import LOOK_S, Site, Subject, Worker
from tests.bench.workload import Event

T = TypeVar("T")

Events = Callable[[], Iterable[Event]]


class Task(NamedTuple):
    """Something to settle.

    Attributes:
        service: Whose consumer group settles it.
        before: What is read before the clock starts, topic by topic.
        topic, events: What is measured.
        output: Where the results are written.
        misplaced: Every measured record lies in a partition that is not its person's home.
    """

    service: str
    before: Sequence[tuple[str, Events]]
    topic: str
    events: Events
    output: str
    misplaced: bool = False


class Run(NamedTuple):
    """What workers did with one task; `digest` tells what they wrote."""

    events: int
    seconds: float
    cpu_s: float
    digest: str

    @property
    def cpu_us(self) -> float:
        """Processor microseconds an event, of all the workers together."""
        return 1e6 * self.cpu_s / self.events

    @property
    def per_second(self) -> float:
        """Events a second by the clock."""
        return self.events / self.seconds


class Course:
    """The servers that the runs share, and prefixes that none of them shares."""

    def __init__(self, bootstrap: str, redis_url: str, folder: Path, variables: Mapping[str, str] | None = None) -> None:
        """`variables` say how workers reach the servers, where not by the addresses by which the measuring reaches them."""
        self._bootstrap = bootstrap
        self._redis_url = redis_url
        self.folder = folder
        self._variables = variables or {}
        self._sites = 0

    def site(self, partitions: int = 4) -> Site:
        """Topics of a new run; Redis is empty."""
        self._sites += 1
        with clients.redis_at(self._redis_url) as client:
            client.flushdb()
        prefix = f"bench-{time.monotonic_ns()}-{self._sites}."
        return Site(self._bootstrap, self._redis_url, prefix, self.folder, partitions, self._variables)

    def run(
        self, subject: Subject, task: Task, *, workers: int = 1, partitions: int = 4, after: Callable[[Site, Worker], None] | None = None
    ) -> Run:
        """Let so many of `subject` settle a task together; `after` looks at the first of them when it is done."""
        with self.site(partitions) as site:
            crew = [Worker(subject, site) for _ in range(workers)]
            try:
                run = _settle(site, crew, task)
                if after:
                    after(site, crew[0])
                return run
            finally:
                for worker in crew:
                    worker.stop()


def _settle(site: Site, crew: Sequence[Worker], task: Task) -> Run:
    for topic, events in task.before:
        site.lay(topic, events())
    for worker in crew:
        worker.wait_until_ready()
    for topic, _ in task.before:
        site.wait_until_read(task.service, topic)
    for worker in crew:
        worker.freeze()
    count = site.lay(task.topic, task.events(), 1 if task.misplaced else 0)
    used_s, began_s = sum(worker.cpu_s for worker in crew), time.monotonic()
    for worker in crew:
        worker.thaw()
    site.wait_until_read(task.service, task.topic)
    while task.misplaced and not site.is_at_rest(task.service):
        time.sleep(LOOK_S)
    seconds, cpu_s = time.monotonic() - began_s, sum(worker.cpu_s for worker in crew) - used_s
    return Run(count, seconds, cpu_s, digest(value for _, value in site.values(task.output) if value))


def in_turn(rounds: int, runs: Mapping[str, Callable[[], T]]) -> dict[str, list[T]]:
    """Each of `runs`, by its name, once a round: what slows the machine for a while slows all of them."""
    done: dict[str, list[T]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            done[name].append(run())
    return done


def median_of(runs: Iterable[Run], figure: Callable[[Run], float]) -> float:
    """The median of a figure of several runs."""
    return median(map(figure, runs))
