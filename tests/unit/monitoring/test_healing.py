"""A lost view comes back from the topics, and nothing is said twice."""

import pytest

from schemas.catalogue import HOSPITAL_SHARES, RESULTS, dead_letters_of
from services.runtime.records import Record
from tests.unit.monitoring.test_hospitals import stay
from tests.unit.monitoring.world import Event, Watching, action, claim_of, letter, result, run, timeline, waiting


def story() -> list[Event]:
    """Every kind of warning, resolutions, next episodes, and some that stay open."""
    late = timeline(2, run("orphan", "2024-01-01", "2025-03-31", lost_on="2025-03-05"), deaths=[("wuxi", "2025-03-08")])
    return [
        result("A1", "30000.00", counters={"year": "300000.00"}, category="orphan"),
        result("A2", "30000.00", sequence=2, admission_date="2025-03-04"),
        timeline(1, run("orphan", "2024-01-01")),
        *(stay(number, 300) for number in range(21)),
        letter(1, claim_of("A1", "5.00")),
        late,
        result("A1", "30000.00", revision=1, verb="reversed", counters={"year": "0.00"}),
        stay(3, 300, revision=1, verb="reversed"),
        result("A3", "60000.00", "10.00", sequence=3, category="orphan", visit_type="outpatient"),
        result(
            "A3", "60000.00", "5.00", sequence=3, revision=1, verb="adjusted", delta="-5.00", category="orphan", visit_type="outpatient"
        ),
        letter(2, claim_of("A1", "6.00")),
        action("closed", "conflicting_duplicate/suzhou/P1/2025/H1/A1"),
        action("closed", "recovery_due/suzhou/P1/2025/H1/A3"),
        stay(4, 300, revision=1, verb="reversed"),
        stay(5, 300, revision=1, verb="reversed"),
        stay(22, 300),
        letter(3, claim_of("A1", "6.00")),
        waiting("A4"),
        waiting("A5", person="P2"),
        result("A4", "1.00", sequence=4),
        waiting("A4", over=True),
    ]


def after(place: int, partitions: int) -> tuple[Watching, Watching]:
    """One that sees the story undisturbed, and one that loses its view after `place` events."""
    calm, shaken = Watching(partitions=partitions), Watching(partitions=partitions)
    calm.see(*story())
    shaken.see(*story()[:place])
    shaken.lose()
    shaken.see(*story()[place:])
    return calm, shaken


def contents(record: Record) -> tuple[str, int, bytes | None]:
    return record.topic, record.partition, record.value


def test_the_story_knows_every_kind() -> None:
    watching = Watching()
    watching.see(*story())
    assert len({data["kind"] for data in watching.said}) == 12
    assert {data["verb"] for data in watching.said} == {"raised", "escalated", "resolved"}
    assert max(data["episode"] for data in watching.said) > 1


@pytest.mark.parametrize("partitions", [1, 3])
@pytest.mark.parametrize("place", [0, 1, 4, 24, 26, 30, 33, 36, 38, 40, 41])
def test_a_lost_view_changes_no_byte_of_what_is_said(place: int, partitions: int) -> None:
    calm, shaken = after(place, partitions)
    assert [contents(record) for record in shaken.records] == [contents(record) for record in calm.records]


def test_a_view_lost_at_the_end_comes_back_as_it_was() -> None:
    watching = Watching(partitions=2)
    watching.see(*story())
    view = watching.embedded.views["monitoring"]
    before = view.snapshot()
    watching.lose()
    assert watching.see(timeline(1, run("orphan", "2024-01-01"))) == []  # an old one: nothing to say, but the lanes are taken again
    after_it = view.snapshot()
    assert (after_it.documents, after_it.holders) == (before.documents, before.holders)


def test_a_record_that_cannot_be_read_is_refused_once_and_healing_passes_it_by() -> None:
    watching = Watching()
    with pytest.raises(AssertionError, match=dead_letters_of(RESULTS)):
        watching.see(Event(RESULTS, "P1", b"{"))
    with pytest.raises(AssertionError, match=dead_letters_of(HOSPITAL_SHARES)):
        watching.see(Event(HOSPITAL_SHARES, "H1", b'{"data":1}'))
    watching.lose()
    watching.see(result("C1", "26000.00"))
    assert watching.standing == {"impoverishment_risk/suzhou/P1/2025": ("warning", "26000.00")}
