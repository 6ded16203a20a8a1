"""A claim comes in: settled against the year so far, and reversed at once where its reversal had come before it."""

from typing import Final

from schemas.catalogue import SETTLEMENT_WAITING
from schemas.envelope import CloudEvent
from schemas.fields import Model
from schemas.hospital import ClaimSubmitted
from services.policy.adjudicate import Settlement, reversal, settle
from services.policy.library import Policies
from services.policy.loader import Policy
from services.policy.result import Revision, figures_data, hash_of_figures
from services.runtime.errors import Refused
from services.runtime.folding import Decision
from services.runtime.service import Emission
from services.settlement.domain import Cause, ClaimRecord, Holder, Person, PersonYear, Waiting, YearKey, year_of
from services.settlement.handlers.years import catch_up, result, unsettled

EXPECTED_KEY: Final = (
    "a claim not sent before with other content, person or region; a corrected bill is sent under a new claim_id, the old one reversed, for a"
    " reversed claim_id stays used"
)


def on_claim(policies: Policies, person: Person, event: CloudEvent[Model], claim: ClaimSubmitted) -> Decision[Person]:
    """Settle `claim` against the year so far; a repeated claim gives nothing new.

    Raises:
        Refused: `conflicting_duplicate`, the claim's key was used before with other content, or for another person or region; `processing_failed`, its
            year, or the claim in it, cannot be settled.
    """
    own = Holder.of(year_of(policies, claim), claim)
    holder = Holder.parse(person.holders[claim.key])
    if own != holder and _was_left_behind(person, holder, claim):  # from now on it is this bill's, also for those that follow in this batch
        holder = own
        person = person._replace(holders={**person.holders, claim.key: own.text()})
    if not own.is_same_bill(holder):
        raise Refused("conflicting_duplicate", "data.claim_id", EXPECTED_KEY)
    key = (claim.region, holder.year)
    year = person.years.get(key, PersonYear())
    if claim.key in year.claims:
        return Decision(person)
    person, late, _, _ = catch_up(policies, person, key, Cause(event.cause, event.time))
    year = person.years.get(key, year)
    policy, settlement = _settled(policies, person, key, claim)
    figures = figures_data(settlement, None)
    record = ClaimRecord(claim, year.sequence + 1, 0, settlement.assistance_fen, hash_of_figures(figures))
    revision = Revision("completed", 0, record.sequence, holder.year, settlement.assistance_fen, settlement.counters, event.cause)
    emissions = [*late, result(claim, settlement, revision, figures, event.time)]
    after = _added(year, record, settlement, policy)
    waiting_key = f"{claim.region}/{claim.key}"
    if waiting_key in person.waiting:
        waiting = person.waiting[waiting_key]
        gone, undone = _reverse_newest(policy, year, record, after, waiting, holder.year)
        after = gone
        emissions += [undone, Emission(SETTLEMENT_WAITING, f"{claim.key}/{person.person_id}/{claim.region}", None)]
        person = person._replace(waiting={name: kept for name, kept in person.waiting.items() if name != waiting_key})
    return Decision(person.with_year(key, after), emissions, {claim.key: holder.text()})


def _settled(policies: Policies, person: Person, key: YearKey, claim: ClaimSubmitted) -> tuple[Policy, Settlement]:
    """The claim settled as the next of its year, and under which policy.

    Raises:
        Refused: `processing_failed`, it cannot be.
    """
    year = person.years.get(key, PersonYear())
    try:
        policy = policies.for_year(claim.region, claim.date, year.edition, year.readings, year.through)
        return policy, settle(policy, person.status, year.counters, claim)
    except Exception as error:
        raise Refused("processing_failed", "data", unsettled(key, error)) from error


def _was_left_behind(person: Person, holder: Holder, claim: ClaimSubmitted) -> bool:
    """Whether the key is booked for a claim of this person that was then not settled, and so was never used.

    It was set aside (`processing_failed`), or the worker that booked it died, and others of the person's bills come first now.
    """
    if (holder.person_id, holder.region) != (claim.person_id, claim.region):
        return False
    return claim.key not in person.years.get((holder.region, holder.year), PersonYear()).claims


def _added(year: PersonYear, record: ClaimRecord, settlement: Settlement, policy: Policy) -> PersonYear:
    """The year with its newest claim."""
    return year._replace(
        counters={**year.counters, **settlement.counters},  # another file of the region may know other counters
        sequence=record.sequence,
        edition=policy.edition if settlement.policy else year.edition,
        readings=policy.readings if settlement.policy else year.readings,
        through=max(record.claim.date, year.through or record.claim.date),
        claims={**year.claims, record.claim.key: record},
    )


def _reverse_newest(
    policy: Policy, before: PersonYear, record: ClaimRecord, year: PersonYear, waiting: Waiting, calendar_year: int
) -> tuple[PersonYear, Emission]:
    """The year's newest claim reversed at once, by a reversal that had come before it: the counters are those before it."""
    settlement = reversal(policy, record.claim, before.counters)
    reason = waiting.reversal.reason
    figures = figures_data(settlement, reason)
    undone = record._replace(revision=1, assistance_fen=0, figures=hash_of_figures(figures), reversed_for=reason)
    revision = Revision("reversed", 1, record.sequence, calendar_year, -record.assistance_fen, settlement.counters, waiting.cause, reason)
    after = year._replace(counters={**year.counters, **settlement.counters}, claims={**year.claims, record.claim.key: undone})
    return after, result(record.claim, settlement, revision, figures, waiting.time)
