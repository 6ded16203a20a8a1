"""Cases: a few claims of one person under one category, and what the engine makes of them.

In: a city and a case. Out: its settlements, one after the other. Not here: which cases a policy has (`probe.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, get_args

from schemas.codes import VisitType
from schemas.hospital import ClaimSubmitted
from services.policy.adjudicate import Settlement, settle
from services.policy.benefits import Benefit
from services.policy.course import Counters
from services.policy.entitlement import Interval, Status
from services.synthetic.bills import YUAN, bill_leaving
from services.synthetic.script import Person
from services.synthetic.visits import Visit, claim_data
from services.synthetic.world import City

AMPLE = 640_000 * YUAN
AMOUNTS = (86_40, 1_237_50, 6_480_25, 31_200_40, 124_000_00, AMPLE)
"""Self-pay tried, in fen and ascending: a visit, a stay, an operation, a bad year, ruin."""

ODD: tuple[dict[str, Any], ...] = (
    {"above_cap": True},
    {"referral": "unreferred"},
    {"referral": "referred"},
    {"in_province": False},
    {"insurance": "employee"},
    {"applied": False},
)
"""What a visit may be out of the ordinary in."""


@dataclass(frozen=True, slots=True)
class Case:
    """A category, a kind of visit, the self-pay of one claim after the other in fen, and a small visit of another kind `after` them all."""

    category: str
    visit: Visit
    self_pays: tuple[int, ...]
    after: Visit | None = None

    @property
    def claims(self) -> list[tuple[Visit, int]]:
        """Each claim's visit and self-pay in fen."""
        return [*((self.visit, fen) for fen in self.self_pays), *([(self.after, AMOUNTS[0])] if self.after else [])]


def visits(city: City) -> list[Visit]:
    """Kinds of visit, the plain ones first: each condition and age limit on each type, one thing at a time out of the ordinary, each benefit's."""
    kinds = [Visit(kind) for kind in get_args(VisitType)] + [Visit(kind, like=city.like(kind)) for kind in city.policy.file.visit_kinds]
    marked = kinds + [replace(visit, conditions=(condition,)) for visit in kinds for condition in city.conditions]
    odd = [replace(visit, **changes) for visit in kinds for changes in ODD]
    aged = [replace(visit, age=age) for age in city.ages for visit in marked]
    asked = [_asked_for(visit, benefit) for benefit in city.policy.file.benefits for visit in kinds]
    return list(dict.fromkeys((*marked, *odd, *aged, *asked)))


def _asked_for(visit: Visit, benefit: Benefit) -> Visit:
    """A visit as a benefit asks for it, all its conditions together."""
    when = benefit.when
    return replace(
        visit,
        conditions=(when.conditions or ())[:1],
        insurance=when.insurance[0] if when.insurance else visit.insurance,
        referral=when.referral[0] if when.referral else visit.referral,
        in_province=when.in_province is not False,
        applied=when.applied is not False,
        age=when.age_at_most,
        above_cap=benefit.base == "above_cap",
    )


def day_of(city: City, number: int) -> date:
    """The day of the `number`th claim of a case, in the last part of the year, so that the newest figures count."""
    begin = city.first + (city.last - city.first) * 7 // 10
    return min(begin + timedelta(days=9 * number), city.last)


def patient(city: City, visit: Visit) -> Person:
    """Somebody whom `visit` fits, for trial."""
    day = day_of(city, 0)
    return Person("P", date(day.year - (visit.age if visit.age is not None else 50), 1, 1), city.hospitals[0], city.districts[0])


def course(city: City, case: Case) -> Iterator[Settlement]:
    """The case's claims, settled one after the other."""
    person = patient(city, case.visit)
    status = Status(person.born, (Interval(city.region, case.category, city.first, None),))
    counters: Counters = {}
    for number, (visit, fen) in enumerate(case.claims):
        settlement = settle(city.policy, status, counters, _claim(city, person, visit, fen, day_of(city, number)))
        counters = settlement.counters
        yield settlement


def _claim(city: City, person: Person, visit: Visit, fen: int, last: date) -> ClaimSubmitted:
    bill = bill_leaving(fen, above_cap=fen // 2 if visit.above_cap else 0)
    return ClaimSubmitted.accepted({**claim_data(city.region, person, visit, bill, last, "C"), **bill.wire()})
