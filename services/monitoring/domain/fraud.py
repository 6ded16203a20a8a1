"""Signs of fraud or error: stays at one time, claims after death, reversals without a claim, keys sent again with other content, money to be taken back. Pure.

The first three stand as long as their facts do, the first two across regions. The last two tell what happened: they stay open until an operator closes
them, whatever follows, and then measure what has happened since: another refused delivery, more money taken back.
"""

from bisect import insort
from collections.abc import Iterator
from functools import partial

from services.monitoring.domain import wording
from services.monitoring.domain.facts import ClaimFacts, Person
from services.monitoring.domain.thresholds import figure
from services.monitoring.domain.warnings import Due, Figure, warning_id
from services.monitoring.domain.watch import FRAUD_AUDIENCE, Watch, day, year_end, yuan

PAIRS_MAX = 10
"""With so many earlier stays, those that end last, one stay is told to overlap: who has more of them has been found out, and a flood helps nobody."""


def due(watch: Watch, person: Person) -> Iterator[Due]:
    """All five kinds."""
    yield from _overlaps(watch, person)
    yield from _after_death(watch, person)
    yield from _waiting(watch, person)
    yield from _conflicts(watch, person)
    yield from _recoveries(watch, person)


def _overlaps(watch: Watch, person: Person) -> Iterator[Due]:
    """Every two stays of which each began before the other ended; a transfer on one day is none, and several bills of one stay are one.

    Of two stays by admission and discharge, the first is under way when the second begins if it ends later; it began before the second's end then.
    """
    under_way: list[ClaimFacts] = []
    for second in sorted((claim for claim in person.standing() if claim.is_stay), key=lambda stay: (stay.first, stay.last, stay.key)):
        under_way = [first for first in under_way if first.last > second.first]
        others = [first for first in under_way if not _is_one_stay(first, second)]
        yield from (_overlap(watch, person, first, second) for first in others[-PAIRS_MAX:])
        insort(under_way, second, key=lambda stay: (stay.last, stay.key))


def _is_one_stay(first: ClaimFacts, second: ClaimFacts) -> bool:
    """Whether two bills are of one stay (中途结算): of one hospital, with the same number of the visit; where one lacks it, from the same day on."""
    if first.hospital_id != second.hospital_id:
        return False
    if first.visit_id is not None and second.visit_id is not None:
        return first.visit_id == second.visit_id
    return first.first == second.first


def _overlap(watch: Watch, person: Person, first: ClaimFacts, second: ClaimFacts) -> Due:
    """Two stays, by admission; region and year are those of the second."""
    return Due(
        kind="overlapping_stays",
        region=second.region,
        subject=person.person_id,
        year=second.year,
        detail="+".join(sorted((first.key, second.key))),
        level="warning",
        audience=FRAUD_AUDIENCE,
        measure=day("second_admission_date", second.first),
        threshold=day("first_discharge_date", first.last),
        message=partial(wording.overlapping, (first.first, first.last), (second.first, second.last)),
        clause=watch.supervision_clause(second.region),
        evidence=(first.settlement_id, second.settlement_id),
    )


def _after_death(watch: Watch, person: Person) -> Iterator[Due]:
    """Claims with a date after the earliest death that stands; of a stay the discharge, which is its later date."""
    died_on = person.status.died_on
    if died_on is None:
        return
    for claim in person.standing():
        if claim.last > died_on:
            yield Due(
                kind="claim_after_death",
                region=claim.region,
                subject=person.person_id,
                year=claim.year,
                detail=claim.key,
                level="critical",
                audience=FRAUD_AUDIENCE,
                measure=day("claim_date", claim.last),
                threshold=day("died_on", died_on),
                message=partial(wording.after_death, claim.last, died_on),
                clause=watch.supervision_clause(claim.region),
                evidence=(claim.settlement_id,),
            )


def _waiting(watch: Watch, person: Person) -> Iterator[Due]:
    """Reversals that wait for a claim: the hospital thinks money taken back that is still paid, if it named another bill than it meant."""
    for key, day_of_reversal in sorted(person.waiting.items()):
        region, claim = key.split("/", 1)
        yield Due(
            kind="reversal_waiting",
            region=region,
            subject=person.person_id,
            year=day_of_reversal.year,
            detail=claim,
            level="notice",
            audience=FRAUD_AUDIENCE,
            measure=Figure(name="waiting_reversals", value="1"),
            threshold=Figure(name="waiting_reversals", value="1"),
            message=partial(wording.reversal_waiting, claim, day_of_reversal),
            clause=watch.supervision_clause(region),
        )


def _conflicts(watch: Watch, person: Person) -> Iterator[Due]:
    """Keys that were sent again with other content, once for each claim; the measure: how often since an operator closed it last."""
    for key, refusals in sorted(person.conflicts.items()):
        region, year, claim = key.split("/", 2)
        deliveries_min = figure(watch.supervision(region).deliveries_min, year_end(int(year)))
        before = person.closed(warning_id("conflicting_duplicate", region, person.person_id, int(year), claim))
        refused = refusals.count - before
        if deliveries_min is None or refused < deliveries_min:
            continue
        known = person.claims.get(claim)
        yield Due(
            kind="conflicting_duplicate",
            region=region,
            subject=person.person_id,
            year=int(year),
            detail=claim,
            level="warning",
            audience=FRAUD_AUDIENCE,
            measure=Figure(name="refused_deliveries", value=str(refused)),
            threshold=Figure(name="refused_deliveries", value=str(deliveries_min)),
            message=partial(wording.conflicting, claim, refused, before > 0),
            clause=watch.supervision_clause(region),
            evidence=(known.settlement_id,) if known else (),
        )


def _recoveries(watch: Watch, person: Person) -> Iterator[Due]:
    """Claims whose adjustments took money back, reversed since or not: it is owed all the same; the measure: how much since an operator closed it last."""
    for claim in sorted((claim for claim in person.claims.values() if claim.recovered_fen), key=lambda claim: claim.key):
        policy = watch.policy(claim.region, year_end(claim.year))
        least_fen = figure(watch.supervision(claim.region).taken_back_min_yuan, year_end(claim.year))
        before_fen = person.closed(warning_id("recovery_due", claim.region, person.person_id, claim.year, claim.key))
        recovered_fen = claim.recovered_fen - before_fen
        if policy is None or least_fen is None or recovered_fen < least_fen:
            continue
        yield Due(
            kind="recovery_due",
            region=claim.region,
            subject=person.person_id,
            year=claim.year,
            detail=claim.key,
            level="warning",
            audience=policy.file.early_warning.audience,
            measure=yuan("taken_back", recovered_fen),
            threshold=yuan("taken_back", least_fen),
            message=partial(wording.recovery, claim.key, recovered_fen, before_fen > 0),
            clause=watch.supervision_clause(claim.region),
            evidence=(claim.settlement_id,),
        )
