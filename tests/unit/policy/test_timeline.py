"""When a status begins and ends by itself: after so many months, renewed or not, by its category's own rule. Worked out on a calendar."""

from datetime import date
from itertools import permutations

import pytest

from services.policy.entitlement import Interval
from services.policy.standing import StatusEvent, status_event
from services.policy.timeline import Run, last_of_months, runs
from tests.unit.policy.river import REGION, river

POLICY = river()


def told(verb: str, number: str, category: str, day: str, **more: str) -> StatusEvent:
    """An accepted event about P1."""
    data = {"person_id": "P1", "region": REGION, "category": category, "effective_date": day, **more}
    return status_event(f"/agencies/{REGION}/civil-affairs", number, f"identity.status.{verb}.v1", f"{day}T08:00:00+08:00", data)


def granted(number: str, category: str, day: str) -> StatusEvent:
    """A grant, or a renewal."""
    return told("granted", number, category, day)


def runs_of(*events: StatusEvent) -> list[Run]:
    """The runs that follow, whatever the order of arrival."""
    (found, *others) = [runs(lambda _region, _day: POLICY.file, order) for order in permutations(events)]
    assert all(other == found for other in others)
    return found


def spans(*events: StatusEvent) -> list[tuple[str, str | None, str | None]]:
    """First day, last day and what ended it, of each run."""
    intervals = [run.interval for run in runs_of(*events)]
    return [(str(one.start), one.to and str(one.to), one.lost_by) for one in intervals]


@pytest.mark.parametrize(
    ("first", "months", "last"),
    [
        ("2025-03-15", 12, "2026-03-14"),  # the day before the same day
        ("2025-01-01", 12, "2025-12-31"),
        ("2025-12-01", 1, "2025-12-31"),
        ("2025-01-31", 1, "2025-02-28"),  # February has no 31st: its last day
        ("2025-01-30", 1, "2025-02-28"),
        ("2025-01-29", 1, "2025-02-28"),
        ("2025-01-28", 1, "2025-02-27"),  # it has a 28th
        ("2024-01-31", 1, "2024-02-29"),  # a leap year
        ("2024-01-29", 1, "2024-02-28"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2025-08-31", 6, "2026-02-28"),
        ("2025-03-31", 1, "2025-04-30"),
    ],
)
def test_so_many_months_end_the_day_before_the_same_day_or_with_a_month_that_has_no_such_day(first: str, months: int, last: str) -> None:
    assert last_of_months(date.fromisoformat(first), months) == date.fromisoformat(last)


def test_a_status_ends_so_many_months_after_it_took_effect() -> None:
    """Six months from the grant's own day for flood victims; twelve from the first of the next month for the others, as the region has it."""
    assert spans(granted("1", "flood_victim", "2025-03-10")) == [("2025-03-10", "2025-09-09", "expiry")]
    assert spans(granted("1", "low_income_margin", "2025-03-10")) == [("2025-04-01", "2026-03-31", "expiry")]
    assert spans(granted("1", "extreme_poverty", "2025-03-10")) == [("2025-04-01", None, None)]


def test_the_end_of_a_status_is_lost_on_the_day_after_its_last() -> None:
    (run,) = runs_of(granted("1", "flood_victim", "2025-08-31"))
    assert run.interval == Interval(REGION, "flood_victim", date(2025, 8, 31), date(2026, 2, 28), date(2026, 3, 1), "expiry")


def test_a_renewal_goes_on_without_a_gap_and_ends_so_many_months_after_it() -> None:
    """Also on the last day; the renewal of the twelve-month status takes effect the month after, when the first would have ended."""
    renewed = spans(granted("1", "flood_victim", "2025-03-10"), granted("2", "flood_victim", "2025-09-09"))
    assert renewed == [("2025-03-10", "2026-03-08", "expiry")]
    late = spans(granted("1", "low_income_margin", "2025-03-10"), granted("2", "low_income_margin", "2026-03-31"))
    assert late == [("2025-04-01", "2027-03-31", "expiry")]


def test_a_renewal_tells_the_days_on_which_the_status_took_effect() -> None:
    (run,) = runs_of(granted("1", "flood_victim", "2025-03-10"), granted("2", "flood_victim", "2025-09-09"))
    assert run.begun == (date(2025, 3, 10), date(2025, 9, 9))


def test_a_grant_after_the_end_begins_anew() -> None:
    found = spans(granted("1", "flood_victim", "2025-03-10"), granted("2", "flood_victim", "2025-09-10"))
    assert found == [("2025-03-10", "2025-09-09", "expiry"), ("2025-09-10", "2026-03-09", "expiry")]


def test_what_is_granted_again_on_the_same_day_is_the_same() -> None:
    """Two agencies may certify it, each by itself."""
    (run,) = runs_of(granted("1", "flood_victim", "2025-03-10"), granted("2", "flood_victim", "2025-03-10"))
    assert (run.interval.to, run.renewed) == (date(2025, 9, 9), ())


def test_a_void_takes_a_renewal_away() -> None:
    voids = status_event(
        f"/agencies/{REGION}/civil-affairs",
        "3",
        "identity.status.voided.v1",
        "2025-06-01T08:00:00+08:00",
        {"person_id": "P1", "region": REGION, "voids": "2"},
    )
    found = spans(granted("1", "flood_victim", "2025-03-10"), granted("2", "flood_victim", "2025-05-01"), voids)
    assert found == [("2025-03-10", "2025-09-09", "expiry")]


def test_a_loss_ends_it_before_its_end_and_grace_does_not_outlive_it() -> None:
    """A loss in May holds to the end of May; one in September is of a status that ends on 9 September anyhow."""
    early = spans(granted("1", "flood_victim", "2025-03-10"), told("revoked", "2", "flood_victim", "2025-05-20", reason="ordinary"))
    assert early == [("2025-03-10", "2025-05-31", "ordinary")]
    late = spans(granted("1", "flood_victim", "2025-03-10"), told("revoked", "2", "flood_victim", "2025-09-05", reason="ordinary"))
    assert late == [("2025-03-10", "2025-09-09", "ordinary")]
    after = spans(granted("1", "flood_victim", "2025-03-10"), told("revoked", "2", "flood_victim", "2025-09-10", reason="ordinary"))
    assert after == [("2025-03-10", "2025-09-09", "expiry")]


def test_a_renewal_that_a_loss_came_before_takes_no_effect() -> None:
    """Renewed on 10 March from April on, lost on 20 March: covered to the end of March, and the renewal never began."""
    (run,) = runs_of(
        granted("1", "low_income_margin", "2025-06-10"),
        granted("2", "low_income_margin", "2026-03-10"),
        told("revoked", "3", "low_income_margin", "2026-03-20", reason="ordinary"),
    )
    assert (run.interval.to, run.begun) == (date(2026, 3, 31), (date(2025, 7, 1),))


def test_an_end_that_no_day_may_name_is_none() -> None:
    """Days end with 2100, and those of a timeline must be such days."""
    assert spans(granted("1", "flood_victim", "2100-06-30")) == [("2100-06-30", "2100-12-29", "expiry")]
    assert spans(granted("1", "flood_victim", "2100-07-01")) == [("2100-07-01", None, None)]
