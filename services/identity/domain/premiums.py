"""What the fund pays of a person's premiums (资助参保): for each region and year in which a status, or its renewal, takes effect. Pure.

In: the person's runs of status and accepted events. Out: the content of a subsidy for each region and year: the most generous of the year's. Where a
region's file has figures, with the amount in yuan: null where it cannot be known, for want of a figure or of the birth date that decides the tier.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from schemas.identity import StatusGranted
from schemas.money import Fen, yuan_text
from services.policy.course import round_share
from services.policy.library import Policies
from services.policy.model import PolicyFile
from services.policy.parts import PercentOf, fen_at
from services.policy.people import Category
from services.policy.standing import StatusEvent, birth_date, standing
from services.policy.tiers import is_by_tier, tier_of
from services.policy.timeline import Run, first_day

GENEROSITY = ("full", "fixed", "none")
YearKey = tuple[str, int]
"""Region and calendar year."""


class _Offer(NamedTuple):
    """What one status brings. `amount_fen` None: not known. `place`: that of its category in the policy's table."""

    subsidy: str
    amount_fen: int | None
    place: int
    content: Mapping[str, Any]


def subsidies_due(policies: Policies, person_id: str, events: Sequence[StatusEvent], known: Iterable[Run]) -> dict[YearKey, dict[str, Any]]:
    """For each region and year what is paid of the premium: of what the statuses bring the most generous, ties by the policy's order."""
    enrolled, born = _enrolments(policies, events), birth_date(events)
    offers: dict[YearKey, list[_Offer]] = {}
    for run in known:
        for day in run.begun:
            key = (run.interval.region, day.year)
            offer = _offer(policies, run, day, enrolled.get(key), born)
            if offer is not None:
                offers.setdefault(key, []).append(offer)
    return {(region, year): _addressed(person_id, region, year, _best(found).content) for (region, year), found in offers.items()}


def no_subsidy(policies: Policies, person_id: str, region: str, year: int) -> dict[str, Any]:
    """What is due when no grant of the year is left."""
    file = policies.nearest(region, date(year, 1, 1)).file
    content = {
        "category": None,
        "subsidy": "none",
        "reason": None,
        "paid_after_enrolment": False,
        "waiting_period_waived": False,
        "clause": None,
        **_told(file, 0, None),
    }
    return _addressed(person_id, region, year, content)


def _addressed(person_id: str, region: str, year: int, content: Mapping[str, Any]) -> dict[str, Any]:
    return {"subsidy_id": f"{person_id}/{region}/{year}", "person_id": person_id, "region": region, "year": year, **content}


def _enrolments(policies: Policies, events: Sequence[StatusEvent]) -> dict[YearKey, date]:
    """For each region and year the earliest enrolment that a grant taking effect in the year tells."""
    earliest: dict[YearKey, date] = {}
    for event in standing(event for event in events if event.data.region in policies.current):
        grant = event.data
        if isinstance(grant, StatusGranted) and grant.enrolled_on:
            file = policies.nearest(grant.region, grant.effective_date).file
            key = (grant.region, first_day(file, grant.category, grant.effective_date).year)
            earliest[key] = min(grant.enrolled_on, earliest.get(key, grant.enrolled_on))
    return earliest


def _best(offers: Sequence[_Offer]) -> _Offer:
    """The most generous: by amount where every amount is known, else by what it is called."""
    if all(offer.amount_fen is not None or offer.subsidy == "none" for offer in offers):
        return min(offers, key=lambda offer: (-(offer.amount_fen or 0), GENEROSITY.index(offer.subsidy), offer.place))
    return min(offers, key=lambda offer: (GENEROSITY.index(offer.subsidy), offer.place))


def _offer(policies: Policies, run: Run, day: date, enrolled_on: date | None, born: date | None) -> _Offer | None:
    """What a status brings that took effect on `day`; None on a day of no policy, or of one that does not know the category."""
    policy = policies.nearest(run.interval.region, day)
    category = policy.file.categories.get(run.interval.category)
    if category is None or not policy.in_force(day):
        return None
    rules = policy.file.premium_subsidy
    subsidy, reason = category.subsidy or "none", None
    if category.subsidy is None:
        reason = "figures_not_published"
    elif category.subsidy == "none":
        reason = "category_without_subsidy"
    elif rules.not_if_enrolled_before_grant and enrolled_on is not None and enrolled_on < run.granted_on:
        subsidy, reason = "none", "already_enrolled"
    paid = subsidy != "none"
    tier = tier_of(rules.tiers, born, day.year)
    nothing_fen = None if category.subsidy is None else 0
    amount_fen = _amount_fen(policy.file, category, tier, day) if paid else nothing_fen
    content = {
        "category": run.interval.category,
        "subsidy": subsidy,
        "reason": reason,
        "paid_after_enrolment": paid and rules.paid_after_enrolment,
        "waiting_period_waived": paid and rules.waiting_period_waived,
        "clause": rules.clause,
        **_told(policy.file, amount_fen, tier),
    }
    return _Offer(subsidy, amount_fen, list(policy.file.categories).index(run.interval.category), content)


def _amount_fen(file: PolicyFile, category: Category, tier: str | None, day: date) -> int | None:
    """What a subsidy comes to by the figures of `day`, never more than the premium; None where it cannot be known."""
    premium_fen = fen_at(file.premium_subsidy.tiers[tier].premium_yuan, day, file.figures) if tier is not None else None
    if category.subsidy == "full":
        return premium_fen
    if category.subsidy_percent is not None:
        share_bp = _figure(file, category.subsidy_percent, tier, day)
        known = premium_fen is not None and share_bp is not None
        return round_share(premium_fen or 0, share_bp or 0, file.self_pay.rounding == "down") if known else None
    amount_fen = _figure(file, category.subsidy_yuan, tier, day)
    return amount_fen if amount_fen is None or premium_fen is None else min(amount_fen, premium_fen)


def _figure(file: PolicyFile, figures: Mapping[Any, Any] | None, tier: str | None, day: date) -> int | None:
    """The figure of `day`, that of the tier where it stands by tier."""
    if figures is None or (is_by_tier(figures) and tier is None):
        return None
    dated: Mapping[date, int | PercentOf] = figures[tier] if is_by_tier(figures) else figures
    return fen_at(dated, day, file.figures)


def _told(file: PolicyFile, amount_fen: int | None, tier: str | None) -> dict[str, Any]:
    """Amount and tier, in a region whose file has figures of them; elsewhere nothing is said of them."""
    if not file.premium_subsidy.tiers and not any(category.subsidy_yuan for category in file.categories.values()):
        return {}
    return {"amount": None if amount_fen is None else yuan_text(Fen(amount_fen)), "tier": tier}
