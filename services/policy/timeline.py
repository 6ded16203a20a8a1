"""A person's intervals of status from the set of events that agencies sent: a function of the set, whatever the order of arrival.

In: accepted events. Out: intervals by the city's rules (month of grace, death, expiry). Promise: whatever day an event may name, those of its intervals
are such days too, or settlement could not read the timeline, nor any after it. Used by identity alone; here because the rules are policy.
"""

from calendar import monthrange
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from schemas.times import YEAR_MAX
from services.policy.entitlement import Interval
from services.policy.model import Entitlement
from services.policy.standing import Death, Grant, Loss, StatusEvent, steps

Rules = Callable[[str, date], Entitlement]
"""The rules of a region on a day."""


@dataclass(frozen=True, slots=True)
class Run:
    """An interval and the effective date of the grant that began it."""

    interval: Interval
    granted_on: date


def runs(rules: Rules, events: Iterable[StatusEvent]) -> list[Run]:
    """Every run of every status, by region, category and first day. What was never entitled does not appear."""
    book = _Book(rules)
    for step in steps(events):
        match step:
            case Grant():
                book.grant(step)
            case Loss():
                book.lose(step)
            case Death():
                book.death(step)
    return book.finish()


class _Book:
    """The runs while events are gone through."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._open: dict[tuple[str, str], Run] = {}
        self._closed: list[Run] = []

    def grant(self, step: Grant) -> None:
        """A status begins, unless it runs already."""
        region, category, day = step
        key = (region, category)
        running = self._open.get(key)
        if running is not None and not self._expired(running, day):
            return
        if running is not None:
            self._closed.append(self._open.pop(key))
        rules = self._rules(region, day)
        run = Run(Interval(region, category, first_day(rules, day), None), day)
        if category in rules.expires_at_year_end and day.year < YEAR_MAX:
            end = date(day.year, 12, 31)
            run = replace(run, interval=run.interval._replace(to=end, lost_on=end + timedelta(days=1), lost_by="expiry"))
        self._open[key] = run

    def lose(self, step: Loss) -> None:
        """A status ends by a loss; granted and lost on one day, it never entitled."""
        running = self._open.get((step.region, step.category))
        if running is None or self._expired(running, step.day):
            return
        del self._open[step.region, step.category]
        if running.granted_on == step.day:
            return
        self._close(running, self._last_day(step.region, step.day), step.day, step.lost_by, step.changed_to)

    def death(self, step: Death) -> None:
        """All statuses of the region end with the day of death, a month of grace still running included (R24)."""
        region, day = step
        grace = self._rules(region, day).death_grace
        for key in [key for key, run in self._open.items() if key[0] == region]:
            running = self._open[key]
            if not self._expired(running, day):
                last = max(day, self._last_day(region, day)) if grace else day
                self._close(self._open.pop(key), last, day, "death", None)
        if not grace:
            self._closed = [_cut(run, day) if run.interval.region == region else run for run in self._closed]

    def finish(self) -> list[Run]:
        """All runs that ever entitled, on a day that a claim may name, sorted."""
        entitled = [
            run
            for run in (*self._closed, *self._open.values())
            if run.interval.start.year <= YEAR_MAX and (run.interval.to is None or run.interval.start <= run.interval.to)
        ]
        return sorted(entitled, key=lambda run: (run.interval.region, run.interval.category, run.interval.start))

    def _close(self, run: Run, last: date, lost_on: date, lost_by: str, changed_to: str | None) -> None:
        end = last if run.interval.to is None else min(last, run.interval.to)
        self._closed.append(replace(run, interval=run.interval._replace(to=end, lost_on=lost_on, lost_by=lost_by, changed_to=changed_to)))

    def _last_day(self, region: str, lost_on: date) -> date:
        """The last day covered after an ordinary loss."""
        if self._rules(region, lost_on).loss_takes_effect == "next_month":
            return next_month(lost_on) - timedelta(days=1)
        return lost_on - timedelta(days=1)

    @staticmethod
    def _expired(run: Run, day: date) -> bool:
        return run.interval.to is not None and run.interval.to < day


def _cut(run: Run, day: date) -> Run:
    """A closed run whose grace does not outlive the person."""
    if run.interval.to is not None and run.interval.to > day:
        return replace(run, interval=run.interval._replace(to=day))
    return run


def first_day(rules: Entitlement, granted_on: date) -> date:
    """The first day of entitlement after a grant (R23)."""
    return next_month(granted_on) if rules.grant_takes_effect == "next_month" else granted_on


def next_month(day: date) -> date:
    """The first day of the month after that of `day`."""
    return day.replace(day=1) + timedelta(days=monthrange(day.year, day.month)[1])
