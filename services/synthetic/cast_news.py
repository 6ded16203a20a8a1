"""Scenes about news: late, twice, taken back, contradictory. Each says what it provokes.

In: a stage. Out: events. Not here: what statuses do when all goes well (`cast_statuses.py`), records that no service accepts (`faults.py`).
"""

from services.synthetic.stage import Stage, days
from services.synthetic.statuses import approve, change, grant, revoke, void
from services.synthetic.visits import Visit


def late_grant(stage: Stage) -> None:
    """A grant known months after the day it holds from: what was not assisted is adjusted."""
    day, person = stage.city.day(stage.rng, 5, 20), stage.script.person()
    grant(stage.script, person, stage.book.best, day, lag=10, late=130)
    stage.visit(person, day + days(10))
    stage.stay(person, day + days(40))
    stage.visit(person, day + days(60), Visit("outpatient_special"))


def late_loss(stage: Stage) -> None:
    """A loss known months late: money is taken back, `recovery_due`."""
    day, person = stage.city.day(stage.rng, 5, 25), stage.assisted()
    stage.stay(person, day + days(50))
    stage.stay(person, day + days(80))
    revoke(stage.script, person, stage.book.best, day, lag=140)


def late_change(stage: Stage) -> None:
    """A change from the best status known late, in the middle of a year that is settled."""
    for before, after in stage.city.changes[:3]:
        day, person = stage.city.day(stage.rng, 10, 30), stage.assisted(before)
        for later in (20, 50, 90):
            stage.stay(person, day + days(later))
        change(stage.script, person, before, after, day, lag=2, late=150)


def late_death(stage: Stage) -> None:
    """A death known after claims of later days were paid: `claim_after_death`, `recovery_due`."""
    day, person = stage.day(20, 50), stage.assisted()
    stage.visit(person, day - days(9))
    stage.visit(person, day + days(8))
    stage.stay(person, day + days(35))
    revoke(stage.script, person, stage.book.best, day, "death", lag=60)


def voided_grant(stage: Stage) -> None:
    """A grant that counts as never sent, after a stay was paid by it: `recovery_due`."""
    day, person = stage.day(10, 40), stage.script.person()
    granted = grant(stage.script, person, stage.book.best, day)
    stage.stay(person, day + days(30))
    stage.stay(person, day + days(60))
    void(stage.script, granted, 90)


def voided_loss(stage: Stage) -> None:
    """A loss that counts as never sent: the status runs on, and what was refused is paid."""
    day, person = stage.day(10, 30), stage.assisted()
    lost = revoke(stage.script, person, stage.book.best, day)
    stage.stay(person, day + days(60))
    void(stage.script, lost, 100)


def void_comes_first(stage: Stage) -> None:
    """A void that arrives before what it voids; the grant is then sent anew under a new id. Another void that finds nothing."""
    day, person = stage.day(10, 40), stage.script.person()
    wrong = grant(stage.script, person, stage.book.best, day, lag=1)
    void(stage.script, wrong, -1)
    right = grant(stage.script, person, stage.book.best, day + days(14), lag=2)
    stage.visit(person, day + days(8))
    stage.visit(person, day + days(25))
    told = {**_about(stage, person.id), "voids": "never-sent"}
    stage.script.send("identity.status.voided.v1", right.source, told, stage.script.moment(day + days(40)))


def loss_before_grant(stage: Stage) -> None:
    """A loss that arrives before the grant it ends."""
    day, person = stage.day(30, 60), stage.script.person()
    grant(stage.script, person, stage.book.best, day - days(60), late=90)
    revoke(stage.script, person, stage.book.best, day)
    stage.visit(person, day - days(10))
    stage.stay(person, day + days(65))


def status_told_twice(stage: Stage) -> None:
    """Identity events delivered again, some weeks later; then the same id with other data: `conflicting_duplicate`."""
    day, person = stage.day(20, 50), stage.script.person()
    granted = grant(stage.script, person, stage.book.best, day)
    stage.script.again(granted)
    stage.script.again(granted, 40)
    lost = revoke(stage.script, person, stage.book.best, day + days(60))
    stage.script.again(lost, 3)
    told = {**granted.data, "effective_date": (day + days(1)).isoformat()}
    kind = "identity.status.granted.v1"
    stage.script.send(kind, granted.source, told, stage.script.moment(day + days(5)), event_id=granted.id)
    stage.visit(person, day + days(10))


def enrolments(stage: Stage) -> None:
    """Enrolled in basic insurance before the grant, after it, and told by a later grant: premium subsidies with their reasons."""
    for category in stage.city.categories:
        day, person = stage.city.day(stage.rng, 5, 50), stage.script.person()
        grant(stage.script, person, category, day, enrolled_on=day + days(stage.rng.choice((-60, -2, 1, 20))), lag=25)
    day, person = stage.city.day(stage.rng, 5, 50), stage.script.person()
    grant(stage.script, person, stage.book.best, day, born=False)
    grant(stage.script, person, stage.city.categories[-1], day + days(30), enrolled_on=day - days(5), late=20)


def late_application(stage: Stage) -> None:
    """Stays that were not applied for, and then were: adjusted where the city asks for an application. One approval is taken back."""
    asked_for = (case.category for (_klass, reason), case in stage.book.reasons.items() if reason == "application_required")
    category = next(asked_for, stage.book.best)
    day, person = stage.day(15, 40), stage.assisted(category)
    for later in (0, 40, 80):
        stage.stay(person, day + days(later), visit=Visit(applied=False))
    approve(stage.script, person, category, day + days(100), day, day + days(30))
    mistaken = approve(stage.script, person, category, day + days(90), day + days(60), day + days(80))
    void(stage.script, mistaken, 20)


def _about(stage: Stage, person_id: str) -> dict[str, str]:
    return {"person_id": person_id, "region": stage.city.region}
