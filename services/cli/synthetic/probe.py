"""Which claims make a policy's rules show: for each benefit, reason and limit a category, a kind of visit and amounts that bring it about.

The engine itself is asked, so that it holds for any policy. In: a city. Out: `Case`s. Not here: the persons who live through them (`cast_policy.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import get_args

from schemas.codes import VisitType
from schemas.hospital import ClaimSubmitted
from services.cli.synthetic.bills import YUAN, bill_leaving
from services.cli.synthetic.script import Person
from services.cli.synthetic.visits import Visit, claim_data
from services.cli.synthetic.world import City
from services.policy.adjudicate import Settlement, settle
from services.policy.course import Counters
from services.policy.entitlement import Interval, Status

AMPLE = 600_000 * YUAN
AMOUNTS = (86_40, 1_237_50, 6_480_25, 31_200_40, 124_000_00, AMPLE)
"""Self-pay tried, in fen and ascending: a visit, a stay, an operation, a bad year, ruin."""

FEW = (AMOUNTS[1], 0, AMOUNTS[0], 10)
"""Self-pay on which nothing may be paid: that of a stay, none, that of a visit, one of which a share may round to nothing."""


@dataclass(frozen=True, slots=True)
class Case:
    """A category, a kind of visit, and the self-pay of one claim after the other in fen."""

    category: str
    visit: Visit
    self_pays: tuple[int, ...]


def visits(city: City) -> Iterator[Visit]:
    """Kinds of visit, the plain ones first: each condition and age limit on each type, and one thing at a time out of the ordinary."""
    kinds = [Visit(kind) for kind in get_args(VisitType)]
    marked = kinds + [replace(visit, conditions=(condition,)) for visit in kinds for condition in city.conditions]
    ages = sorted({years for limit in city.ages for years in (limit, limit + 1)})
    yield from marked
    for visit in kinds:
        yield replace(visit, above_cap=True)
        yield replace(visit, referral="unreferred")
        yield replace(visit, referral="referred")
        yield replace(visit, in_province=False)
        yield replace(visit, insurance="employee")
        yield replace(visit, applied=False)
    yield from (replace(visit, age=age) for age in ages for visit in marked)


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
    for number, fen in enumerate(case.self_pays):
        settlement = settle(city.policy, status, counters, _claim(city, person, case.visit, fen, day_of(city, number)))
        counters = settlement.counters
        yield settlement


def _claim(city: City, person: Person, visit: Visit, fen: int, last: date) -> ClaimSubmitted:
    bill = bill_leaving(fen, above_cap=fen // 2 if visit.above_cap else 0)
    return ClaimSubmitted.model_validate({**claim_data(city.region, person, visit, bill, last, "C"), **bill.wire()})


def one_of_each_class(city: City) -> list[str]:
    """A category for every class, and for every way of having none."""
    kinds = city.policy.file.categories
    return list({(category.klass, category.settles, category.figures_until): name for name, category in reversed(kinds.items())}.values())[::-1]


def benefit_cases(city: City) -> dict[tuple[str, str, str], Case]:
    """For each class, benefit that pays under it, and type of visit a claim, as small as may be, on which it does."""
    found: dict[tuple[str, str, str], Case] = {}
    tried = list(visits(city))
    for category in one_of_each_class(city):
        for visit in tried:
            for klass, benefit in _paid(next(course(city, Case(category, visit, (AMPLE,))))):
                if (klass, benefit, visit.kind) not in found:
                    found[klass, benefit, visit.kind] = _smallest(city, category, visit, (klass, benefit))
    return found


def _paid(settlement: Settlement) -> list[tuple[str, str]]:
    chosen = settlement.chosen
    return [(chosen.klass or "", payment.benefit) for payment in chosen.payments] if chosen else []


def _smallest(city: City, category: str, visit: Visit, key: tuple[str, str]) -> Case:
    cases = (Case(category, visit, (fen,)) for fen in (AMOUNTS[1:] if visit.is_stay else AMOUNTS))
    return next(case for case in cases if key in _paid(next(course(city, case))))


def reason_cases(city: City) -> dict[tuple[str | None, str], Case]:
    """For each class and reason that a claim under it can be given a claim that is given it."""
    found: dict[tuple[str | None, str], Case] = {}
    plain = [visit for visit in visits(city) if visit.age is None]
    for category in one_of_each_class(city):
        for visit in plain:
            for fen in FEW:
                case = Case(category, visit, (fen,))
                settlement = next(course(city, case))
                if settlement.reason is not None and settlement.chosen is not None:
                    found.setdefault((settlement.chosen.klass, settlement.reason), case)
    return found


def limit_cases(city: City, benefits: Mapping[tuple[str, str, str], Case]) -> dict[tuple[str, str], Case]:
    """For each class and pool that can bind under it a series of claims on which it does, and some after it."""
    found: dict[tuple[str, str], Case] = {}
    terms = {benefit.id: benefit.limited_by for benefit in city.policy.file.benefits}
    for (klass, benefit, _kind), case in sorted(benefits.items(), key=lambda item: not item[1].visit.is_stay):
        for pool in terms[benefit]:
            limit = _limit(city, pool, klass)
            if limit is not None and (klass, pool) not in found:
                series = (replace(case, self_pays=(step,) * 6) for step in _steps(limit))
                binding = next((tried for tried in series if _binds(city, tried, pool)), None)
                if binding is not None:
                    found[klass, pool] = binding
    return found


def _steps(limit: int) -> Sequence[int]:
    """Self-pays to reach a limit with: in several claims, in one, or far beyond it where a small share counts."""
    return tuple(limit * percent // 100 for percent in (45, 90, 250, 900, 2500))


def _limit(city: City, pool: str, klass: str) -> int | None:
    figures = city.policy.file.pools[pool].limit_yuan or {}
    dated = figures.get(klass) or figures.get("default")
    return max(dated.values()) if dated else None


def _binds(city: City, case: Case, pool: str) -> bool:
    return any(payment.limited_by == pool for settlement in course(city, case) if settlement.chosen for payment in settlement.chosen.payments)


@dataclass(frozen=True, slots=True)
class Casebook:
    """All cases of a city.

    Attributes:
        best, lean: The category that pays the most, and the one that pays the least but something, on an ordinary stay.
    """

    benefits: Mapping[tuple[str, str, str], Case]
    reasons: Mapping[tuple[str | None, str], Case]
    limits: Mapping[tuple[str, str], Case]
    best: str
    lean: str


def casebook_of(city: City) -> Casebook:
    """The city's cases."""
    benefits = benefit_cases(city)
    paid = {name: next(course(city, Case(name, Visit(), (AMOUNTS[3],)))).assistance_fen for name in city.settling}
    paying = [name for name, fen in paid.items() if fen] or list(paid)
    best, lean = max(paying, key=paid.__getitem__), min(paying, key=paid.__getitem__)
    return Casebook(benefits, reason_cases(city), limit_cases(city, benefits), best, lean)
