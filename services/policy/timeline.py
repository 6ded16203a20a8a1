"""A person's intervals of status from the set of events that agencies sent: a function of the set, whatever the order of arrival.

In: accepted events. Out: intervals by the city's rules (month of grace, death, expiry). Promise: whatever day an event may name, those of its intervals
are such days too, or settlement could not read the timeline, nor any after it. Used by identity alone; here because the rules are policy.
"""

from calendar import monthrange
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from schemas.times import YEAR_MAX
from services.policy.entitlement import Interval
from services.policy.model import PolicyFile
from services.policy.standing import Death, Grant, Loss, StatusEvent, steps

Rules = Callable[[str, date], PolicyFile]
"""The file of a region whose rules hold on a day."""


@dataclass(frozen=True, slots=True)
class Run:
    """An interval, the effective date of the grant that began it, and the days on which renewals took effect while it ran."""

    interval: Interval
    granted_on: date
    renewed: tuple[date, ...] = ()

    @property
    def begun(self) -> tuple[date, ...]:
        """The days on which its grant and its renewals took effect."""
        last = self.interval.to
        return (self.interval.start, *(day for day in self.renewed if day.year <= YEAR_MAX and (last is None or day <= last)))


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
        """A status begins, or is renewed where it runs already."""
        region, category, day = step
        key = (region, category)
        running = self._open.get(key)
        file = self._rules(region, day)
        if running is not None and not self._expired(running, day):
            self._open[key] = self._renewed(running, file, day)
            return
        if running is not None:
            self._closed.append(self._open.pop(key))
        start = first_day(file, category, day)
        self._open[key] = Run(_until(Interval(region, category, start, None), _end(file, category, day, start)), day)

    @staticmethod
    def _renewed(running: Run, file: PolicyFile, day: date) -> Run:
        """The run after a grant on `day`: one that ends after so many months ends so many after the renewal took effect; another runs on as it is."""
        category = running.interval.category
        if running.interval.to is None or _months(file, category) is None:
            return running
        start = first_day(file, category, day)
        end = _end(file, category, day, start)
        if end is not None and end <= running.interval.to:
            return running
        return replace(running, interval=_until(running.interval, end), renewed=(*running.renewed, start))

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
        grace = self._rules(region, day).entitlement.death_grace
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
        if self._rules(region, lost_on).entitlement.loss_takes_effect == "next_month":
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


def time_rules(file: PolicyFile) -> Any:
    """All that runs hang on: files with equal ones lead to equal runs."""
    own = {name: (known.grant_takes_effect, known.expires_after_months) for name, known in file.categories.items()}
    return file.entitlement, own


def first_day(file: PolicyFile, category: str, granted_on: date) -> date:
    """The first day of entitlement after a grant (R23), by the category's own rule where it has one."""
    known = file.categories.get(category)
    rule = (known and known.grant_takes_effect) or file.entitlement.grant_takes_effect
    return next_month(granted_on) if rule == "next_month" else granted_on


def next_month(day: date) -> date:
    """The first day of the month after that of `day`."""
    return day.replace(day=1) + timedelta(days=monthrange(day.year, day.month)[1])


def last_of_months(first: date, months: int) -> date:
    """The last of so many months that begin with `first`: the day before the same day of the month that follows them, or where that month has no such day
    its last one (as 民法典第二百零二条 ends periods): one month from 31 January ends with February, one from 15 January on 14 February.
    """
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    days = monthrange(year, month + 1)[1]
    if first.day > days:
        return date(year, month + 1, days)
    return date(year, month + 1, first.day) - timedelta(days=1)


def _end(file: PolicyFile, category: str, granted_on: date, start: date) -> date | None:
    """The last covered day of a status by itself; None where it has no end, or none that a day may name."""
    months = _months(file, category)
    if months is not None:
        end = last_of_months(start, months)
        return end if (end + timedelta(days=1)).year <= YEAR_MAX else None
    if category in file.entitlement.expires_at_year_end and granted_on.year < YEAR_MAX:
        return date(granted_on.year, 12, 31)
    return None


def _months(file: PolicyFile, category: str) -> int | None:
    known = file.categories.get(category)
    return None if known is None else known.expires_after_months


def _until(interval: Interval, end: date | None) -> Interval:
    """The interval with an end of its own, or without one."""
    if end is None:
        return interval._replace(to=None, lost_on=None, lost_by=None)
    return interval._replace(to=end, lost_on=end + timedelta(days=1), lost_by="expiry")
