"""Warnings in their indexes, and what operators do with them: the state is a function of both, whichever is read first."""

import pytest

from services.console.domain.index import RING_SLOTS
from services.console.domain.warnings import ACTIONS_MAX, EPISODES_MAX
from tests.unit.console.world import Kept, index_of, said
from tests.unit.monitoring.world import Event, action

WARNING = "annual_limit_near/suzhou/P1/2025/year"
HEADS = "0/n/suzhou"
DOCUMENT = "0/p/P1"


def name(state: str, level: str = "notice", kind: str = "annual_limit_near") -> str:
    return f"suzhou/2025/{kind}/{level}/{state}"


def states(kept: Kept) -> dict[str, int]:
    """How many warnings stand in each index of the region."""
    return {index: ends[1] - ends[0] for index, ends in kept.document(HEADS).items() if not index.startswith("audience:")}


def test_a_raised_warning_is_open_with_the_row_of_the_list() -> None:
    kept = Kept().see(said("raised"))
    assert index_of(kept.documents, HEADS, name("open")) == [
        {
            "id": WARNING,
            "time": "2025-12-31T12:00:00+08:00",
            "measure": ["year", "250000.00"],
            "threshold": ["year", "300000.00"],
            "assignee": None,
        }
    ]
    assert kept.document(HEADS)["audience:annual_limit_near"] == ["healthcare-security"]


@pytest.mark.parametrize(
    ("verb", "state"), [("acknowledged", "acknowledged"), ("assigned", "acknowledged"), ("commented", "open"), ("closed", "closed")]
)
def test_what_an_operator_does_moves_it(verb: str, state: str) -> None:
    assert states(Kept().see(said("raised"), action(verb, WARNING))) == {name(state): 1}


@pytest.mark.parametrize("verb", ["acknowledged", "assigned", "commented", "closed"])
def test_an_action_that_is_read_before_its_warning_counts_as_well(verb: str) -> None:
    after, before = Kept().see(said("raised"), action(verb, WARNING)), Kept().see(action(verb, WARNING), said("raised"))
    assert states(before) == states(after)


def test_the_last_assignee_is_told() -> None:
    given = [action("assigned", WARNING, number=number, assignee=who) for number, who in enumerate(["li", "wang"])]
    kept = Kept().see(said("raised"), *given)
    assert index_of(kept.documents, HEADS, name("acknowledged"))[0]["assignee"] == "wang"
    nobody = kept.see(action("assigned", WARNING, number=2, assignee=None))
    assert index_of(nobody.documents, HEADS, name("acknowledged"))[0]["assignee"] is None


def test_many_comments_leave_it_closed_and_given_to_whom_it_was() -> None:
    """As many actions as are kept at hand, and more, behind the closing."""
    done = [action("assigned", WARNING, number=0, assignee="wang"), action("closed", WARNING, number=1)]
    comments = [action("commented", WARNING, number=number, comment="seen") for number in range(2, ACTIONS_MAX + 10)]
    kept = Kept().see(said("raised")).see_together(*done).see_together(*comments)
    assert states(kept) == {name("closed"): 1}
    assert index_of(kept.documents, HEADS, name("closed"))[0]["assignee"] == "wang"
    assert len(kept.document(DOCUMENT)[f"a:{WARNING}"]) == ACTIONS_MAX
    assert states(kept.see(said("raised", number=2, measure="260000.00"))) == {name("closed"): 1}, "another measure of the same episode"


def test_what_was_done_with_an_episode_that_is_over_is_let_go() -> None:
    kept = Kept().see(said("raised"), action("closed", WARNING), said("resolved", number=2), said("raised", number=3, episode=2))
    assert f"e:{WARNING}" not in kept.document(DOCUMENT)
    assert states(kept.see(action("closed", WARNING, number=2))) == {name("open"): 1}, "he saw the first episode"


def test_actions_on_episodes_that_nobody_has_told_of_make_no_document_grow() -> None:
    many = [action("closed", WARNING, number=number, episode=number) for number in range(1, 40)]
    kept = Kept().see(said("raised")).see_together(*many)
    assert sorted(map(int, kept.document(DOCUMENT)[f"e:{WARNING}"])) == list(range(1, EPISODES_MAX + 1))
    assert states(kept) == {name("closed"): 1}


def test_an_escalation_moves_it_to_the_next_level_and_keeps_what_was_done() -> None:
    kept = Kept().see(said("raised"), action("acknowledged", WARNING), said("escalated", number=2, level="warning"))
    assert states(kept) == {name("acknowledged", "warning"): 1}


def test_the_next_episode_is_open_again_whatever_was_done_with_the_one_before() -> None:
    kept = Kept().see(said("raised"), action("closed", WARNING), said("resolved", number=2), said("raised", number=3, episode=2))
    assert states(kept) == {name("open"): 1}


def test_a_resolved_warning_is_resolved_though_it_was_closed() -> None:
    assert states(Kept().see(said("raised"), action("closed", WARNING), said("resolved", number=2))) == {name("resolved"): 1}


def test_an_older_record_changes_nothing() -> None:
    kept = Kept().see(said("raised"), said("resolved", number=2))
    assert states(kept.see(said("raised", number=1))) == {name("resolved"): 1}


def test_a_warning_of_a_hospital_lies_with_the_hospital() -> None:
    kept = Kept().see(said("raised", "hospital_self_pay_ratio/suzhou/H1/2025", level="warning"))
    assert kept.document("0/h/H1")["w:hospital_self_pay_ratio/suzhou/H1/2025"]["level"] == "warning"
    assert states(kept) == {name("open", "warning", "hospital_self_pay_ratio"): 1}


def test_the_hole_of_one_that_leaves_is_filled_by_the_oldest_and_the_newest_stay() -> None:
    ids = [f"annual_limit_near/suzhou/P{number}/2025/year" for number in range(5)]
    kept = Kept().see(*(said("raised", one) for one in ids), action("closed", ids[3]))
    assert [row["id"] for row in index_of(kept.documents, HEADS, name("open"))] == [ids[1], ids[2], ids[0], ids[4]]
    assert [row["id"] for row in index_of(kept.documents, HEADS, name("closed"))] == [ids[3]]


def test_an_index_that_is_empty_again_leaves_nothing_behind() -> None:
    kept = Kept().see(said("raised"), action("closed", WARNING))
    assert name("open") not in kept.document(HEADS)
    assert f"0/i/{name('open')}" not in kept.documents


def test_all_leave_together_in_one_batch() -> None:
    ids = [f"annual_limit_near/suzhou/P{number}/2025/year" for number in range(20)]
    kept = Kept().see(*(said("raised", one) for one in ids))
    kept.see_together(*(action("closed", one, number=number) for number, one in enumerate(ids)))
    assert states(kept) == {name("closed"): 20}
    assert {row["id"] for row in index_of(kept.documents, HEADS, name("closed"))} == set(ids)


def test_the_ring_of_news_holds_the_newest_and_counts_all() -> None:
    events: list[Event] = [said("raised", f"annual_limit_near/suzhou/P{number}/2025/year") for number in range(RING_SLOTS + 3)]
    ring = Kept().see_together(*events).document("0/k/warnings")
    assert ring["count"] == RING_SLOTS + 3
    assert len(ring) == RING_SLOTS + 1
    assert [ring[str(slot)]["id"] for slot in (0, 3)] == [f"annual_limit_near/suzhou/P{number}/2025/year" for number in (RING_SLOTS, 3)]
