"""The rules alone, called as a library: what a claim costs under each city's policy, and a year settled anew."""

import gc
import time
from collections.abc import Callable, Sequence
from datetime import date
from statistics import median
from typing import Any, NamedTuple

from schemas.catalogue import CLAIM_TYPES, TIMELINES, TYPES_BY_TOPIC
from schemas.envelope import read_event
from schemas.hospital import ClaimSubmitted
from services.policy.adjudicate import Settlement, adjudicate, settle
from services.policy.entitlement import Status, status_of
from services.policy.library import Policies, load_policies
from services.policy.loader import Policy
from services.policy.result import Revision, figures_data
from services.settlement.domain import year_of
from services.settlement.handlers.years import result
from tests.bench.expected import digest
from tests.bench.workload import Workload


class Ruled(NamedTuple):
    """What the rules cost a claim in processor microseconds, and what they came to as results."""

    cpu_us: float
    digest: str

    @property
    def per_second(self) -> float:
        """Claims a second and core."""
        return 1e6 / self.cpu_us


def settled(work: Workload, rounds: int) -> Ruled:
    """Settle a workload claim by claim, each person's in their order, `rounds` times over."""
    policies = load_policies()
    statuses = {person: _status(value) for person, value in work.timelines()}
    events: list[Any] = [read_event(value, (), CLAIM_TYPES) for _, value in work.bills()]
    claims: list[ClaimSubmitted] = [event.data for event in events]
    found: list[Settlement] = []

    def settle_all() -> None:
        counters: dict[tuple[str, int], Any] = {}
        found.clear()
        for claim in claims:
            key = claim.person_id, claim.date.year
            settlement = settle(policies.nearest(claim.region, claim.date), statuses[claim.person_id], counters.get(key, {}), claim)
            counters[key] = settlement.counters
            found.append(settlement)

    cpu_us = 1e6 * _cpu_s(settle_all, rounds) / len(claims)
    return Ruled(cpu_us, digest(_results(policies, events, found)))


def settled_anew(region: str, claims: int, rounds: int) -> float:
    """Processor microseconds a claim of a year of so many that is settled from its beginning."""
    policies = load_policies()
    work = Workload(persons=1, claims=claims, regions=(region,))
    status = _status(next(work.timelines())[1])
    year: list[Any] = [(read_event(value, (), CLAIM_TYPES).data, False) for _, value in work.bills()]

    def policy_of(day: date) -> Policy:
        return policies.nearest(region, day)

    return 1e6 * _cpu_s(lambda: list(adjudicate(policy_of, status, year)), rounds) / claims


def _status(timeline: bytes) -> Status:
    event: Any = read_event(timeline, (), TYPES_BY_TOPIC[TIMELINES], bytes_max=None)
    return status_of(event.data)


def _results(policies: Policies, events: Sequence[Any], settlements: Sequence[Settlement]) -> list[bytes]:
    """The same as settlement would have written them."""
    sequences: dict[tuple[str, int], int] = {}
    values = []
    for event, settlement in zip(events, settlements, strict=True):
        claim = event.data
        year = year_of(policies, claim)
        sequence = sequences[claim.person_id, year] = sequences.get((claim.person_id, year), 0) + 1
        revision = Revision("completed", 0, sequence, year, settlement.assistance_fen, settlement.counters, event.cause)
        values.append(result(claim, settlement, revision, figures_data(settlement, None), event.time).value or b"")
    return values


def _cpu_s(work: Callable[[], object], rounds: int) -> float:
    """The median processor time of a run of `work`, seconds; the first one warms up."""
    work()
    gc.collect()
    gc.freeze()
    spent = []
    for _ in range(rounds):
        began = time.thread_time()
        work()
        spent.append(time.thread_time() - began)
    gc.unfreeze()
    return median(spent)
