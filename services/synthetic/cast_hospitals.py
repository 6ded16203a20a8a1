"""Scenes about hospitals and burdens: admissions, overlapping stays, costly hospitals, ruined families. Each says what it provokes.

In: a stage. Out: events. Not here: the amounts from which services warn, which are their configuration.
"""

from services.synthetic.bills import YUAN, bill_leaving, spread
from services.synthetic.stage import Stage, days
from services.synthetic.statuses import grant
from services.synthetic.visits import Visit, admit, reverse, submit

RATIO_STAYS = 24
"""Stays of a hospital that charges too much: somewhat more than a ratio is judged by."""


def costly_hospital(stage: Stage) -> None:
    """A hospital whose patients pay too large a share of many stays in the county: `hospital_self_pay_ratio`."""
    for _ in range(RATIO_STAYS):
        person = stage.assisted(stage.book.lean)
        bill = bill_leaving(spread(stage.rng, 11_000 * YUAN), basic_percent=8)
        submit(stage.script, person, Visit(), bill, stage.day(10, 80), hospital=stage.city.costly)


def overlapping(stage: Stage) -> None:
    """Two stays at once, in two hospitals: `overlapping_stays`; one of them is later taken back in one case."""
    for taken_back in (False, True):
        person, day = stage.assisted(), stage.day()
        stage.stay(person, day, nights=10)
        hospital = next((name for name in stage.city.hospitals if name != person.hospital), person.hospital)
        twin = submit(stage.script, person, Visit(), bill_leaving(5_000 * YUAN), day + days(3), nights=6, hospital=hospital, lag=1)
        if taken_back:
            reverse(stage.script, twin, 20)


def transferred(stage: Stage) -> None:
    """Discharged and admitted elsewhere on one day: no overlap."""
    person, day = stage.assisted(), stage.day()
    stage.stay(person, day, nights=6)
    stage.stay(person, day + days(9), nights=9)


def ruined(stage: Stage) -> None:
    """Families outside assistance whose bills of a year ruin them, more and more: `impoverishment_risk` on every level."""
    for yuan in (22_000, 34_000, 64_000):
        person = stage.script.person()
        for share in (55, 30, 15):
            stage.stay(person, stage.day(), self_pay=yuan * YUAN * share // 100 + stage.rng.randint(0, 99))


def ruined_until_certified(stage: Stage) -> None:
    """A burden that a late grant takes away again, and one that a reversal does: warnings raised and resolved."""
    day, person = stage.day(15, 40), stage.script.person()
    stage.stay(person, day, self_pay=41_000 * YUAN)
    grant(stage.script, person, stage.book.best, day - days(10), lag=60)
    stranger = stage.script.person()
    claim = stage.stay(stranger, day, self_pay=43_000 * YUAN)
    reverse(stage.script, claim, 25)
    stage.stay(stranger, day + days(60), self_pay=42_500 * YUAN)


def poor_again(stage: Stage) -> None:
    """Assisted people who are left with much all the same, in every category: `return_to_poverty_risk`."""
    for category in stage.city.settling:
        person = stage.assisted(category)
        for _ in range(3):
            visit = Visit(referral="unreferred", in_county=False, in_province=False)
            stage.stay(person, stage.day(), self_pay=spread(stage.rng, 45_000 * YUAN), visit=visit)


def admissions(stage: Stage) -> None:
    """Admissions with and without referral by primary care, in the city and out of it, of assisted people and others."""
    for referred in (True, False):
        for in_city in (True, False):
            person, last = stage.assisted(), stage.day()
            admit(stage.script, person, last - days(6), last, referred=referred, in_city=in_city)
            stage.stay(person, last, nights=6)
    for category in stage.city.categories:
        person, last = stage.assisted(category), stage.day()
        admit(stage.script, person, last - days(4), last, referred=True)
    stranger, last = stage.script.person(), stage.day()
    admit(stage.script, stranger, last - days(3), last)
    early = stage.city.policy.file.valid_from - days(30)
    admit(stage.script, stranger, early, early + days(5))


def admissions_out_of_order(stage: Stage) -> None:
    """Closed before opened, opened and never closed, told twice, assessed anew when a grant is known late or comes in the stay."""
    person, last = stage.assisted(), stage.day()
    admit(stage.script, person, last - days(5), last, closed_first=True)
    opened, closed = admit(stage.script, person, last + days(30), None)
    stage.script.again(opened, 1)
    admit(stage.script, person, last - days(40), last - days(33), closed_first=True)
    newcomer = stage.script.person()
    _opened, closed = admit(stage.script, newcomer, last - days(8), last)
    if closed is not None:
        stage.script.again(closed, 2)
    grant(stage.script, newcomer, stage.book.best, last - days(3), lag=20)
    stage.stay(newcomer, last, nights=8)


def admission_contradicted(stage: Stage) -> None:
    """An admission told again with another day: `conflicting_duplicate`; one that ends before it begins: `invalid_dates`."""
    person, last = stage.assisted(), stage.day()
    opened, _closed = admit(stage.script, person, last - days(5), None)
    told = {**opened.data, "admission_date": (last - days(4)).isoformat()}
    stage.script.send("hospital.admission.opened.v1", opened.source, told, stage.script.moment(last))
    key = {name: opened.data[name] for name in ("admission_id", "hospital_id", "person_id", "region")}
    closing = {**key, "discharge_date": (last - days(9)).isoformat()}
    stage.script.send("hospital.admission.closed.v1", opened.source, closing, stage.script.moment(last + days(1)))
