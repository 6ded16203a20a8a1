"""A settlement as the ledger tells it. One function serves settlement, replay and explain, so that no two of them can disagree."""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from schemas.hospital import ClaimSubmitted
from schemas.money import yuan_text
from services.policy.adjudicate import Settlement
from services.policy.course import Counters, Payment
from services.policy.engine import Assessment

FIGURES = (
    "outcome",
    "reason",
    "category",
    "policy",
    "self_pay",
    "deductible",
    "components",
    "assistance_amount",
    "personal_burden",
    "consultation_fee_waived",
)
"""The fields of a result whose change makes a new revision; of `policy` all but the edition, for an edition that changes no figure re-prices nothing."""


class Revision(NamedTuple):
    """What places a settlement on the ledger.

    Attributes:
        verb: `completed`, `adjusted` or `reversed`.
        delta_fen: Assistance less that of the revision before.
        counters: The person-year's counters after the event that caused the revision.
        cause: Source and id of that event.
        reversed_for: The sender's reason of a reversal.
    """

    verb: str
    number: int
    sequence: int
    year: int
    delta_fen: int
    counters: Counters
    cause: Mapping[str, str]
    reversed_for: str | None = None


def result_data(claim: ClaimSubmitted, settlement: Settlement, revision: Revision, figures: Mapping[str, Any]) -> dict[str, Any]:
    """The `data` of a result; `figures` are its `figures_data`."""
    return {
        "settlement_id": f"{claim.key}/{revision.number}",
        "hospital_id": claim.hospital_id,
        "claim_id": claim.claim_id,
        "person_id": claim.person_id,
        "region": claim.region,
        "district": claim.district,
        "year": revision.year,
        "visit_type": claim.visit_type,
        "sequence": revision.sequence,
        "revision": revision.number,
        **figures,
        "claim": claim.wire(),
        "delta": yuan_text(revision.delta_fen),
        "counters": {name: yuan_text(fen) for name, fen in revision.counters.items()},
        "candidates": [_candidate(assessment) for assessment in settlement.assessments],
        "caused_by": dict(revision.cause),
    }


def figures_data(settlement: Settlement, reversed_for: str | None) -> dict[str, Any]:
    """The fields named in `FIGURES`."""
    chosen = settlement.chosen
    return {
        "outcome": settlement.outcome,
        "reason": reversed_for if settlement.is_reversed else settlement.reason,
        "category": chosen.category if chosen else None,
        "policy": settlement.policy.told(settlement.version) if settlement.policy and settlement.version else None,
        "self_pay": yuan_text(settlement.self_pay_fen),
        "deductible": yuan_text(settlement.deductible_fen),
        "components": [component(payment) for payment in chosen.payments] if chosen else [],
        "assistance_amount": yuan_text(settlement.assistance_fen),
        "personal_burden": yuan_text(max(0, settlement.self_pay_fen - settlement.assistance_fen)),
        "consultation_fee_waived": yuan_text(settlement.fee_waived_fen),
    }


def figures_hash(settlement: Settlement, reversed_for: str | None) -> str:
    """A hash that differs when, and only when, a new revision is due."""
    return hash_of_figures(figures_data(settlement, reversed_for))


def hash_of_figures(data: Mapping[str, Any]) -> str:
    """The same hash from the data of a result."""
    figures = {name: data[name] for name in FIGURES}
    if figures["policy"] is not None:
        figures["policy"] = {name: value for name, value in figures["policy"].items() if name != "edition"}
    return hashlib.blake2b(orjson.dumps(figures, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()


def component(payment: Payment) -> dict[str, Any]:
    """One payment as the ledger tells it."""
    return {
        "kind": payment.kind,
        "clause": payment.clause,
        "base": yuan_text(payment.base_fen),
        "rate": share_text(payment.rate_bp),
        "amount": yuan_text(payment.amount_fen),
        "limited_by": payment.limited_by,
    }


def share_text(rate_bp: int) -> str:
    """Basis points as a share: 8500 is "0.85", 3333 "0.3333"."""
    text = f"{rate_bp // 10_000}.{rate_bp % 10_000:04d}"
    return text[:-2] if text.endswith("00") else text


def _candidate(assessment: Assessment) -> dict[str, Any]:
    return {"category": assessment.category, "assistance_amount": yuan_text(assessment.total_fen), "reason": assessment.reason}
