"""The people of a city, made up from its file: their statuses, bills and admissions, and what agencies say of them. Always the same ones.

In: a policy. Out: `People`, such that each category, class, kind of visit, illness and end of a status occurs, in years of small bills and of great ones.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise, product
from random import Random
from typing import Any, NamedTuple, get_args
from zlib import crc32

from schemas.codes import Condition, InsuranceType, LossReason, Referral, VisitType
from schemas.hospital import AdmissionOpened, ClaimSubmitted
from schemas.money import yuan_text
from services.policy.entitlement import Application, Interval, Status
from services.policy.loader import Policy
from services.policy.standing import StatusEvent, status_event

YEARS_BEGIN, NEW_YEAR = date(2024, 6, 1), date(2025, 1, 1)
SMALL, GREAT = (1, 3_335, 99_999, 250_000, 1_234_567), (3_000_000, 12_345_678, 45_000_000)
"""Amounts in fen: such that no limit is reached soon, and such that all are."""

NOON = "2025-12-31T12:00:00+08:00"


class Year(NamedTuple):
    """A person's status and claims."""

    status: Status
    claims: Sequence[ClaimSubmitted]


class People(NamedTuple):
    """All who are looked at: by status, and by what agencies said of them."""

    region: str
    categories: tuple[str, ...]
    years: tuple[Year, ...]
    told: tuple[tuple[StatusEvent, ...], ...]
    visits: tuple[ClaimSubmitted, ...]
    admissions: tuple[AdmissionOpened, ...]


def people_of(policy: Policy) -> People:
    """The people of a city: of each category two years, one of small bills and one of great ones; and one for each two that follow each other."""
    region, categories = policy.file.id, tuple(policy.file.categories)
    random = Random(15)
    small = [_claim(random, region, number, SMALL) for number in range(48)]
    great = [_claim(random, region, number, GREAT) for number in range(16)]
    years = [Year(_status(region, category), claims) for category in categories for claims in (small, great)]
    years += [Year(_status(region, *two), small[:16]) for two in pairwise(categories)]
    years += [Year(_status(region, category), _ills(region)) for category in _one_of_each_class(policy)]
    applied = tuple(Application(region, category, date(2025, 6, 1), NEW_YEAR, date(2025, 12, 31)) for category in categories)
    years += [Year(_status(region, category)._replace(applications=applied), small[:16]) for category in categories]
    return People(region, categories, tuple(years), _news(region, categories), _visits(region), _admissions(region))


def _one_of_each_class(policy: Policy) -> list[str]:
    """The first category of each class."""
    categories = policy.file.categories
    return list({category.klass: name for name, category in reversed(categories.items()) if category.klass}.values())


def _ills(region: str) -> list[ClaimSubmitted]:
    """Each illness as a stay and as a special visit, at home and away, of a child and of a grown person."""
    kinds = product(get_args(Condition), ("inpatient", "outpatient_special", "outpatient_chronic"))
    return [
        _bill(
            region,
            f"i{number}",
            visit,
            NEW_YEAR + timedelta(number),
            policy_scope_amount=yuan_text(4_321 + number),
            conditions=[illness],
            referral="referred",
            in_province=number % 5 != 0,
            birth_date="2011-06-15" if number % 2 else "1970-01-01",
            applied_on="2025-12-01",
        )
        for number, (illness, visit) in enumerate(kinds)
    ]


def _status(region: str, *categories: str) -> Status:
    return Status(None, tuple(Interval(region, category, YEARS_BEGIN, None) for category in categories))


def _claim(random: Random, region: str, number: int, amounts: Sequence[int]) -> ClaimSubmitted:
    """A bill of any kind; they go round, so that each kind meets each illness before long."""
    visit = get_args(VisitType)[number % 4]
    own_fen = random.choice(amounts)
    insurance = random.choice([*get_args(InsuranceType), "resident", "resident"])
    facts = {
        "insurance_type": insurance,
        "conditions": [get_args(Condition)[number * 5 % 18]] if number % 3 else [],
        "basic_paid": "500.00",
        "policy_scope_amount": yuan_text(own_fen + 50_000),
        "total_amount": yuan_text(own_fen + 50_000 + random.choice((0, 12_345))),
        "above_basic_cap_amount": yuan_text(random.choice((0, 0, own_fen // 3)) if insurance != "none" else 0),
        "referral": random.choice([*get_args(Referral), "local", "referred"]),
        "in_province": random.random() < 0.8,
        "payment_method": random.choice(("itemised", "itemised", "itemised", "package")),
        "birth_date": random.choice((None, "1970-01-01", "2009-06-15", "2010-06-15", "2011-06-15")),
        "applied_on": random.choice((None, "2025-12-01")),
        "consultation_fee": "10.00",
    }
    return _bill(region, f"c{number}", visit, NEW_YEAR + timedelta(7 * number), **facts)


def _bill(region: str, claim_id: str, visit: str, day: date, first: date | None = None, **facts: Any) -> ClaimSubmitted:
    days = {"admission_date": first or day, "discharge_date": day} if visit == "inpatient" else {"service_date": day}
    who = {
        "claim_id": claim_id,
        "hospital_id": f"H{crc32(claim_id.encode()) % 4 + 1}",
        "person_id": "P1",
        "region": region,
        "visit_type": visit,
    }
    plain = {
        "insurance_type": "resident",
        "total_amount": "1500.00",
        "policy_scope_amount": "1000.00",
        "basic_paid": "0",
        "critical_illness_paid": "0",
    }
    return ClaimSubmitted.model_validate({**who, **plain, **days, **facts})


def _visits(region: str) -> tuple[ClaimSubmitted, ...]:
    """Visits before and after each piece of news, stays into which it falls, one over the New Year, and visits before the decrees and long after."""
    days = ((2, 9), (2, 10), (3, 1), (5, 14), (5, 15), (5, 20), (6, 1), (12, 31))
    visits = [_bill(region, f"v{month}-{day}", "outpatient", date(2025, month, day)) for month, day in days]
    visits += [_bill(region, f"s{month}", "inpatient", date(2025, month, 25), date(2025, month, 5)) for month in (2, 5, 10)]
    visits.append(_bill(region, "n", "inpatient", date(2025, 1, 3), date(2024, 12, 30)))
    visits += [_bill(region, f"y{day.year}", "outpatient", day) for day in (date(2022, 12, 31), date(2023, 1, 1), date(2031, 1, 1))]
    return tuple(visits)


def _admissions(region: str) -> tuple[AdmissionOpened, ...]:
    """In the city and out of it, referred and not, before and after the grant."""
    stay = {"person_id": "P1", "hospital_id": "H1", "region": region}
    kinds = ((day, city, referred) for day in (date(2025, 1, 5), date(2025, 3, 5)) for city in (True, False) for referred in (True, False))
    return tuple(
        AdmissionOpened.model_validate(
            {**stay, "admission_id": f"a{number}", "admission_date": day, "in_city": city, "referred_by_primary_care": referred}
        )
        for number, (day, city, referred) in enumerate(kinds)
    )


def _news(region: str, categories: Sequence[str]) -> tuple[tuple[StatusEvent, ...], ...]:
    """First a grant of each category at once, then one person for each category and each way in which a status can end."""

    def event(verb: str, number: int, day: str, **data: Any) -> StatusEvent:
        told = {"person_id": "P1", "region": region, "effective_date": day, **data}
        return status_event(f"/agencies/{region}/civil-affairs", f"e{number}", f"identity.status.{verb}.v1", NOON, told)

    people = [tuple(event("granted", number, "2025-02-10", category=category) for number, category in enumerate(categories))]
    for category, other in zip(categories, (*categories[1:], categories[0]), strict=True):
        granted = event("granted", 0, "2025-02-10", category=category, enrolled_on="2025-01-05")
        lost, fraud, death = (event("revoked", 1, "2025-05-15", category=category, reason=reason) for reason in get_args(LossReason))
        changed = event("changed", 1, "2025-05-15", from_category=category, to_category=other)
        people += [(granted, end) for end in (lost, fraud, death, changed)]
        people.append((granted, lost, event("granted", 2, "2025-05-16", category=other)))
        people.append((granted, event("granted", 2, "2025-09-10", category=category)))
    return tuple(people)
