"""A status that ends, and one that changed while its holder lay in hospital."""

import pytest

from tests.unit.monitoring.world import Watching, result, run, timeline, told

ENDING = "status_ending/suzhou/P1/2025/orphan"
IN_STAY = "status_changed_in_stay/suzhou/P1/2025/H1/C1"


def test_an_end_is_told_when_it_becomes_known_and_taken_back_when_it_goes_away() -> None:
    watching = Watching()
    assert watching.see(timeline(1, run("orphan", "2024-01-01"))) == []
    (said,) = watching.see(timeline(2, run("orphan", "2024-01-01", "2025-03-31", lost_on="2025-03-14")))
    assert (said["warning_id"], said["level"]) == (ENDING, "notice")
    assert (said["measure"], said["threshold"]["value"]) == ({"name": "last_covered_day", "value": "2025-03-31"}, "2025-03-14")
    assert told(watching.see(timeline(3, run("orphan", "2024-01-01")))) == [("resolved", "status_ending", "notice", 1)]
    assert told(watching.see(timeline(4, run("orphan", "2024-01-01", "2025-04-30")))) == [("raised", "status_ending", "notice", 2)]


def test_each_category_has_its_own_and_a_renewed_status_does_not_end() -> None:
    watching = Watching()
    both = (run("orphan", "2024-01-01", "2025-03-31"), run("needy_worker", "2024-01-01", "2026-01-31"))
    watching.see(timeline(1, *both))
    assert sorted(watching.standing) == [ENDING, "status_ending/suzhou/P1/2026/needy_worker"]
    watching.see(timeline(2, *both, run("orphan", "2025-06-01")))
    assert sorted(watching.standing) == ["status_ending/suzhou/P1/2026/needy_worker"]
    watching.see(timeline(3, *both, run("orphan", "2025-06-01", "2025-12-31")))
    assert watching.standing[ENDING] == ("notice", "2025-12-31")


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([run("orphan", "2025-02-28")], None),  # held before admission
        ([run("orphan", "2025-03-01")], "2025-03-01"),  # gained on admission
        ([run("orphan", "2025-03-10")], "2025-03-10"),  # gained on discharge
        ([run("orphan", "2025-03-11")], None),
        ([run("orphan", "2024-01-01", "2025-03-31", lost_on="2025-03-05")], "2025-03-05"),  # the loss's date, not the end of the grace
        ([run("orphan", "2024-01-01", "2025-03-31", lost_on="2025-03-11")], None),
        ([run("orphan", "2024-01-01", "2025-03-31", "2025-03-08", "changed"), run("needy_worker", "2025-03-08")], "2025-03-08"),
        ([run("orphan", "2025-03-05", region="wuxi")], None),
    ],
)
def test_a_change_on_a_day_of_a_stay_is_told(runs: list[dict[str, str]], expected: str | None) -> None:
    watching = Watching()
    watching.see(result("C1", "10.00"), timeline(1, *runs))
    found = {name: measure for name, (_, measure) in watching.standing.items() if "in_stay" in name}
    assert found == ({IN_STAY: expected} if expected else {})


def test_a_change_is_no_concern_of_outpatient_visits_and_of_reversed_stays() -> None:
    watching = Watching()
    watching.see(
        timeline(1, run("orphan", "2025-03-10")), result("C1", "10.00"), result("C2", "10.00", sequence=2, visit_type="outpatient")
    )
    assert sorted(watching.standing) == [IN_STAY]
    assert told(watching.see(result("C1", "10.00", revision=1, verb="reversed"))) == [("resolved", "status_changed_in_stay", "notice", 1)]


def test_an_older_timeline_changes_nothing() -> None:
    watching = Watching()
    watching.see(timeline(2, run("orphan", "2024-01-01", "2025-03-31")))
    assert watching.see(timeline(1, run("orphan", "2024-01-01"))) == []
