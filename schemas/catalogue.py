"""Which model belongs to which event type, and which types travel on which topic."""

from collections.abc import Mapping
from typing import Final

from schemas.console import (
    AccessRefused,
    Exported,
    LoggedIn,
    LoggedOut,
    LookedUp,
    LossAccepted,
    PolicyTried,
    Proposed,
    ReadjudicationAsked,
    RecordSkipped,
    Replayed,
    Unmasked,
    VerificationBegun,
    Verified,
)
from schemas.deadletters import DeadLetter
from schemas.fields import Model
from schemas.hospital import AdmissionClosed, AdmissionOpened, ClaimReversed, ClaimSubmitted
from schemas.identity import (
    AdmissionAssessed,
    ApplicationApproved,
    EventVoided,
    StatusChanged,
    StatusGranted,
    StatusRevoked,
    SubsidyDue,
    TimelineUpdated,
)
from schemas.monitoring import HospitalShare, Warning, WarningAcknowledged, WarningAssigned, WarningClosed, WarningCommented
from schemas.settlement import ReadjudicationRequested, SettlementResult, WaitingReversal, YearBehind

IDENTITY_EVENTS: Final = "identity.events.v1"
ADMISSIONS: Final = "hospital.admissions.v1"
CLAIMS: Final = "hospital.claims.v1"
TIMELINES: Final = "identity.timelines.v1"
SUBSIDIES: Final = "identity.subsidies.v1"
ASSESSMENTS: Final = "identity.admissions.v1"
RESULTS: Final = "settlement.results.v1"
WARNINGS: Final = "monitoring.warnings.v1"
ACTIONS: Final = "monitoring.actions.v1"
AUDIT: Final = "console.audit.v1"
OPERATOR_EVENTS: Final = "operator.events.v1"
IDENTITY_REROUTED: Final = "identity.rerouted.v1"
IDENTITY_WAITING: Final = "identity.waiting.v1"
SETTLEMENT_REROUTED: Final = "settlement.rerouted.v1"
SETTLEMENT_WAITING: Final = "settlement.waiting.v1"
HOSPITAL_SHARES: Final = "monitoring.hospitals.v1"

Types = Mapping[str, type[Model]]

STATUS_TYPES: Final[Types] = {
    "identity.status.granted.v1": StatusGranted,
    "identity.status.revoked.v1": StatusRevoked,
    "identity.status.changed.v1": StatusChanged,
    "identity.status.voided.v1": EventVoided,
    "identity.application.approved.v1": ApplicationApproved,
}
ADMISSION_TYPES: Final[Types] = {
    "hospital.admission.opened.v1": AdmissionOpened,
    "hospital.admission.closed.v1": AdmissionClosed,
}
CLAIM_TYPES: Final[Types] = {
    "hospital.claim.submitted.v1": ClaimSubmitted,
    "hospital.claim.reversed.v1": ClaimReversed,
}
OPERATOR_TYPES: Final[Types] = {"operator.readjudication.requested.v1": ReadjudicationRequested}
RESULT_TYPES: Final[Types] = {f"settlement.{verb}.v1": SettlementResult for verb in ("completed", "adjusted", "reversed")}
WARNING_TYPES: Final[Types] = {f"monitoring.warning.{verb}.v1": Warning for verb in ("raised", "escalated", "resolved")}
ACTION_TYPES: Final[Types] = {
    "monitoring.action.acknowledged.v1": WarningAcknowledged,
    "monitoring.action.assigned.v1": WarningAssigned,
    "monitoring.action.commented.v1": WarningCommented,
    "monitoring.action.closed.v1": WarningClosed,
}
AUDIT_TYPES: Final[Types] = {
    "console.audit.logged_in.v1": LoggedIn,
    "console.audit.logged_out.v1": LoggedOut,
    "console.audit.refused.v1": AccessRefused,
    "console.audit.looked_up.v1": LookedUp,
    "console.audit.unmasked.v1": Unmasked,
    "console.audit.exported.v1": Exported,
    "console.audit.proposed.v1": Proposed,
    "console.audit.replayed.v1": Replayed,
    "console.audit.loss_accepted.v1": LossAccepted,
    "console.audit.record_skipped.v1": RecordSkipped,
    "console.audit.readjudication_asked.v1": ReadjudicationAsked,
    "console.audit.policy_tried.v1": PolicyTried,
    "console.audit.verifying.v1": VerificationBegun,
    "console.audit.verified.v1": Verified,
}
DEADLETTER_TYPES: Final[Types] = {"deadletter.v1": DeadLetter}

TYPES_BY_TOPIC: Final[Mapping[str, Types]] = {
    IDENTITY_EVENTS: STATUS_TYPES,
    ADMISSIONS: ADMISSION_TYPES,
    CLAIMS: CLAIM_TYPES,
    OPERATOR_EVENTS: OPERATOR_TYPES,
    TIMELINES: {"identity.timeline.updated.v1": TimelineUpdated},
    SUBSIDIES: {"identity.premium_subsidy.due.v1": SubsidyDue},
    ASSESSMENTS: {"identity.admission.assessed.v1": AdmissionAssessed},
    RESULTS: RESULT_TYPES,
    WARNINGS: WARNING_TYPES,
    ACTIONS: ACTION_TYPES,
    AUDIT: AUDIT_TYPES,
    SETTLEMENT_WAITING: {"settlement.reversal.waiting.v1": WaitingReversal, "settlement.year.behind.v1": YearBehind},
    IDENTITY_WAITING: ADMISSION_TYPES,
    HOSPITAL_SHARES: {"monitoring.hospital.share.v1": HospitalShare},
}
INPUTS: Final = (IDENTITY_EVENTS, ADMISSIONS, CLAIMS, OPERATOR_EVENTS, ACTIONS)
"""Topics that people and other systems write, operators through the console; a file of events is published to them by type."""


OURS: Final = tuple(topic for topic in TYPES_BY_TOPIC if topic not in INPUTS)
"""Topics with events that medaid alone writes; dead letters and what only passes through (`rerouted`) are not among them."""


def home_field(topic: str) -> str:
    """The field of `data` that names whose an event on the input `topic` is: the record's key."""
    return "subject" if topic == ACTIONS else "person_id"


def dead_letters_of(topic: str) -> str:
    """The dead-letter topic of an input topic."""
    return f"{topic}.dlq"
