"""What the records that monitoring reads tell.

In: validated events of our own topics. Out: what of it counts here, as `observed.py` names it. Pure.
"""

from schemas.hospital import ClaimReversed, ClaimSubmitted
from schemas.identity import TimelineUpdated
from schemas.settlement import SettlementResult, WaitingReversal
from schemas.times import instant_ns, local_day
from services.monitoring.domain.observed import Conflict, ReversalWaits, Settled, StatusKnown
from services.policy.adjudicate import claim_year
from services.policy.entitlement import status_of
from services.policy.hospitals import hospital_share
from services.policy.library import Policies
from services.policy.standing import deaths, status_event


def settled(policies: Policies, kind: str, result: SettlementResult) -> Settled:
    """What a result of event type `kind` tells.

    Raises:
        ValidationError: Its `claim` is none.
        ValueError: Its claim lacks its dates.
    """
    claim = ClaimSubmitted.accepted(result.claim)
    share = hospital_share(policies, result, claim)
    burden_fen, scope_fen = share or (result.personal_burden, claim.policy_scope_amount)
    return Settled(
        person_id=result.person_id,
        hospital_id=result.hospital_id,
        key=claim.key,
        region=result.region,
        year=result.year,
        sequence=result.sequence,
        revision=result.revision,
        first=claim.first_date,
        last=claim.date,
        is_stay=claim.is_stay,
        is_reversed=result.outcome == "reversed",
        in_force=result.policy is not None,
        category=result.category,
        self_pay_fen=result.self_pay,
        burden_fen=result.personal_burden,
        taken_back_fen=max(0, -result.delta) if kind == "settlement.adjusted.v1" else 0,
        counters=result.counters,
        counted=share is not None,
        share_burden_fen=burden_fen,
        policy_scope_fen=scope_fen,
        visit_id=claim.visit_id,
    )


def status_known(timeline: TimelineUpdated) -> StatusKnown:
    """What a timeline tells."""
    events = [status_event(told.source, told.id, told.type, told.time, told.data) for told in timeline.events]
    return StatusKnown(timeline.person_id, timeline.revision, status_of(timeline).intervals, next(iter(deaths(events)), None))


def waits(policies: Policies, waiting: WaitingReversal) -> ReversalWaits | None:
    """What a reversal that waits tells; None in a region without a policy.

    Raises:
        ValidationError: Its `reversal` is none.
        ValueError: Its time is none.
    """
    reversal = ClaimReversed.model_validate(waiting.reversal, extra="ignore")
    if reversal.region not in policies.current:
        return None
    return ReversalWaits(reversal.person_id, reversal.region, reversal.key, local_day(instant_ns(waiting.time)))


def conflict(policies: Policies, data: ClaimSubmitted | ClaimReversed, time_ns: int, partition: int, offset: int) -> Conflict:
    """A refused duplicate of a claim whose dates were checked, or of a reversal. Its region has a policy."""
    if isinstance(data, ClaimReversed):
        return Conflict(data.person_id, data.region, local_day(time_ns).year, data.key, partition, offset)
    year = claim_year(policies.nearest(data.region, data.date), data)
    return Conflict(data.person_id, data.region, year, data.key, partition, offset)
