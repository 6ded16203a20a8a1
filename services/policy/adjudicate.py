"""The ledger as a function: what the fund owes for one person, region and year, claim by claim in the order of acceptance.

In: a policy, the person's status, the counters, a claim. Out: a `Settlement`, with everything that explains it. Pure: the same in, the same out;
`adjudicate` of a whole year and `settle` of its next claim agree by construction.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Literal, NamedTuple

from schemas.hospital import ClaimSubmitted
from services.policy.course import Counters, round_share
from services.policy.engine import Assessment, assess, nothing
from services.policy.entitlement import Status, covering
from services.policy.facts import Facts, facts_of
from services.policy.loader import Policy
from services.policy.terms import Terms


class Settlement(NamedTuple):
    """One claim, settled. Amounts in fen.

    Attributes:
        policy, version: The policy settled under and its version of the claim's day; None without one in force.
        chosen: The assessment of the category settled by; None without one.
        assessments: Those of every covering category, in the policy's order.
        reason: Why nothing is paid; None when something is.
        counters: The person-year's counters after this claim.
    """

    policy: Policy | None
    version: date | None
    self_pay_fen: int
    chosen: Assessment | None
    assessments: tuple[Assessment, ...]
    reason: str | None
    fee_waived_fen: int
    counters: Counters
    is_reversed: bool = False

    @property
    def assistance_fen(self) -> int:
        """What the fund pays."""
        return self.chosen.total_fen if self.chosen else 0

    @property
    def deductible_fen(self) -> int:
        """The deductible used up by this claim."""
        return self.chosen.deductible_fen if self.chosen else 0

    @property
    def outcome(self) -> str:
        """`assisted`, `not_assisted` or `reversed`."""
        if self.is_reversed:
            return "reversed"
        return "assisted" if self.assistance_fen else "not_assisted"


def claim_year(policy: Policy, claim: ClaimSubmitted) -> int:
    """The calendar year that `claim` counts in (R4, R5)."""
    return (claim.first_date if policy.file.self_pay.stay_year == "admission" else claim.date).year


def self_pay_fen(policy: Policy, claim: ClaimSubmitted) -> int:
    """S by the region's rule; without a policy in force, or without a rule of the region for the uninsured, by its first sentence, at least 0."""
    match self_pay_rule(policy, claim):
        case "share":
            terms = policy.terms(claim.date)
            return round_share(claim.total_amount, terms.uninsured_bp or 0, terms.round_down)
        case "package":
            return max(0, claim.total_amount - claim.basic_paid - claim.critical_illness_paid)
        case "plain":
            return max(0, claim.policy_scope_amount - claim.basic_paid - claim.critical_illness_paid - claim.other_paid)


def self_pay_rule(policy: Policy, claim: ClaimSubmitted) -> Literal["plain", "share", "package"]:
    """What S is made of: of the whole bill a share without insurance, or what is left of it under a package; else what is left within the scope."""
    if not policy.in_force(claim.date):
        return "plain"
    terms = policy.terms(claim.date)
    if claim.insurance_type == "none":
        return "plain" if terms.uninsured_bp is None else "share"
    return "package" if claim.payment_method == "package" and terms.package else "plain"


def settle(policy: Policy, status: Status, counters: Counters, claim: ClaimSubmitted) -> Settlement:
    """Settle one claim with the counters as they stand."""
    own_fen = self_pay_fen(policy, claim)
    counted = {name: counters.get(name, 0) for name in policy.file.pools}
    if not policy.in_force(claim.date):
        return Settlement(None, None, own_fen, None, (), "no_policy_in_force", 0, counted)
    terms = policy.terms(claim.date)
    version = terms.version
    if claim.insurance_type == "none" and terms.uninsured_bp is None:
        return Settlement(policy, version, own_fen, None, (), "not_enrolled", 0, counted)
    if not policy.is_designated(claim.hospital_id, claim.date):
        return Settlement(policy, version, own_fen, None, (), "not_designated", 0, counted)
    categories = _covering(policy, status, claim)
    if not categories:
        return Settlement(policy, version, own_fen, None, (), "no_entitlement", 0, counted)
    facts = facts_of(claim, own_fen, status.birth_date, policy.grade(claim.hospital_id, claim.date) if policy.designated else "ungraded")
    assessments = tuple([_assess(policy, terms, category, _applied(policy, status, category, facts), counted) for category in categories])
    chosen = max(assessments, key=lambda assessment: assessment.total_fen)  # of equals the first, which the table lists first
    waived_fen = claim.consultation_fee if chosen.klass and claim.visit_type in terms.fee_visits else 0
    after = {name: counted[name] + chosen.used_fen.get(name, 0) for name in counted}
    return Settlement(policy, version, own_fen, chosen, assessments, chosen.reason, waived_fen, after)


def adjudicate(policy_of: Callable[[date], Policy], status: Status, claims: Iterable[tuple[ClaimSubmitted, bool]]) -> Iterator[Settlement]:
    """Settle a person-year from its beginning.

    Args:
        policy_of: The policy of a claim's day.
        status: The person's status.
        claims: The year's claims in the order of acceptance, and whether each was reversed.
    """
    counters: Counters = {}
    for claim, is_reversed in claims:
        policy = policy_of(claim.date)
        if is_reversed:
            yield reversal(policy, claim, counters)
            continue
        settlement = settle(policy, status, counters, claim)
        counters = {**counters, **settlement.counters}
        yield settlement


def reversal(policy: Policy, claim: ClaimSubmitted, counters: Counters) -> Settlement:
    """A reversed claim: nothing is paid and nothing used."""
    counted: Mapping[str, int] = {name: counters.get(name, 0) for name in policy.file.pools}
    if not policy.in_force(claim.date):
        return Settlement(None, None, 0, None, (), None, 0, counted, is_reversed=True)
    return Settlement(policy, policy.version(claim.date), 0, None, (), None, 0, counted, is_reversed=True)


def _covering(policy: Policy, status: Status, claim: ClaimSubmitted) -> list[str]:
    file = policy.file
    intervals = [interval for interval in status.intervals if interval.region == file.id]
    return covering(file.entitlement, intervals, file.categories, claim.first_date, claim.date, claim.is_stay)


def _applied(policy: Policy, status: Status, category: str, facts: Facts) -> Facts:
    """The facts with the approved application of the claim's day and category; the claim's own goes before it."""
    if facts.applied_on is not None or not status.applications:
        return facts
    approved = status.application(policy.file.id, category, facts.claim.date)
    return facts if approved is None else facts.applied_for(approved.applied_on)


def _assess(policy: Policy, terms: Terms, name: str, facts: Facts, counters: Counters) -> Assessment:
    """What category `name` gives on a claim."""
    category = policy.file.categories[name]
    if category.settles is not None or category.klass is None:
        return nothing(name, category.settles or "figures_not_published")
    if category.figures_until is not None and facts.claim.date > category.figures_until:
        return nothing(name, "figures_not_published")
    return assess(terms, name, category.klass, facts, counters)
