"""What a person's statuses tell: one that will end, one that changed while the person lay in hospital. Pure, and without a clock."""

from collections.abc import Iterator
from functools import partial
from itertools import groupby

from services.monitoring.domain import wording
from services.monitoring.domain.facts import ClaimFacts, Person
from services.monitoring.domain.warnings import Due
from services.monitoring.domain.watch import Watch, day, label_of
from services.policy.entitlement import Interval


def due(watch: Watch, person: Person) -> Iterator[Due]:
    """Endings by category, changes by stay."""
    intervals = sorted(person.status.intervals, key=lambda interval: (interval.region, interval.category, interval.start))
    for _, runs in groupby(intervals, key=lambda interval: (interval.region, interval.category)):
        yield from _ending(watch, person, list(runs)[-1])
    for claim in person.standing():
        if claim.is_stay:
            yield from _changed(watch, person, claim)


def _ending(watch: Watch, person: Person, run: Interval) -> Iterator[Due]:
    """The end of a category's last run; an earlier run that was followed by another did not end it."""
    if run.to is None or (policy := watch.policy(run.region, run.to)) is None:
        return
    yield Due(
        kind="status_ending",
        region=run.region,
        subject=person.person_id,
        year=run.to.year,
        detail=run.category,
        level="notice",
        audience=policy.file.early_warning.audience,
        measure=day("last_covered_day", run.to),
        threshold=day("lost_on", run.lost_on or run.to),
        message=partial(wording.status_ending, label_of(policy, run.category), run.to, run.lost_by),
        clause=policy.file.entitlement.clause,
    )


def _changed(watch: Watch, person: Person, stay: ClaimFacts) -> Iterator[Due]:
    """A category of the stay's region gained, lost or changed on a day of the stay, both ends included."""
    own = [interval for interval in person.status.intervals if interval.region == stay.region]
    days = {change for interval in own for change in (interval.start, interval.lost_on) if change and stay.first <= change <= stay.last}
    if not days or (policy := watch.policy(stay.region, stay.last)) is None:
        return
    yield Due(
        kind="status_changed_in_stay",
        region=stay.region,
        subject=person.person_id,
        year=stay.year,
        detail=stay.key,
        level="notice",
        audience=policy.file.early_warning.audience,
        measure=day("status_changed_on", min(days)),
        threshold=day("discharge_date", stay.last),
        message=partial(wording.changed_in_stay, stay.first, stay.last, min(days)),
        clause=policy.file.entitlement.clause,
        evidence=(stay.settlement_id,),
    )
