"""A person-year as the ledger's own records tell it, for whoever explains it; and the same year as it might have been. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from schemas.envelope import CloudEvent
from schemas.hospital import ClaimSubmitted
from schemas.identity import TimelineUpdated
from schemas.settlement import SettlementResult
from schemas.times import YEAR_MIN
from services.policy.adjudicate import claim_year
from services.policy.entitlement import Interval, Status, status_of
from services.policy.explain import Dossier, Told
from services.policy.library import Policies
from services.policy.limits import limit_fen
from services.policy.model import PolicyFile
from services.policy.standing import status_event

Result = CloudEvent[SettlementResult]


def told(event: Result) -> Told:
    """A revision as its result tells it."""
    data: dict[str, Any] = event.data.wire()
    verb = event.type.split(".")[1]
    return Told(event.data.revision, verb, event.time, data["assistance_amount"], data["delta"], data["caused_by"])


def dossier_of(policies: Policies, results: Sequence[Result], timeline: TimelineUpdated | None, history: Iterable[Result] = ()) -> Dossier:
    """The person-year that `results` make up.

    Args:
        policies: As they stand today.
        results: The newest of each claim of one person, region and year, at least one, in the order in which the ledger has them.
        timeline: The person's newest; None for somebody without any status.
        history: Every revision of the claim to be explained.

    Raises:
        ValueError: There is no result.
    """
    if not results:
        raise ValueError("a person-year has a result")
    claims = {event.data.sequence: (ClaimSubmitted.accepted(event.data.claim), _reversed_for(event)) for event in results}
    settled_by = next((event.data.policy for event in reversed(results) if event.data.policy is not None), None)
    first = results[0].data
    through = max(claim.date for claim, _ in claims.values())
    edition, readings = (settled_by.edition, settled_by.readings) if settled_by else (None, None)
    return Dossier(
        first.person_id,
        first.region,
        first.year,
        Status() if timeline is None else status_of(timeline),
        lambda day: policies.for_year(first.region, day, edition, readings, through),
        [claims[sequence] for sequence in sorted(claims)],
        [] if timeline is None else [status_event(one.source, one.id, one.type, one.time, one.data) for one in timeline.events],
        [told(event) for event in history],
    )


def _reversed_for(event: Result) -> str | None:
    return event.data.reason if event.data.outcome == "reversed" else None


@dataclass(frozen=True, slots=True)
class Instead:
    """What might have been: another status alone (`category`; empty text for none at all), another day, or both. None leaves it as it was."""

    category: str | None = None
    day: date | None = None


def as_if(dossier: Dossier, key: str, instead: Instead, year: Dossier | None = None) -> Dossier:
    """The person-year in which the claim `key` was as `instead` has it; nothing is written, and no other claim changes.

    Args:
        dossier: The year of the claim.
        key: The claim, `<hospital>/<claim>`.
        instead: What might have been. A stay keeps its length.
        year: The person's year of the other day, where that is another one with claims: the claim then comes last in it.

    Raises:
        LookupError: The claim is not in the dossier.
        UnknownEditionError: The policy edition of a year is not here.
    """
    moved = _moved(dossier, key, instead)
    number = year_as_if(dossier, key, instead)
    status = dossier.status if instead.category is None else _holding(dossier, instead.category)
    if number == dossier.year:
        claims = [(moved, None) if one.key == key else (one, reversed_for) for one, reversed_for in dossier.claims]
    else:
        claims = [*(year.claims if year else ()), (moved, None)]
    policy_of = dossier.policy_of if year is None else year.policy_of
    events = dossier.events if instead.category is None else None
    return replace(dossier, year=number, status=status, claims=claims, policy_of=policy_of, events=events, history=())


def year_as_if(dossier: Dossier, key: str, instead: Instead) -> int:
    """The calendar year in which the claim would count (R4, R5).

    Raises:
        LookupError: The claim is not in the dossier.
        UnknownEditionError: The policy edition of the year is not here.
    """
    moved = _moved(dossier, key, instead)
    return claim_year(dossier.policy_of(moved.date), moved)


def _moved(dossier: Dossier, key: str, instead: Instead) -> ClaimSubmitted:
    """The claim on its other day.

    Raises:
        LookupError: It is not in the dossier.
    """
    claim = next((claim for claim, _ in dossier.claims if claim.key == key), None)
    if claim is None:
        raise LookupError(f"no claim {key} in the year")
    return claim if instead.day is None else _on(claim, instead.day)


def _on(claim: ClaimSubmitted, day: date) -> ClaimSubmitted:
    """The claim with `day` as its day of service or discharge."""
    if not claim.is_stay:
        return claim.model_copy(update={"service_date": day})
    return claim.model_copy(update={"discharge_date": day, "admission_date": day - (claim.date - claim.first_date)})


def _holding(dossier: Dossier, category: str) -> Status:
    """The person with that status alone in the region, for ever; with none where `category` is empty."""
    elsewhere = tuple(interval for interval in dossier.status.intervals if interval.region != dossier.region)
    held = (Interval(dossier.region, category, date(YEAR_MIN, 1, 1), None),) if category else ()
    return dossier.status._replace(intervals=(*elsewhere, *held))


def limit_of(file: PolicyFile, pool: str, category: str | None, day: date) -> int | None:
    """The yearly limit of a counter as `category` meets it on `day`, fen; None where it only counts, or its class has none."""
    known = None if category is None else file.categories.get(category)
    return limit_fen(file, pool, known.klass if known else None, day)
