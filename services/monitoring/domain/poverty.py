"""What a year costs a person: the risk of poverty by illness, and yearly limits that are near or reached. Pure.

A year's warnings follow from its standing claims alone: its latest service date tells the policy, the categories and whether assistance has
just ended; the claim accepted last among those settled by a category with a class tells the class whose limits hold.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from functools import partial

from schemas.codes import WarningKind, WarningLevel
from services.monitoring.domain import wording
from services.monitoring.domain.facts import ClaimFacts, Person, YearKey
from services.monitoring.domain.thresholds import figure, share_of
from services.monitoring.domain.warnings import Due
from services.monitoring.domain.watch import Watch, evidence, year_end, yuan
from services.policy.entitlement import Interval
from services.policy.limits import limit_fen
from services.policy.loader import Policy
from services.policy.parts import Label


def due(watch: Watch, person: Person) -> Iterator[Due]:
    """The risk and the limits of every year."""
    for key, claims in person.years().items():
        yield from _risk(watch, person, key, [claim for claim in claims if claim.in_force])
        yield from _limits(watch, person, key, [claim for claim in claims if claim.category is not None])


def _risk(watch: Watch, person: Person, key: YearKey, claims: Sequence[ClaimFacts]) -> Iterator[Due]:
    """One of the two risks, or none. Claims without a policy in force are not among `claims`."""
    latest = max((claim.last for claim in claims), default=None)
    policy = watch.policy(key[0], latest) if latest else None
    if latest is None or policy is None:
        return
    warning = policy.file.early_warning
    burdens = [(claim.burden_fen if warning.burden_basis == "after_assistance" else claim.self_pay_fen, claim) for claim in claims]
    burden_fen = sum(fen for fen, _ in burdens)
    figures = watch.thresholds.year_burden.of(key[0])
    end = year_end(key[1])
    categories = in_or_just_out(person.status.intervals, key[0], latest, figure(figures.just_out_days, end) or 0)
    reached = [(level, fen) for level, fen in figures.thresholds_fen(categories, end).items() if burden_fen >= fen]
    if not reached:
        return
    level, threshold_fen = reached[-1]
    kind: WarningKind = "return_to_poverty_risk" if categories else "impoverishment_risk"
    heaviest = sorted((pair for pair in burdens if pair[0]), key=lambda pair: (-pair[0], pair[1].key))
    yield Due(
        kind=kind,
        region=key[0],
        subject=person.person_id,
        year=key[1],
        detail="",
        level=level,
        audience=warning.audience,
        measure=yuan("year_burden", burden_fen),
        threshold=yuan("year_burden", threshold_fen),
        message=partial(wording.burden, kind, burden_fen, threshold_fen),
        clause=warning.clause,
        evidence=evidence(claim.settlement_id for _, claim in heaviest),
    )


def in_or_just_out(intervals: Sequence[Interval], region: str, day: date, just_out_days: int) -> set[str]:
    """The categories held on `day`; if there is none, those that ended at most `just_out_days` before."""
    own = [interval for interval in intervals if interval.region == region]
    held = {interval.category for interval in own if interval.touches(day, day)}
    since = day - timedelta(days=just_out_days)
    return held or {interval.category for interval in own if interval.to is not None and since <= interval.to < day}


def _limits(watch: Watch, person: Person, key: YearKey, claims: Sequence[ClaimFacts]) -> Iterator[Due]:
    """Near and reached limits; `claims` were settled by a category."""
    used = {name: fen for name, fen in person.counters.get(key, {}).items() if fen}
    newest = sorted(claims, key=lambda claim: -claim.sequence) if used else []
    for last in newest:
        policy = watch.policy(last.region, last.last)
        category = policy.file.categories.get(last.category or "") if policy else None
        if policy is not None and category is not None and category.klass is not None:
            break
    else:
        return
    near_percent = watch.thresholds.annual_limit.of(key[0]).near(last.category or "", year_end(key[1]))
    for name, limited_fen in _yearly_limits(policy, category.klass, last.last):
        thresholds_fen = (near_percent and share_of(limited_fen, near_percent), limited_fen)
        yield from _limit(policy, person, key, name, used.get(name, 0), thresholds_fen, newest)


def _yearly_limits(policy: Policy, klass: str, day: date) -> Iterator[tuple[str, int]]:
    """The pools that limit what is paid in a year, by class. A deductible that is used up is no limit: from then on the fund pays."""
    for name, pool in policy.file.pools.items():
        limited_fen = limit_fen(policy.file, name, klass, day)
        if pool.counts != "deductible" and limited_fen:
            yield name, limited_fen


def _limit(
    policy: Policy,
    person: Person,
    key: YearKey,
    name: str,
    used_fen: int,
    thresholds_fen: tuple[int | None, int],
    newest: Sequence[ClaimFacts],
) -> Iterator[Due]:
    """One pool: near, and reached, which leaves near open; `thresholds_fen` are from where on it is either."""
    near_fen, reached_fen = thresholds_fen
    pool = policy.file.pools[name]
    levels: tuple[tuple[WarningKind, WarningLevel, int | None, Callable[[Label, int, int], wording.Message]], ...] = (
        ("annual_limit_near", "notice", near_fen, wording.limit_near),
        ("annual_limit_reached", "warning", reached_fen, wording.limit_reached),
    )
    for kind, level, threshold_fen, words in levels:
        if threshold_fen is not None and used_fen >= threshold_fen:
            yield Due(
                kind=kind,
                region=key[0],
                subject=person.person_id,
                year=key[1],
                detail=name,
                level=level,
                audience=policy.file.early_warning.audience,
                measure=yuan(f"{name}_used", used_fen),
                threshold=yuan(f"{name}_used", threshold_fen),
                message=partial(words, pool.label, used_fen, reached_fen),
                clause=pool.clause,
                evidence=evidence(claim.settlement_id for claim in newest),
            )
