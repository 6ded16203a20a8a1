"""Several workers at the same work, in turn, round after round: what a claim costs each, and how many each settles a second.

A worker is started, reads the timelines, and is frozen while the claims are laid before it: so what is measured begins with full topics and a warm
process, and ends when the last claim's offset is committed.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import redis

from schemas.catalogue import CLAIMS, RESULTS, TIMELINES
from tests.bench.process import Site, Subject, Worker, module, ours
from tests.bench.workload import Workload
from tests.integration.topics import PARTITIONS

SETTLEMENT, FLOOR, QUIX = ours("settlement"), module("floor"), module("quix")


class Run(NamedTuple):
    """What one worker did with one workload."""

    claims: int
    seconds: float
    cpu_s: float
    results: int

    @property
    def cpu_us_a_claim(self) -> float:
        """Processor microseconds a claim."""
        return 1e6 * self.cpu_s / self.claims

    @property
    def claims_a_second(self) -> float:
        """By the clock."""
        return self.claims / self.seconds


class Course:
    """The servers that the runs share, and prefixes that none of them shares."""

    def __init__(self, bootstrap: str, redis_url: str, folder: Path) -> None:
        self._bootstrap = bootstrap
        self._redis_url = redis_url
        self._folder = folder
        self._runs = 0

    def site(self) -> Site:
        """Topics of a new run; Redis is empty."""
        self._runs += 1
        with redis.Redis.from_url(self._redis_url) as client:
            client.flushall()
        return Site(self._bootstrap, self._redis_url, f"bench{self._runs}.", self._folder)

    def run(self, subject: Subject, work: Workload, misplaced: bool = False) -> Run:
        """Let `subject` settle `work`; `misplaced`: every record lies in a partition that is not its person's home."""
        site = self.site()
        try:
            with Worker(subject, site) as worker:
                return _settle(site, worker, work, misplaced)
        finally:
            site.delete()


def _settle(site: Site, worker: Worker, work: Workload, misplaced: bool) -> Run:
    site.lay(TIMELINES, work.timelines())
    if worker.subject != QUIX:
        worker.wait_until_ready()
    site.wait_until_read("settlement", TIMELINES)
    worker.freeze()
    count = site.lay(CLAIMS, work.bills(), away_from_home if misplaced else None)
    used_s, began_s = worker.cpu_s, time.monotonic()
    worker.thaw()
    site.wait_until_read("settlement", CLAIMS)
    if misplaced:
        site.wait_until_read("settlement", "settlement.rerouted.v1")
    return Run(count, time.monotonic() - began_s, worker.cpu_s - used_s, sum(1 for _ in site.values(RESULTS)))


def away_from_home(person: str) -> int:
    """A partition that is not the home of `person`."""
    from services.runtime.home import home_of

    return (home_of(person, PARTITIONS) + 1) % PARTITIONS


def race(course: Course, subjects: Sequence[Subject], work: Workload, rounds: int) -> dict[str, list[Run]]:
    """Every subject's runs, taken in turn."""
    runs: dict[str, list[Run]] = {subject.name: [] for subject in subjects}
    for _ in range(rounds):
        for subject in subjects:
            runs[subject.name].append(course.run(subject, work))
    return runs


def median_of(runs: Sequence[Run], figure: str) -> float:
    """The median of a figure of several runs."""
    return median(getattr(run, figure) for run in runs)
