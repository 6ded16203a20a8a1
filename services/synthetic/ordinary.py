"""Ordinary people: most hold a status, fall ill as people do, and now and then something happens to their status or their bills.

In: a stage. Out: one more person's year. Not here: what must happen for certain (`cast_*.py`).
"""

from datetime import date, timedelta
from random import Random
from typing import get_args

from schemas.codes import Condition
from services.synthetic import statuses
from services.synthetic.bills import YUAN, ordinary_bill
from services.synthetic.script import Person, Sent
from services.synthetic.stage import Stage, days
from services.synthetic.visits import Visit, admit, reverse, send_claim, submit

CERTIFIED_PERCENT = 88
TYPICAL = {"outpatient": 260 * YUAN, "outpatient_chronic": 420 * YUAN, "outpatient_special": 1_500 * YUAN, "inpatient": 8_500 * YUAN}
"""A usual bill before insurance, fen."""

PROFILES = (
    (44, {"outpatient": (3, 6)}),
    (26, {"outpatient_chronic": (5, 11), "outpatient": (0, 2)}),
    (22, {"inpatient": (1, 3), "outpatient": (2, 5)}),
    (8, {"outpatient_special": (6, 12), "inpatient": (1, 2)}),
)
"""Weight, and of each type of visit from how many to how many a year."""

MARKED_PERMILLE = {"outpatient": 20, "outpatient_chronic": 250, "outpatient_special": 600, "inpatient": 150}
"""How often a visit is marked with a condition."""


def ordinary_person(stage: Stage) -> None:
    """One person's year."""
    rng = stage.rng
    category = _category(rng, stage.city.categories)
    person = stage.script.person(rng.randint(1, 16) if category in stage.city.of_children else None)
    last = _status(stage, person, category) if rng.randint(1, 100) <= CERTIFIED_PERCENT else stage.city.last
    insurance = rng.choices(("resident", "employee", "none"), (62, 37, 1))[0]
    (_weight, profile) = rng.choices(PROFILES, [weight for weight, _profile in PROFILES])[0]
    for kind, (fewest, most) in profile.items():
        count = rng.randint(fewest, most)
        for number in range(count):
            _visit(stage, person, kind, insurance, _part(stage, number, count), last)


def _part(stage: Stage, number: int, count: int) -> date:
    """A day in the `number`th of `count` parts of the year: stays of one person seldom meet."""
    return stage.city.day(stage.rng, 100 * number // count, max(100 * number // count, 100 * (number + 1) // count - 4))


def _visit(stage: Stage, person: Person, kind: str, insurance: str, day: date, last: date) -> None:
    """A visit that ends on `day`, unless the person died before."""
    if day > last:
        return
    rng = stage.rng
    if kind not in stage.book.covered and stage.book.covered and rng.random() < 0.6:
        kind = rng.choice([other for other in stage.book.covered if stage.city.like(other) != "inpatient"] or [kind])
    visit = _kind(stage, person, kind, insurance, day)
    typical = TYPICAL[stage.city.like(kind)] * rng.choices((1, 9), (97, 3))[0]
    bill = ordinary_bill(rng, typical, insurance, visit=not visit.is_stay)
    hospital = person.hospital if rng.random() < 0.75 else rng.choice(stage.city.hospitals)
    nights = rng.randint(2, 14)
    if visit.is_stay and rng.random() < 0.5:
        _admission(stage, person, day - days(nights), day, hospital, in_city=visit.referral == "local")
    late = rng.randint(20, 150) if rng.random() < 0.04 else 0
    _afterwards(stage, submit(stage.script, person, visit, bill, day, nights=nights, hospital=hospital, lag=rng.randint(0, 3), late=late))


def _admission(stage: Stage, person: Person, first: date, last: date, hospital: str, *, in_city: bool) -> None:
    referred, closed_first = stage.rng.random() < 0.7, stage.rng.random() < 0.03
    admit(stage.script, person, first, last, referred=referred, in_city=in_city, closed_first=closed_first, hospital=hospital)


def _kind(stage: Stage, person: Person, kind: str, insurance: str, day: date) -> Visit:
    rng = stage.rng
    conditions: tuple[str, ...] = ()
    if rng.randint(1, 1000) <= MARKED_PERMILLE[stage.city.like(kind)]:
        known = stage.city.conditions if stage.city.conditions and rng.random() < 0.97 else get_args(Condition)
        conditions = tuple(sorted({rng.choice(known) for _ in range(rng.choice((1, 1, 1, 2)))}))
    referral = rng.choices(("local", "referred", "resettled", "unreferred"), (80, 10, 6, 4))[0]
    return Visit(
        kind=kind,
        conditions=conditions,
        insurance=insurance,
        referral=referral,
        in_province=referral == "local" or rng.random() < 0.5,
        in_county=referral == "local" and rng.random() < 0.85,
        package=stage.city.like(kind) == "inpatient" and rng.random() < 0.05,
        applied=rng.random() < 0.6,
        age=day.year - person.born.year if rng.random() < 0.3 else None,
        like=stage.city.like(kind),
    )


def _afterwards(stage: Stage, claim: Sent) -> None:
    """Now and then a claim is sent again, taken back, or contradicted."""
    fate = stage.rng.randint(1, 1000)
    if fate <= 12:
        stage.script.again(claim, stage.rng.choice((0, 0, 3, 30)))
    elif fate <= 22:
        reverse(stage.script, claim, stage.rng.randint(1, 40))
    elif fate <= 24:
        reverse(stage.script, claim, 0)
    elif fate == 25:
        send_claim(stage.script, {**claim.data, "other_paid": "0.01"}, claim.arrival.date() + days(5))


def _status(stage: Stage, person: Person, category: str) -> date:
    """Certify the person, and perhaps something happens to it. The last day of the person's life, or of the year."""
    city, rng = stage.city, stage.rng
    since = rng.choices((city.long_ago(rng), city.day(rng, 0, 25), city.day(rng, 0, 100)), (70, 20, 10))[0]
    since = max(since, person.born + days(30))
    if category in city.policy.file.entitlement.expires_at_year_end:
        since = max(since, city.first)
    enrolled_on = date(since.year, 1, 1) + timedelta(days=rng.randint(0, 90)) if rng.random() < 0.3 else None
    granted = statuses.grant(
        stage.script, person, category, since, lag=_lag(rng), late=_late(rng), born=rng.random() < 0.9, enrolled_on=enrolled_on
    )
    return _misfortune(stage, person, category, granted)


def _misfortune(stage: Stage, person: Person, category: str, granted: Sent) -> date:
    """What may happen to a status, in per mille of people. The last day of the person's life, or of the year."""
    city, rng, script = stage.city, stage.rng, stage.script
    fate, day, lag, late = rng.randint(1, 1000), city.day(rng), rng.randint(0, 6), _late(rng)
    other = next((after for before, after in city.changes if before == category), None)
    if fate <= 60:
        statuses.revoke(script, person, category, day, lag=lag, late=late)
        if fate <= 12:
            statuses.grant(script, person, category, min(day + days(75), city.last), lag=lag)
    elif fate <= 95 and other is not None:
        statuses.change(script, person, category, other, day, lag=lag, late=late)
    elif fate <= 110:
        statuses.revoke(script, person, category, day, "death", lag=lag + rng.choice((0, 0, 40)))
        return day
    elif fate <= 115:
        statuses.revoke(script, person, category, day, "fraud", lag=lag, late=late)
    elif fate <= 121:
        statuses.void(script, granted, rng.randint(20, 200))
    elif fate <= 180:
        statuses.grant(script, person, _category(rng, city.categories), day, lag=lag, late=late, born=False)
    elif fate <= 190:
        script.again(granted, rng.randint(0, 60))
    return city.last


def _category(rng: Random, categories: tuple[str, ...]) -> str:
    """Those that the policy names first are the more frequent."""
    return rng.choices(categories, [60 // (place + 3) + 1 for place in range(len(categories))])[0]


def _lag(rng: Random) -> int:
    """Days from the day a status takes effect to its event: some are sent ahead."""
    return rng.choices((rng.randint(0, 5), -rng.randint(1, 30)), (95, 5))[0]


def _late(rng: Random) -> int:
    """Days that an event takes to arrive: some take months."""
    return rng.choices((0, rng.randint(15, 180)), (93, 7))[0]
