"""Settlement's handlers: a person and an event in, a decision out.

In: hospital.claims.v1, identity.timelines.v1, operator.events.v1. Out: settlement.results.v1, settlement.waiting.v1. Promise: same state, same event,
same decision, so whatever was lost is healed by asking again. No await, no client, no clock. Not here: reading bytes (`schemas`), storing (`adapters`),
wiring (`app`).
"""

from typing import assert_never

from schemas.envelope import CloudEvent
from schemas.hospital import ClaimReversed, ClaimSubmitted
from schemas.identity import TimelineUpdated
from schemas.settlement import ReadjudicationRequested, YearBehind
from services.policy.library import Policies
from services.runtime.folding import Decision
from services.settlement.domain import Person
from services.settlement.handlers.claims import on_claim
from services.settlement.handlers.late import on_behind, on_request, on_reversal, on_timeline
from services.settlement.handlers.years import conclude as conclude

Data = ClaimSubmitted | ClaimReversed | TimelineUpdated | ReadjudicationRequested | YearBehind


def decide(policies: Policies, person: Person, event: CloudEvent[Data]) -> Decision[Person]:
    """What `event` changes in what the fund owes for `person`.

    Raises:
        Refused: `conflicting_duplicate`, the claim's key (or its reversal) was used before with other content; `processing_failed`, a year cannot be
            settled.
    """
    data = event.data
    match data:
        case ClaimSubmitted():
            return on_claim(policies, person, event, data)
        case ClaimReversed():
            return on_reversal(person, event, data)
        case TimelineUpdated():
            return on_timeline(person, data)
        case ReadjudicationRequested():
            return on_request(policies, person, event, data)
        case YearBehind():
            return on_behind(policies, person, data)
        case _:
            assert_never(data)
