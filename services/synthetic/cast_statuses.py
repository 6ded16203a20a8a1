"""Scenes about statuses: gained, lost, changed and disputed while people are ill. Each says what it provokes.

In: a stage. Out: events. Not here: news that comes late (`cast_news.py`).
"""

from datetime import date

from services.synthetic.cases import AMOUNTS
from services.synthetic.stage import Stage, days
from services.synthetic.statuses import change, grant, renew, revoke
from services.synthetic.visits import Visit, admit


def gained_in_stay(stage: Stage) -> None:
    """A status gained in a stay: it covers the stay from its first day."""
    day, person = stage.day(), stage.script.person()
    grant(stage.script, person, stage.book.best, day, lag=0)
    stage.stay(person, day + days(6), nights=11)
    stage.visit(person, day - days(20))


def lost_in_stay(stage: Stage) -> None:
    """A status lost in a stay, which it still covers; the next stay only while the city grants a month of grace."""
    day, person = stage.day(), stage.assisted()
    revoke(stage.script, person, stage.book.best, day)
    stage.stay(person, day + days(5), nights=12)
    stage.stay(person, day + days(16), nights=5)
    stage.stay(person, day + days(70), nights=5)


def changed_in_stay(stage: Stage) -> None:
    """A status exchanged for another in a stay: `status_changed_in_stay`."""
    for before, after in stage.city.changes[:1] + stage.city.changes[-1:]:
        day, person = stage.day(), stage.assisted(before)
        change(stage.script, person, before, after, day)
        stage.stay(person, day + days(4), nights=9)
        stage.stay(person, day + days(40), nights=5)


def changed_by_two_agencies(stage: Stage) -> None:
    """One agency ends a status in a stay, another certifies one: a loss and a grant, not a change."""
    kinds = stage.city.policy.file.categories
    own = {*kinds[stage.book.best].certifiers}
    other = next((name for name in stage.city.settling if own.isdisjoint(kinds[name].certifiers)), None)
    if other is None:
        return
    day, person = stage.day(), stage.assisted()
    revoke(stage.script, person, stage.book.best, day)
    grant(stage.script, person, other, day + days(1))
    stage.stay(person, day + days(6), nights=10)


def fraud_in_stay(stage: Stage) -> None:
    """A status withdrawn for fraud in a stay, and a stay that ended before."""
    day, person = stage.day(), stage.assisted()
    stage.stay(person, day - days(30))
    revoke(stage.script, person, stage.book.best, day, "fraud", lag=2)
    stage.stay(person, day + days(5), nights=9)


def death_in_stay(stage: Stage) -> None:
    """A death on the last day of a stay ends two statuses at once; claims after it: `claim_after_death`, `no_entitlement`."""
    day, person = stage.day(), stage.assisted()
    grant(stage.script, person, stage.city.categories[-1], stage.city.first, born=False)
    revoke(stage.script, person, stage.book.best, day, "death", lag=3)
    stage.stay(person, day, nights=14)
    stage.visit(person, day + days(12))


def death_in_grace(stage: Stage) -> None:
    """A death in the month of grace after an ordinary loss."""
    day, person = stage.day().replace(day=6), stage.assisted()
    revoke(stage.script, person, stage.book.best, day)
    revoke(stage.script, person, stage.book.best, day + days(8), "death")
    stage.visit(person, day + days(4))
    stage.visit(person, day + days(15))


def never_entitled(stage: Stage) -> None:
    """Granted and lost on one day."""
    day, person = stage.day(), stage.script.person()
    grant(stage.script, person, stage.book.best, day)
    revoke(stage.script, person, stage.book.best, day, lag=2)
    stage.visit(person, day + days(3))


def regrant(stage: Stage) -> None:
    """Lost, and granted again after some months; a visit in between: `no_entitlement`."""
    day, person = stage.city.day(stage.rng, 10, 30), stage.assisted()
    revoke(stage.script, person, stage.book.best, day)
    grant(stage.script, person, stage.book.best, day + days(120))
    for later in (20, 80, 130):
        stage.visit(person, day + days(later))


def renewed(stage: Stage) -> None:
    """Lost and granted again in one instant: it goes on."""
    day, person = stage.day(30, 60), stage.assisted()
    renew(stage.script, person, stage.book.best, day)
    stage.visit(person, day + days(50))


def granted_ahead(stage: Stage) -> None:
    """A grant that is sent weeks before it takes effect."""
    day, person = stage.day(25, 60), stage.script.person()
    grant(stage.script, person, stage.book.best, day, lag=-21)
    stage.visit(person, day - days(5))
    stage.visit(person, day + days(5))


def several_statuses(stage: Stage) -> None:
    """A status from every agency, the best one settles: 就高."""
    person = stage.script.person()
    kinds = stage.city.policy.file.categories
    of_agency = {category.certifiers[0]: name for name, category in kinds.items()}
    for number, name in enumerate(of_agency.values()):
        grant(stage.script, person, name, stage.city.first + days(number), born=number == 0)
    for kind in ("outpatient", "outpatient_chronic", "outpatient_special"):
        stage.visit(person, stage.day(), Visit(kind), self_pay=AMOUNTS[1])
    stage.stay(person, stage.day())


def expiring(stage: Stage) -> None:
    """A status that ends with the year, and a stay across New Year's Eve: `status_ending`."""
    for category in stage.city.policy.file.entitlement.expires_at_year_end:
        day = stage.day(40, 60)
        person = stage.assisted(category, day)
        stage.stay(person, day + days(30))
        stage.stay(person, date(stage.city.year + 1, 1, 4), nights=9)


def ending_after_months(stage: Stage) -> None:
    """A status that ends so many months after its grant, renewed once before and once not: `status_ending`, told anew by the renewal."""
    for category, known in stage.city.policy.file.categories.items():
        if known.expires_after_months is not None:
            for is_renewed in (True, False):
                begun = stage.day(10, 40)
                person = stage.assisted(category, begun)
                if is_renewed:
                    grant(stage.script, person, category, begun + days(20), born=False)
                for later in (10, 30 * known.expires_after_months + 10):
                    stage.visit(person, begun + days(later))


def across_the_years(stage: Stage) -> None:
    """Stays that begin in one year and end in the next, at both ends of the year."""
    person = stage.assisted(since=stage.city.long_ago(stage.rng))
    stage.stay(person, stage.city.first + days(5), nights=15)
    stage.stay(person, stage.city.last + days(6), nights=12)


def young_and_old(stage: Stage) -> None:
    """Ages at the limits that the rules name, and a birthday on 29 February; told by the grant alone."""
    for limit in stage.city.ages:
        for years in (limit, limit + 1):
            day = stage.day(30, 80)
            person = stage.assisted(age=years, on=day)
            stage.stay(person, day + days(8))
            for condition in stage.city.conditions:
                stage.visit(person, day, Visit("outpatient_special", conditions=(condition,)))
    leap_year = (stage.city.year - 11) // 4 * 4
    person = stage.script.person(born=date(leap_year, 2, 29))
    grant(stage.script, person, stage.book.best, stage.city.first)
    for day in (date(stage.city.year, 2, 28), date(stage.city.year, 3, 1)):
        stage.visit(person, day, Visit("outpatient_special"))


def each_category(stage: Stage) -> None:
    """Every category, every type of visit, an admission; gives `figures_not_published` and other reasons that a category has."""
    for category in stage.city.categories:
        person = stage.assisted(category)
        for kind in ("outpatient", "outpatient_chronic", "outpatient_special"):
            stage.visit(person, stage.day(), Visit(kind))
        last = stage.day()
        admit(stage.script, person, last - days(8), last)
        stage.stay(person, last)
