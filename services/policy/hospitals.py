"""A claim's part in its hospital's year: what assisted persons' stays in the county leave to them (苏 二(七), 锡 (七), 连 (八); R25). Pure."""

from datetime import date

from schemas.hospital import ClaimSubmitted
from schemas.settlement import SettlementResult
from services.policy.library import Policies
from services.policy.model import HospitalRatio


def hospital_share(policies: Policies, result: SettlementResult, claim: ClaimSubmitted) -> tuple[int, int] | None:
    """Burden and policy-scope amount in fen of a stay that counts: of a person settled by a category, in the county, not reversed; else None.

    Args:
        policies: As they stand today.
        result: A revision of the claim.
        claim: The claim that it carries.
    """
    ratio = _ratio_of(policies, result.region, claim.date)
    if ratio is None or result.outcome == "reversed" or not claim.is_stay or not claim.in_county or result.category is None:
        return None
    beyond_fen = claim.total_amount - claim.policy_scope_amount if ratio.basis == "with_out_of_scope" else 0
    return result.personal_burden + beyond_fen, claim.policy_scope_amount


def _ratio_of(policies: Policies, region: str, day: date) -> HospitalRatio | None:
    return policies.nearest(region, day).file.hospital_ratio if region in policies.current else None
