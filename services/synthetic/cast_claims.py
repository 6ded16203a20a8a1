"""Scenes about claims: reversed, sent twice, contradicted, out of the ordinary. Each says what it provokes.

In: a stage. Out: events. Not here: claims that no service accepts (`faults.py`), limits and benefits (`cast_policy.py`).
"""

from typing import get_args

from schemas.codes import Referral, VisitType
from services.synthetic.bills import YUAN, Bill, bill_leaving
from services.synthetic.cases import AMOUNTS
from services.synthetic.stage import Stage, days
from services.synthetic.visits import Visit, reverse, send_claim, submit


def reversals(stage: Stage) -> None:
    """A claim taken back after it was paid, among others that are settled anew; told twice, then with another reason: `conflicting_duplicate`."""
    person, day = stage.assisted(), stage.day(20, 50)
    gone = stage.stay(person, day)
    stage.stay(person, day + days(20))
    undone = reverse(stage.script, gone, 30)
    stage.script.again(undone, 2)
    reverse(stage.script, gone, 45, "patient_asked")
    stage.script.again(gone, 60)


def reversal_comes_first(stage: Stage) -> None:
    """A reversal that waits for its claim; one for another person than the claim's, which waits for ever."""
    person, other, day = stage.assisted(), stage.script.person(), stage.day()
    gone = stage.stay(person, day, late=6)
    reverse(stage.script, gone, 0)
    kept = stage.visit(person, day + days(30))
    reverse(stage.script, kept, 2, person_id=other.id)


def claims_sent_twice(stage: Stage) -> None:
    """Claims delivered again with the same bytes: no second result."""
    person, day = stage.assisted(), stage.day()
    for later in (0, 10, 25):
        claim = stage.visit(person, day + days(later))
        stage.script.again(claim)
        stage.script.again(claim, later * 3)


def contradictions(stage: Stage) -> None:
    """A claim's key again with another amount, another person, another date: `conflicting_duplicate`."""
    person, other, day = stage.assisted(), stage.script.person(), stage.day(20, 60)
    first = dict(stage.stay(person, day).data)
    for changes in ({"other_paid": "0.01"}, {"person_id": other.id}, {"discharge_date": (day - days(1)).isoformat()}):
        send_claim(stage.script, first | changes, day + days(stage.rng.randint(9, 30)))


def told_with_nulls(stage: Stage) -> None:
    """Optional fields sent as null, conditions in another order and twice: a redelivery under another event id."""
    person, day = stage.assisted(), stage.day()
    marks = list(stage.city.conditions[:2])
    claim = stage.visit(person, day, Visit("outpatient_special", conditions=tuple(marks)))
    told = {**claim.data, "birth_date": None, "other_paid": None, "conditions": [*reversed(marks), *marks]}
    send_claim(stage.script, told, day + days(4))


def out_of_force(stage: Stage) -> None:
    """Visits before the decree held, claimed much later: `no_policy_in_force`."""
    person, begin = stage.assisted(), stage.city.policy.file.valid_from
    for before in (1, 40):
        day = begin - days(before)
        stage.visit(person, day, late=max(0, (stage.city.first - day).days) + 30 + before)


def without_status(stage: Stage) -> None:
    """People whom no agency ever certified: `no_entitlement`."""
    for _ in range(3):
        person = stage.script.person()
        stage.visit(person, stage.day())
        stage.stay(person, stage.day())


def uninsured(stage: Stage) -> None:
    """Bills without basic insurance: `not_enrolled`, or the share of the whole bill that the city counts; an odd fen to be rounded."""
    person = stage.assisted()
    for kind in get_args(VisitType):
        submit(stage.script, person, Visit(kind, insurance="none"), Bill(2_100_01, 1_900_01, 0), stage.day())


def packages(stage: Stage) -> None:
    """Package payments; where the city has a rule for them, also one of which insurance pays more than the policy scope."""
    person = stage.assisted()
    stage.stay(person, stage.day(), visit=Visit(package=True))
    if stage.city.policy.file.self_pay.package is not None:
        submit(stage.script, person, Visit(package=True), Bill(21_000 * YUAN, 16_000 * YUAN, 15_500 * YUAN, 2_000 * YUAN), stage.day())


def paid_in_full(stage: Stage) -> None:
    """Nothing left to pay, a whole bill of nothing, one fen: `no_self_pay`, and what rounds to nothing."""
    person = stage.assisted(stage.book.lean)
    for bill in (bill_leaving(0), Bill(0, 0, 0), Bill(1, 1, 0), Bill(250_00, 0, 0)):
        for kind in ("inpatient", "outpatient_special"):
            submit(stage.script, person, Visit(kind), bill, stage.day())


def above_the_cap(stage: Stage) -> None:
    """Self-pay above the cap of basic insurance, of residents and of employees, on every type of visit."""
    for insurance in ("resident", "employee"):
        for category in (stage.book.best, stage.book.lean):
            person = stage.assisted(category)
            for kind in get_args(VisitType):
                bill = bill_leaving(AMOUNTS[2], above_cap=AMOUNTS[2] * 2 // 3)
                submit(stage.script, person, Visit(kind, insurance=insurance), bill, stage.day())


def referrals(stage: Stage) -> None:
    """Every way of referral, in the province and out of it, in a category with little help."""
    for in_province in (True, False):
        for referral in get_args(Referral):
            person = stage.assisted(stage.book.lean)
            visit = Visit(referral=referral, in_province=in_province, in_county=in_province and referral == "local")
            stage.stay(person, stage.day(), visit=visit)
            stage.visit(person, stage.day(), Visit("outpatient_special", referral=referral, in_province=in_province, in_county=False))


def consultation_fees(stage: Stage) -> None:
    """Fees on visits of every type, of every category and of nobody's."""
    for category in (*stage.city.categories, None):
        person = stage.assisted(category) if category else stage.script.person()
        for kind in get_args(VisitType):
            submit(stage.script, person, Visit(kind), Bill(180_00, 165_00, 70_00, fee=25_00), stage.day())


def each_condition(stage: Stage) -> None:
    """Every condition that the rules name on every type of visit, applied for and not."""
    for condition in stage.city.conditions:
        person = stage.assisted(stage.rng.choice(stage.city.settling))
        for kind in get_args(VisitType):
            stage.visit(person, stage.day(), Visit(kind, conditions=(condition,), applied=stage.rng.random() < 0.7), self_pay=AMOUNTS[1])


def undesignated_hospital(stage: Stage) -> None:
    """A hospital that is on no list: `not_designated`, where the city has one."""
    person = stage.assisted()
    submit(stage.script, person, Visit("outpatient"), bill_leaving(AMOUNTS[0]), stage.day(), hospital=stage.city.undesignated)
