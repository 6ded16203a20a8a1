"""Which categories cover a visit, and whether help was applied for: a person's intervals and approved applications against the days of a visit.

In: what a timeline tells. Out: the codes of the categories that cover, by the city's rules for stays and in its order; the application that counts.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import NamedTuple

from schemas.identity import TimelineUpdated
from services.policy.model import Entitlement


class Interval(NamedTuple):
    """One run of one status; `to` is the last covered day, None: open. `lost_on` is the loss's effective date."""

    region: str
    category: str
    start: date
    to: date | None
    lost_on: date | None = None
    lost_by: str | None = None
    changed_to: str | None = None

    def touches(self, first: date, last: date | None) -> bool:
        """Whether any day from `first` to `last` (None: no end yet), both inclusive, is covered."""
        return (last is None or self.start <= last) and (self.to is None or self.to >= first)


class Application(NamedTuple):
    """An approved application: claims of a category from `start` to `to`, by day of service or discharge, count as applied for on `applied_on`."""

    region: str
    category: str
    applied_on: date
    start: date
    to: date


class Status(NamedTuple):
    """What settlement knows of a person."""

    birth_date: date | None = None
    intervals: tuple[Interval, ...] = ()
    applications: tuple[Application, ...] = ()

    def application(self, region: str, category: str, day: date) -> Application | None:
        """The application that a claim of `day` counts under, of several the earliest."""
        found = [one for one in self.applications if one.region == region and one.category == category and one.start <= day <= one.to]
        return min(found, key=lambda one: one.applied_on, default=None)


def status_of(timeline: TimelineUpdated) -> Status:
    """The status that a timeline tells."""
    intervals = (
        Interval(told.region, told.category, told.from_, told.to, told.lost_on, told.lost_by, told.changed_to)
        for told in timeline.intervals
    )
    applications = (Application(told.region, told.category, told.applied_on, told.from_, told.to) for told in timeline.applications)
    return Status(timeline.birth_date, tuple(intervals), tuple(applications))


def covering(
    rules: Entitlement, intervals: Iterable[Interval], order: Collection[str], first: date, last: date | None, stay: bool
) -> list[str]:
    """The categories covering a visit from `first` to `last`, those of `order` only and in its order.

    Args:
        rules: The city's rules.
        intervals: The person's intervals in that city.
        order: The city's categories in the table's order.
        first: Day of service, or admission.
        last: The same day, or discharge; None while a stay is open.
        stay: Whether the rules for stays hold.
    """
    if not stay or rules.stay_coverage == "admission_day":
        touching = [interval for interval in intervals if interval.touches(first, first)]
    else:
        touching = [interval for interval in intervals if interval.touches(first, last)]
    if stay:
        touching = [interval for interval in touching if not _void(rules, interval, touching, first, last)]
    found = {interval.category for interval in touching}
    if len(found) == 1:  # as nearly always; then no order matters
        return [category for category in found if category in order]
    return [category for category in order if category in found]


def _void(rules: Entitlement, interval: Interval, touching: Sequence[Interval], first: date, last: date | None) -> bool:
    """Whether the rules for stays take the category away from a stay that it touches."""
    lost_on = interval.lost_on
    if lost_on is None or (last is not None and lost_on > last):
        return False
    if interval.lost_by == "fraud":
        return rules.fraud_voids_stay
    if lost_on < first:
        return False
    others = [other for other in touching if other.category != interval.category]
    if interval.lost_by == "changed" and rules.change_in_stay == "new_category":
        return any(other.category == interval.changed_to for other in others)
    if interval.lost_by == "ordinary" and rules.cross_agency_change == "counts_as_change":
        return any(other.start >= first for other in others)
    return False
