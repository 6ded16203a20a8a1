"""Each kind of warning, worked by hand: what is open and what is told after each step."""

import pytest

from tests.monitoring.orders import in_another_order, promised
from tests.monitoring.table import Row, cases, policies_of, steps
from tests.monitoring.watched import Watched, figures, of_facts, told

CASES = [pytest.param(case, id=case["name"]) for case in cases()]


@pytest.mark.parametrize("case", CASES)
def test_each_step_tells_and_leaves_open_what_was_worked_out_by_hand(case: Row) -> None:
    """The records of the kind in order, the open warnings with level, measure and threshold, and who is told by which clause."""
    watched = Watched(policies_of(case))
    wanted: Row = {}
    for number, step in enumerate(steps(case), 1):
        said = watched.see(step.events)
        wanted = step.row.get("open", wanted)
        where = f"{case['case']}: row {number}: {step.row['because']}"
        assert watched.refused == [], where
        assert told(said, case) == step.row.get("told", []), where
        assert figures(watched.open(), case) == wanted, where
        for data in said:
            if data["kind"] == case["kind"] and data["region"] == case["region"]:
                assert data["audience"] == case["audience"], where
                assert data["clause"] in case["clauses"], where


@pytest.mark.parametrize("case", CASES)
def test_a_view_lost_before_every_step_changes_no_byte(case: Row) -> None:
    """What monitoring knew is healed from the topics, operators' closings among it, and nothing is said twice."""
    calm, shaken = Watched(policies_of(case)), Watched(policies_of(case))
    for step in steps(case):
        shaken.lose()
        calm.see(step.events)
        shaken.see(step.events)
    assert shaken.values == calm.values
    assert shaken.known() == calm.known()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_another_order_ends_with_the_same_open_warnings(case: Row, seed: int) -> None:
    """Of all kinds that follow from facts, with level, measure and threshold; claims keep their order, all else comes at any place."""
    events = promised(event for step in steps(case) for event in step.events)
    first, second = Watched(policies_of(case)), Watched(policies_of(case))
    first.see(events)
    second.see(in_another_order(events, seed))
    assert of_facts(second.open()) == of_facts(first.open())
