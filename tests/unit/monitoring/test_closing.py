"""办结: what an operator closes is resolved where it tells what happened, and nothing else is; the next episode counts from there."""

from typing import get_args

import pytest

from schemas.catalogue import ACTIONS, dead_letters_of
from schemas.codes import WarningKind
from services.monitoring.domain.warnings import CLOSED_BY_OPERATORS, Figure, Said, after_closing
from tests.unit.monitoring.test_hospitals import stay
from tests.unit.monitoring.world import Event, Watching, action, claim_of, letter, result, run, timeline, told, waiting

CONFLICT = "conflicting_duplicate/suzhou/P1/2025/H1/C1"
RECOVERY = "recovery_due/suzhou/P1/2025/H1/C1"


def taken_back(revision: int, paid: str, delta: str) -> Event:
    """The next result of C1, which was paid 100.00."""
    return result("C1", "100.00", paid, revision=revision, verb="adjusted", delta=delta, category="orphan")


def test_a_closed_conflict_is_resolved_by_name_and_the_next_delivery_is_the_next_episode() -> None:
    watching = Watching()
    watching.see(letter(1, claim_of("C1", "2.00")), letter(2, claim_of("C1", "3.00")))
    (closed,) = watching.see(action("closed", CONFLICT, comment="checked"))
    assert (closed["verb"], closed["episode"], closed["closed_by"]) == ("resolved", 1, "wang.min")
    assert (closed["measure"]["value"], closed["caused_by"]) == ("2", {"source": "/medaid/console", "id": "closed-1"})
    assert "办结" in closed["message_zh"]
    assert watching.standing == {}
    (again,) = watching.see(letter(3, claim_of("C1", "4.00")))
    assert (told([again]), again["measure"]["value"]) == ([("raised", "conflicting_duplicate", "warning", 2)], "1")
    assert "closed_by" not in again
    assert "since it was closed" in again["message_en"]
    watching.see(letter(4, claim_of("C1", "4.00")))
    assert watching.standing == {CONFLICT: ("warning", "2")}
    assert told(watching.see(action("closed", CONFLICT, 2))) == [("resolved", "conflicting_duplicate", "warning", 2)]
    (third,) = watching.see(letter(5, claim_of("C1", "4.00")))
    assert (third["episode"], third["measure"]["value"]) == (3, "1")


def test_a_closed_recovery_is_resolved_and_only_what_is_taken_back_later_is_due() -> None:
    watching = Watching()
    watching.see(result("C1", "100.00", "100.00", category="orphan"), taken_back(1, "70.00", "-30.00"))
    assert told(watching.see(action("closed", RECOVERY))) == [("resolved", "recovery_due", "warning", 1)]
    assert watching.see(taken_back(2, "90.00", "20.00")) == []
    (again,) = watching.see(taken_back(3, "85.00", "-5.00"))
    assert (again["episode"], again["measure"]["value"]) == (2, "5.00")
    watching.see(taken_back(4, "80.00", "-5.00"))
    assert watching.standing == {RECOVERY: ("warning", "10.00")}
    watching.see(action("closed", RECOVERY, 2), taken_back(5, "79.99", "-0.01"))
    assert watching.standing == {RECOVERY: ("warning", "0.01")}
    assert watching.said[-1]["episode"] == 3


@pytest.mark.parametrize("warning_id", [CONFLICT, RECOVERY])
def test_closing_what_does_not_stand_changes_nothing(warning_id: str) -> None:
    """No episode yet, one that is over, one to come; the same closing sent again."""
    watching = Watching()
    assert watching.see(action("closed", warning_id)) == []
    watching.see(letter(1, claim_of("C1", "2.00")))
    watching.see(result("C1", "100.00", "100.00", category="orphan"), taken_back(1, "70.00", "-30.00"))
    assert watching.see(action("closed", warning_id, 2)) == []
    assert len(watching.see(action("closed", warning_id))) == 1
    assert watching.see(action("closed", warning_id)) == []
    watching.see(letter(2, claim_of("C1", "2.00")), taken_back(2, "60.00", "-10.00"))
    assert watching.see(action("closed", warning_id)) == []
    assert warning_id in watching.standing


def test_the_kinds_and_claims_are_closed_apart() -> None:
    watching = Watching()
    watching.see(letter(1, claim_of("C1", "2.00")), letter(2, claim_of("C2", "2.00")))
    watching.see(result("C1", "100.00", "100.00", category="orphan"), taken_back(1, "70.00", "-30.00"))
    watching.see(action("closed", CONFLICT))
    assert watching.standing == {RECOVERY: ("warning", "30.00"), CONFLICT.replace("C1", "C2"): ("warning", "1")}


@pytest.mark.parametrize(("verb", "more"), [("acknowledged", {}), ("assigned", {"assignee": "li.na"}), ("commented", {"comment": "asked"})])
def test_other_actions_change_no_warning(verb: str, more: dict[str, str]) -> None:
    watching = Watching()
    watching.see(letter(1, claim_of("C1", "2.00")))
    assert watching.see(action(verb, CONFLICT, **more)) == []
    assert watching.standing == {CONFLICT: ("warning", "1")}


def test_a_closing_of_any_other_kind_changes_nothing_for_its_cause_stands() -> None:
    watching = Watching(partitions=2)
    watching.see(
        result("C1", "60000.00", category="orphan", counters={"year": "300000.00"}),
        result("C2", "1.00", sequence=2, admission_date="2025-03-04", counters={"year": "300000.00"}),
        result("C3", "30000.00", person_id="P2"),
        timeline(1, run("orphan", "2025-03-05", "2025-03-31"), deaths=[("wuxi", "2025-03-08")]),
        *(stay(number, 300) for number in range(10, 30)),
        waiting("C9"),
    )
    standing = watching.standing
    assert {name.partition("/")[0] for name in standing} == {*get_args(WarningKind)} - CLOSED_BY_OPERATORS
    assert watching.see(*(action("closed", name) for name in standing)) == []
    assert watching.standing == standing


def test_a_delivery_is_counted_once_however_often_its_letter_is_read() -> None:
    watching = Watching()
    watching.see(*(letter(offset, claim_of("C1", "2.00")) for offset in (3, 5, 3, 5)))
    watching.see(action("closed", CONFLICT))
    assert watching.see(letter(5, claim_of("C1", "2.00")), letter(3, claim_of("C1", "2.00"))) == []
    assert told(watching.see(letter(6, claim_of("C1", "2.00")))) == [("raised", "conflicting_duplicate", "warning", 2)]


@pytest.mark.parametrize("loses", range(6))
def test_a_view_lost_at_any_place_tells_the_same(loses: int) -> None:
    events = [
        letter(1, claim_of("C1", "2.00")),
        letter(2, claim_of("C1", "2.00")),
        action("closed", CONFLICT),
        letter(3, claim_of("C1", "2.00")),
        action("closed", CONFLICT, 2),
        letter(4, claim_of("C1", "2.00")),
    ]
    calm, shaken = Watching(), Watching()
    calm.see(*events)
    shaken.see(*events[:loses])
    shaken.lose()
    shaken.see(*events[loses:])
    assert [record.value for record in shaken.records] == [record.value for record in calm.records]
    assert shaken.embedded.views["monitoring"].snapshot().documents == calm.embedded.views["monitoring"].snapshot().documents


@pytest.mark.parametrize("region", ["atlantis", "suzhou"])
def test_what_is_no_action_is_a_dead_letter(region: str) -> None:
    watching = Watching()
    wrong = action("closed", CONFLICT.replace("suzhou", region), episode=0 if region == "suzhou" else 1)
    with pytest.raises(AssertionError, match=dead_letters_of(ACTIONS)):
        watching.see(wrong)


def test_an_operator_may_close_what_adds_up_to_more_than_any_bill_may_be() -> None:
    """Two bills of 9,999,999,999.99 yuan taken back."""
    assert after_closing(Said(), Figure(name="taken_back", value="19999999999.98")).closed == 1_999_999_999_998
