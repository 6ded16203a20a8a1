"""One run of the laboratory: the ledger read, each policy settled, a value sought where one is asked for, all of it summed up.

In: a task, a ledger. Out: the summary, which the file, the report and the console show alike, and the lines of persons. Promise: nothing is written to Kafka or
Redis; the same ledger and task give the same summary, whoever asks. Not here: files (`writing.py`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO, Any, Final

from schemas.money import yuan_text
from services.ledger.errors import Declined
from services.ledger.reform.accounts import Frame
from services.ledger.reform.buckets import Buckets
from services.ledger.reform.cases import Case
from services.ledger.reform.crew import Tell, jobs_here
from services.ledger.reform.gathering import Wanted
from services.ledger.reform.given import Patch, changes_of, from_patch
from services.ledger.reform.largest import largest
from services.ledger.reform.levels import Levels
from services.ledger.reform.reckoning import costs, reckon
from services.ledger.reform.solving import Solved, budget_fen, grid_of, solve
from services.ledger.reform.sources import Ledger, buckets_for
from services.ledger.reform.sums import Sums
from services.ledger.reform.tables import tables_of
from services.ledger.reform.words import names_of
from services.monitoring.domain.thresholds import Thresholds

Phase = Callable[[str, int], Tell]
"""Begins a part of the work, with how much there is of it; what it gives is told how much was done."""

FORM: Final = 1
"""Of the summary."""


@dataclass(frozen=True)
class Task:
    """What is asked.

    Attributes:
        today: The policy of today.
        cases: What is tried.
        year: None: all years.
        pseudonym: Names persons; None: nobody is in what comes of it.
        sought: The path of a figure, and the budget that its largest value must keep.
    """

    today: Case
    cases: Sequence[Case]
    year: int | None
    thresholds: Thresholds
    pseudonym: Callable[[str], str] | None = None
    sought: tuple[str, str] | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of it; `persons`: for each policy the lines of its persons."""

    summary: Mapping[str, Any]
    sums: Sequence[Sums]
    persons: Sequence[IO[str]]


def run(task: Task, ledger: Ledger, phase: Phase, jobs_max: int | None = None) -> Outcome:
    """Do it.

    Raises:
        Declined: The ledger is not in order, or has nothing of that region and year.
        PolicyError: A value that is tried cannot stand in the file.
        Doubt: Kafka is away.
        Lost: A process died.
    """
    jobs = ledger.jobs(jobs_max or jobs_here())
    buckets = buckets_for(ledger, jobs)
    try:
        ledger.gather(
            Wanted(task.today.region, task.year, any(case.is_anew for case in task.cases)), buckets, jobs, phase("reading", ledger.size())
        )
        frame = Frame(task.today, Levels(task.today.policies, task.thresholds, task.today.region), task.year, task.pseudonym)
        cases, solved = list(task.cases), None
        if task.sought is not None:
            solved, case = _sought(task, task.cases[0], buckets, jobs, phase)
            cases = [case]
        sums, persons = reckon(frame, cases, buckets, jobs, phase("settling", 0))
    finally:
        buckets.close()
    if not sums[0].years:
        raise Declined(f"no result of {task.today.region}{f' in {task.year}' if task.year else ''} in {ledger.name}")
    return Outcome(_summary(task, ledger, cases, sums, solved), sums, persons)


def _sought(task: Task, base: Case, buckets: Buckets, jobs: int, phase: Phase) -> tuple[Solved, Case]:
    """The value within the budget, and the policy that has it: that of `base` where there is none."""
    path, budget = task.sought or ("", "")
    grid = grid_of(path)

    def under(value: str) -> Case:
        case = from_patch(base, Patch(f"{path} = {value}", {path: value}, {}))
        return replace(case, readings=base.readings)

    def cost_of(values: Sequence[str]) -> Sequence[int]:
        return costs([under(value) for value in values], task.year, buckets, jobs, phase("solving", 0))

    frame = Frame(task.today, Levels(task.today.policies, task.thresholds, task.today.region), task.year, None)
    now = reckon(frame, [base], buckets, jobs, phase("settling", 0))[0][0].paid[0]
    found = solve(path, grid, budget_fen(budget, now), cost_of)
    return found, base if found.value is None else under(found.value)


def _summary(task: Task, ledger: Ledger, cases: Sequence[Case], sums: Sequence[Sums], solved: Solved | None) -> dict[str, Any]:
    region = task.today.region
    files = task.today.policies.current[region]
    told = [_told(task, case, found) for case, found in zip(cases, sums, strict=True)]
    if solved is not None:
        told[0]["solved"] = _solved(solved)
    return {
        "form": FORM,
        "region": region,
        "title": files[-1].file.title.model_dump(),
        "year": task.year,
        "ledger": ledger.name,
        "editions": [policy.edition for policy in files],
        "reforms": told,
    }


def _told(task: Task, case: Case, sums: Sums) -> dict[str, Any]:
    tables = tables_of(sums)
    return {
        "name": case.name,
        "editions": [policy.edition for policy in case.policies.current[case.region]],
        "readings": dict(case.readings or {}),
        "changes": [change.told() for change in changes_of(task.today, case)],
        **tables,
        "names": names_of((task.today, case), tables),
        "largest": largest(task.today, case, sums.largest, task.pseudonym) if task.pseudonym else [],
    }


def _solved(found: Solved) -> Mapping[str, Any]:
    return {
        "path": found.path,
        "budget": yuan_text(found.budget_fen),
        "value": found.value,
        "cost": None if found.cost_fen is None else yuan_text(found.cost_fen),
        "next_value": found.next_value,
        "next_cost": None if found.next_cost_fen is None else yuan_text(found.next_cost_fen),
        "direction": found.direction,
        "tried": [(value, yuan_text(fen)) for value, fen in found.tried],
    }
