"""Scenes made of the policy's own cases: every benefit under every class, every reason, every limit reached, passed and exhausted.

In: a stage with a casebook. Out: events. Not here: how the cases are found (`probe.py`).
"""

from collections.abc import Iterable

from services.synthetic.bills import bill_leaving
from services.synthetic.cases import Case, day_of
from services.synthetic.stage import Stage
from services.synthetic.visits import submit


def every_benefit(stage: Stage) -> None:
    """Each benefit pays once under each class and on each type of visit that it covers: every kind of component."""
    _play(stage, stage.book.benefits.values())


def every_reason(stage: Stage) -> None:
    """Each reason that a category, a visit or an amount can have for getting nothing, under each class."""
    _play(stage, stage.book.reasons.values())


def every_limit(stage: Stage) -> None:
    """Each pool binds under each class, and goes on being asked: `limited_by`, `limit_exhausted`, `annual_limit_near`, `annual_limit_reached`."""
    _play(stage, stage.book.limits.values())


def _play(stage: Stage, cases: Iterable[Case]) -> None:
    """One person for each case."""
    for case in cases:
        person = stage.assisted(case.category, age=case.visit.age, on=day_of(stage.city, 0))
        for number, (visit, fen) in enumerate(case.claims):
            bill = bill_leaving(fen, above_cap=fen // 2 if visit.above_cap else 0)
            submit(stage.script, person, visit, bill, day_of(stage.city, number), nights=6, lag=stage.rng.randint(1, 4))
