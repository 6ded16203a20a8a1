"""Which claims make a policy's rules show: for each benefit, reason and limit a category, a kind of visit and amounts that bring it about.

The engine itself is asked, so that it holds for any policy. In: a city. Out: a `Casebook`. Not here: who lives through it (`cast_policy.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.policy.adjudicate import Settlement
from services.policy.limits import limit_fen
from services.synthetic.cases import AMOUNTS, AMPLE, Case, course, visits
from services.synthetic.visits import Visit
from services.synthetic.world import City

FEW = (AMOUNTS[1], 0, AMOUNTS[0], 10)
"""Self-pay on which nothing may be paid: that of a stay, none, that of a visit, one of which a share may round to nothing."""


def one_of_each_class(city: City) -> list[str]:
    """A category for every class, and for every way of having none."""
    kinds = city.policy.file.categories
    first: dict[tuple[object, ...], str] = {}
    for name, category in kinds.items():
        first.setdefault((category.klass, category.settles, category.figures_until), name)
    return list(first.values())


def benefit_cases(city: City) -> dict[tuple[str, str, str], Case]:
    """For each class, benefit that pays under it, and type of visit a claim, as small as may be, on which it does."""
    found: dict[tuple[str, str, str], Case] = {}
    for visit in visits(city):
        for category in one_of_each_class(city):
            amounts = (AMPLE,) if visit.age is not None else (AMOUNTS[2], AMPLE)
            paid = [key for fen in amounts for key in _paid(next(course(city, Case(category, visit, (fen,)))))]
            for klass, benefit in paid:
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
            limit = limit_fen(city.policy.file, pool, klass, city.last)
            if limit is not None and (klass, pool) not in found:
                series = (replace(case, self_pays=(step,) * 6) for step in _steps(limit))
                binding = next((tried for tried in series if _binds(city, tried, pool)), None)
                if binding is not None:
                    found[klass, pool] = _exhausted(city, binding)
    return found


def _exhausted(city: City, case: Case) -> Case:
    """The case with a visit after it that gets nothing because the limit is used up, where there is such a visit."""
    visit = case.visit
    for after in (visit, replace(visit, in_province=False, in_county=False), replace(visit, referral="unreferred")):
        tried = replace(case, after=after)
        if [*course(city, tried)][-1].reason == "limit_exhausted":
            return tried
    return case


def _steps(limit: int) -> Sequence[int]:
    """Self-pays to reach a limit with: in several claims, in one, or far beyond it where a small share counts."""
    return tuple(limit * percent // 100 for percent in (45, 90, 250, 900, 2500))


def _binds(city: City, case: Case, pool: str) -> bool:
    return any(
        payment.limited_by == pool for settlement in course(city, case) if settlement.chosen for payment in settlement.chosen.payments
    )


@dataclass(frozen=True, slots=True)
class Casebook:
    """All cases of a city.

    Attributes:
        best, lean: The category that pays the most, and the one that pays the least but something, on an ordinary stay.
        covered: The types of visit on which something is paid without any condition.
    """

    benefits: Mapping[tuple[str, str, str], Case]
    reasons: Mapping[tuple[str | None, str], Case]
    limits: Mapping[tuple[str, str], Case]
    best: str
    lean: str
    covered: tuple[str, ...]


def casebook_of(city: City) -> Casebook:
    """The city's cases."""
    benefits = benefit_cases(city)
    paid = {name: next(course(city, Case(name, Visit(), (AMOUNTS[3],)))).assistance_fen for name in city.settling}
    paying = [name for name, fen in paid.items() if fen] or list(paid)
    best, lean = max(paying, key=paid.__getitem__), min(paying, key=paid.__getitem__)
    covered = sorted({kind for (_klass, _benefit, kind), case in benefits.items() if not case.visit.conditions})
    return Casebook(benefits, reason_cases(city), limit_cases(city, benefits), best, lean, tuple(covered))
