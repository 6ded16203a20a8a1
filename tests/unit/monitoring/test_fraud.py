"""Overlapping stays, claims after death, conflicting duplicates, money to be taken back."""

import base64
from typing import Any

import orjson
import pytest

from tests.unit.monitoring.world import LETTERS, TIME, Event, Watching, claim_of, letter, result, run, timeline, told


def stay(number: str, first: str, last: str, **words: Any) -> Event:
    days = {"admission_date": f"2025-{first}", "discharge_date": f"2025-{last}"}
    return result(number, "1.00", sequence=int(number[1:]), **{**days, **words})


@pytest.mark.parametrize(
    ("second", "overlaps"),
    [
        (("03-10", "03-20"), False),  # a transfer on one day
        (("03-09", "03-20"), True),
        (("02-20", "03-01"), False),
        (("02-20", "03-02"), True),
        (("03-04", "03-06"), True),  # inside
        (("02-20", "03-20"), True),  # around
        (("03-01", "03-10"), True),  # the same days
        (("03-05", "03-05"), True),  # one day, inside
        (("03-01", "03-01"), False),  # one day, on admission
        (("03-10", "03-10"), False),
    ],
)
def test_stays_overlap_when_each_began_before_the_other_ended(second: tuple[str, str], overlaps: bool) -> None:
    for order in (1, -1):
        watching = Watching()
        watching.see(*[stay("C1", "03-01", "03-10"), stay("C2", *second, hospital_id="H2")][::order])
        assert [(name, level) for name, (level, _) in watching.standing.items()] == (
            [("overlapping_stays/suzhou/P1/2025/H1/C1+H2/C2", "warning")] if overlaps else []
        )


def test_an_overlap_is_for_the_fund_alone_names_both_and_ends_with_a_reversal() -> None:
    watching = Watching()
    (said,) = watching.see(stay("C1", "03-01", "03-10"), stay("C2", "03-05", "03-12"))
    assert (said["audience"], said["evidence"]) == (["healthcare-security"], ["H1/C1/0", "H1/C2/0"])
    assert told(watching.see(stay("C1", "03-01", "03-10", revision=1, verb="reversed"))) == [
        ("resolved", "overlapping_stays", "warning", 1)
    ]


def test_three_stays_make_three_pairs_and_other_regions_count_too() -> None:
    watching = Watching()
    watching.see(stay("C1", "03-01", "03-10"), stay("C2", "03-02", "03-09", region="wuxi"), stay("C3", "03-03", "03-08"))
    assert sorted(watching.standing) == [
        "overlapping_stays/suzhou/P1/2025/H1/C1+H1/C3",
        "overlapping_stays/suzhou/P1/2025/H1/C2+H1/C3",
        "overlapping_stays/wuxi/P1/2025/H1/C1+H1/C2",
    ]


def test_one_stay_overlaps_at_most_ten_that_began_before_it() -> None:
    watching = Watching()
    watching.see(*(stay(f"C{n}", "03-01", f"03-{n:02d}", visit_id=f"V{n}") for n in range(10, 22)))
    assert len(watching.standing) == sum(range(11)) + 10  # the twelfth began when eleven were under way
    assert "overlapping_stays/suzhou/P1/2025/H1/C10+H1/C21" not in watching.standing  # the one that ended first is left out
    assert "overlapping_stays/suzhou/P1/2025/H1/C20+H1/C21" in watching.standing


def test_a_pair_beyond_the_tenth_comes_back_as_the_next_episode_when_another_goes() -> None:
    """C10 ends first of all: its pair with C21 is told while there are ten, gives way to an eleventh, and returns with its reversal."""
    watching = Watching()
    watching.see(*(stay(f"C{n}", "03-01", f"03-{n:02d}", visit_id=f"V{n}") for n in (*range(10, 20), 21)))
    pair = "overlapping_stays/suzhou/P1/2025/H1/C10+H1/C21"
    assert pair in watching.standing
    watching.see(stay("C20", "03-01", "03-20", visit_id="V20"))
    assert pair not in watching.standing
    said = watching.see(stay("C20", "03-01", "03-20", visit_id="V20", revision=1, verb="reversed"))
    assert [(data["verb"], data["episode"]) for data in said if data["warning_id"] == pair] == [("raised", 2)]


@pytest.mark.parametrize(
    ("first", "second", "overlaps"),
    [
        ({}, {}, False),  # the same day of admission, no number: several bills of one stay
        ({}, {"hospital_id": "H2"}, True),
        ({}, {"admission_date": "2025-03-09"}, True),
        ({"visit_id": "V1"}, {"visit_id": "V1", "admission_date": "2025-03-09"}, False),
        ({"visit_id": "V1"}, {"visit_id": "V2"}, True),
        ({"visit_id": "V1"}, {"visit_id": "V1", "hospital_id": "H2"}, True),
        ({"visit_id": "V1"}, {}, False),  # one bill lacks the number: the day of admission says it
        ({"visit_id": "V1"}, {"admission_date": "2025-03-09"}, True),
    ],
)
def test_several_bills_of_one_stay_do_not_overlap(first: dict[str, str], second: dict[str, str], overlaps: bool) -> None:
    for order in (1, -1):
        watching = Watching()
        watching.see(*[stay("C1", "03-01", "03-10", **first), stay("C2", "03-01", "03-20", **second)][::order])
        assert bool(watching.standing) == overlaps


def test_bills_of_the_same_stay_take_no_place_among_the_ten() -> None:
    """Of twelve earlier bills eleven are of the same stay; the twelfth, of another hospital, ended first of all, and is told."""
    watching = Watching()
    watching.see(stay("C9", "03-01", "03-05", hospital_id="H2"))
    watching.see(*(stay(f"C{n}", "03-01", f"03-{n:02d}", visit_id="V1") for n in range(10, 21)))
    watching.see(stay("C30", "03-02", "03-31", visit_id="V1"))
    assert "overlapping_stays/suzhou/P1/2025/H1/C30+H2/C9" in watching.standing
    assert not [name for name in watching.standing if "H2/C9" not in name]


def test_visits_and_other_persons_stays_do_not_overlap() -> None:
    watching = Watching()
    watching.see(
        stay("C1", "03-01", "03-10"),
        stay("C2", "03-01", "03-10", person_id="P2"),
        result("C3", "1.00", sequence=3, visit_type="outpatient"),
    )
    assert watching.standing == {}


@pytest.mark.parametrize(("died_on", "expected"), [("2025-03-10", []), ("2025-03-09", ["claim_after_death/suzhou/P1/2025/H1/C1"])])
def test_a_date_after_a_death_in_any_region_is_critical(died_on: str, expected: list[str]) -> None:
    watching = Watching()
    watching.see(result("C1", "1.00"), timeline(1, deaths=[("lianyungang", died_on)]))
    assert list(watching.standing) == expected
    assert all(level == "critical" for level, _ in watching.standing.values())


def test_the_earliest_death_that_stands_counts_and_a_void_takes_it_away() -> None:
    watching = Watching()
    deaths = [("suzhou", "2025-02-01"), ("wuxi", "2025-03-05")]
    watching.see(timeline(1, deaths=deaths), stay("C1", "03-01", "03-04"), result("C2", "1.00", sequence=2, visit_type="outpatient"))
    assert sorted(watching.standing) == ["claim_after_death/suzhou/P1/2025/H1/C1", "claim_after_death/suzhou/P1/2025/H1/C2"]
    watching.see(timeline(2, deaths=deaths, voids=["death-1"]))
    assert list(watching.standing) == ["claim_after_death/suzhou/P1/2025/H1/C2"]  # C1 ended before 5 March
    watching.see(timeline(3, deaths=deaths, voids=["death-1", "death-2"]))
    assert watching.standing == {}


def test_a_refused_duplicate_is_told_by_claim_and_counted() -> None:
    watching = Watching()
    (said,) = watching.see(letter(1, claim_of("C1", "2.00")))
    assert (said["warning_id"], said["level"]) == ("conflicting_duplicate/suzhou/P1/2025/H1/C1", "warning")
    assert (said["audience"], said["caused_by"], said["time"]) == (
        ["healthcare-security"],
        {"source": "/hospitals/H1", "id": "again-1"},
        TIME,
    )
    reversal = {"claim_id": "C1", "hospital_id": "H1", "person_id": "P1", "region": "suzhou", "reason": "another"}
    watching.see(letter(2, claim_of("C9", "2.00")), letter(3, reversal, "hospital.claim.reversed.v1"))
    assert watching.standing == {
        "conflicting_duplicate/suzhou/P1/2025/H1/C1": ("warning", "2"),
        "conflicting_duplicate/suzhou/P1/2025/H1/C9": ("warning", "1"),
    }
    assert watching.see(result("C1", "2.00"), result("C1", "2.00", revision=1, verb="reversed")) == []  # an operator closes it


def test_a_stay_counts_in_the_year_of_its_discharge() -> None:
    watching = Watching()
    watching.see(letter(1, claim_of("C1", "2.00", admission_date="2023-12-30", discharge_date="2024-01-02")))
    assert list(watching.standing) == ["conflicting_duplicate/suzhou/P1/2024/H1/C1"]


def test_binary_mode_is_read_from_the_letter_too() -> None:
    attributes = {"specversion": "1.0", "id": "b1", "source": "/hospitals/H1", "type": "hospital.claim.submitted.v1", "time": TIME}
    headers = tuple((f"ce_{name}", value.encode()) for name, value in attributes.items())
    watching = Watching()
    (said,) = watching.see(letter(1, claim_of("C1", "2.00"), headers=headers))
    assert (said["kind"], said["caused_by"]["id"]) == ("conflicting_duplicate", "b1")


def test_a_large_letter_is_read_too() -> None:
    event = orjson.loads(orjson.loads(letter(1, claim_of("C1", "2.00")).value)["data"]["payload"])
    payload = orjson.dumps({**event, "note": '"' * 100_000})
    data = {"reason": "conflicting_duplicate", "detail": "-", "topic": "hospital.claims.v1", "partition": 0, "offset": 1, "key": None}
    large = {"data": {**data, "payload": base64.b64encode(payload).decode(), "payload_encoding": "base64"}}
    watching = Watching()
    assert len(orjson.dumps(large)) > 256 * 1024
    assert [data["kind"] for data in watching.see(Event(LETTERS, "P1", orjson.dumps(large)))] == ["conflicting_duplicate"]


def test_a_conflict_about_a_bill_with_a_field_of_a_later_version_is_told() -> None:
    """Settlement, which may be newer while a site is upgraded, has read the bill before it found its key used."""
    (raised,) = Watching().see(letter(1, claim_of("C1", "2.00", no_such_field=1)))
    assert raised["kind"] == "conflicting_duplicate"


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"[]",
        b"5",
        b"{}",
        b'{"data":{}}',
        b"\xff",
        letter(1, claim_of("C1", "2.00"), reason="invalid_dates").value,
        letter(1, claim_of("C1", "2.00", region="atlantis")).value,
        letter(1, claim_of("C1", "2.00", discharge_date=None)).value,
    ],
)
def test_other_letters_and_unreadable_ones_have_no_consequence(value: bytes) -> None:
    watching = Watching()
    assert watching.see(Event(LETTERS, "P1", value)) == []
    assert watching.records == []  # above all no dead letter of a dead letter


def test_an_adjustment_that_takes_back_money_stays_due_and_adds_up() -> None:
    watching = Watching()
    adjusted = {"verb": "adjusted", "category": "orphan"}
    watching.see(result("C1", "100.00", "100.00", category="orphan"))
    (said,) = watching.see(result("C1", "100.00", "70.00", revision=1, delta="-30.00", **adjusted))
    assert (said["warning_id"], said["level"]) == ("recovery_due/suzhou/P1/2025/H1/C1", "warning")
    assert (said["measure"]["value"], said["evidence"]) == ("30.00", ["H1/C1/1"])
    assert watching.see(result("C1", "100.00", "90.00", revision=2, delta="20.00", **adjusted)) == []
    watching.see(result("C1", "100.00", "85.00", revision=3, delta="-5.00", **adjusted))
    assert watching.standing == {"recovery_due/suzhou/P1/2025/H1/C1": ("warning", "35.00")}
    assert watching.see(result("C1", "100.00", revision=4, verb="reversed", delta="-85.00")) == []
    assert watching.standing == {"recovery_due/suzhou/P1/2025/H1/C1": ("warning", "35.00")}


def test_a_reversal_and_an_adjustment_that_gives_more_take_nothing_back() -> None:
    watching = Watching()
    watching.see(result("C1", "100.00", "50.00"), result("C2", "100.00", "50.00", sequence=2, visit_type="outpatient"))
    watching.see(result("C1", "100.00", revision=1, verb="reversed", delta="-50.00"))
    watching.see(result("C2", "100.00", "51.00", sequence=2, revision=1, verb="adjusted", delta="1.00", visit_type="outpatient"))
    assert watching.standing == {}


def test_a_status_of_the_dead_ends_like_any_other() -> None:
    watching = Watching()
    watching.see(timeline(1, run("orphan", "2024-01-01", "2025-03-05", lost_by="death"), deaths=[("suzhou", "2025-03-05")]))
    assert list(watching.standing) == ["status_ending/suzhou/P1/2025/orphan"]
