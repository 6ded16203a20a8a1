"""The pages of a city: what its fund pays, by month, category, component, district, reason and hospital; and its policy with clauses and readings."""

import re
from datetime import date

from starlette.responses import RedirectResponse, Response

from services.console.domain.claims import COMPONENTS, NOBODY
from services.console.web.city_sums import HospitalYear, city_year, years_of
from services.console.web.room import Visit, failure, render
from services.policy.decree import pages

HOSPITALS_MAX = 50
"""How many hospitals a page shows, the worst first."""


async def first(visit: Visit) -> Response:
    """The first city."""
    return RedirectResponse(f"/cities/{visit.room.policies.known()[0]}", 303)


async def show(visit: Visit) -> Response:
    """A city's year."""
    room, region = visit.room, visit.path["region"]
    if region not in room.policies.current:
        return _lacking(visit, region)
    years = await years_of(room.shelf, region)
    asked = visit.query.get("year", "")
    number = int(asked) if re.fullmatch(r"[12]\d{3}", asked) else years[0] if years else room.now().year
    policy = room.policies.nearest(region, date(number, 12, 31))
    city = await city_year(room.shelf, region, number)
    skip = HOSPITALS_MAX * (int(visit.query["hospitals"]) if re.fullmatch(r"\d{1,5}", visit.query.get("hospitals", "")) else 0)
    return render(
        visit,
        "city.html",
        region=region,
        policy=policy,
        number=number,
        city=city,
        components=COMPONENTS,
        hospitals=city.hospitals[skip : skip + HOSPITALS_MAX],
        skip=skip,
        limit_bp=_limit_bp(visit, region, number),
        month=str,
        category=lambda code: visit.speech.pick("未按类别", "no category") if code == NOBODY else _category(visit, region, number, code),
        is_over=lambda hospital: _is_over(hospital, _limit_bp(visit, region, number)),
    )


async def policy(visit: Visit) -> Response:
    """A city's policy, as `medaid policy show` prints it."""
    region = visit.path["region"]
    if region not in visit.room.policies.current:
        return _lacking(visit, region)
    parts = [part for one in visit.room.policies.current[region] for part in pages(one, visit.speech)]
    return render(visit, "policy.html", region=region, parts=[(type(part).__name__, part) for part in parts])


def _lacking(visit: Visit, region: str) -> Response:
    """What is told of a region without a policy: its files' faults, where these are why."""
    if region not in visit.room.policies.faulty:
        return failure(visit.room, visit.request, 404, visit.visitor)
    return render(visit, "faulty.html", region=region, faults=visit.room.policies.faulty[region])


def _category(visit: Visit, region: str, number: int, code: str) -> str:
    known = visit.room.policies.nearest(region, date(number, 12, 31)).file.categories.get(code)
    return visit.speech.label(known.label) if known else code


def _limit_bp(visit: Visit, region: str, number: int) -> int | None:
    """The share that the decree leaves to assisted persons at most, basis points; None where it sets none."""
    rule = visit.room.policies.nearest(region, date(number, 12, 31)).file.hospital_ratio
    begun = [day for day in rule.limit_percent if day <= date(number, 12, 31)] if rule else []
    return rule.limit_percent[max(begun)] if rule and begun else None


def _is_over(hospital: HospitalYear, limit_bp: int | None) -> bool:
    """Whether a hospital leaves more to assisted persons than the decree has it; exact, not by the rounded ratio."""
    return limit_bp is not None and hospital.burden * 10_000 > hospital.scope * limit_bp
