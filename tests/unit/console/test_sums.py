"""The sums of a city's year, by hand; a revision moves them by exactly the difference. Amounts in fen."""

import pytest

from services.console.domain.claims import DISTRICTS_MAX
from tests.unit.console.world import Kept, settled
from tests.unit.monitoring.world import Event

YEAR, HOSPITALS, PERSON, LAST = "0/a/suzhou/2025", "0/b/suzhou/2025", "0/p/P1", "0/l"


def paid(number: str = "C1", **more: object) -> Event:
    """A stay of March whose 1000.00 of self-pay the fund pays with 850.00, and 50.00 more by re-assistance."""
    facts = {"category": "orphan", "district": "320505", "sequence": 1, "counters": {"year": "900.00"}, **more}
    return settled(number, "1000.00", {"direct": "850.00", "reassistance": "50.00"}, **facts)


def test_a_claim_counts_in_its_month_category_district_reason_hospital_and_person() -> None:
    kept = Kept().see(paid())
    assert kept.document(YEAR) == {
        "m:2025-03/orphan": [1, 1, 100_000, 85_000, 0, 5_000, 0],
        "r:assisted": [1],
        "d:320505": [1, 1, 100_000, 90_000],
        "p": [1, 1],
    }
    assert kept.document(HOSPITALS) == {"H1": [1, 90_000, 1, 10_000, 100_000]}, "one claim, 900.00 paid, one stay leaves 100.00 of 1000.00"
    assert kept.document(PERSON)["y:suzhou/2025"] == [{"year": 90_000}, 1, 90_000]
    assert kept.document(LAST)["years:suzhou"] == [2025]
    assert kept.document(LAST)["form"] == [1, 0]


def test_a_claim_that_gets_nothing_counts_with_its_reason_and_without_category() -> None:
    kept = Kept().see(settled("C1", "70.05"))
    assert kept.document(YEAR) == {
        "m:2025-03/-": [1, 0, 7_005, 0, 0, 0, 0],
        "r:no_entitlement": [1],
        "d:-": [1, 0, 7_005, 0],
        "p": [1, 0],
    }
    assert kept.document(HOSPITALS) == {"H1": [1, 0, 0, 0, 0]}, "only stays of assisted persons count against the line"


def test_two_claims_of_one_person_are_one_person() -> None:
    kept = Kept().see(paid(), paid("C2", sequence=2, counters={"year": "1800.00"}), settled("C3", "10.00", person_id="P2"))
    assert kept.document(YEAR)["p"] == [2, 1]
    assert kept.document(YEAR)["m:2025-03/orphan"] == [2, 2, 200_000, 170_000, 0, 10_000, 0]
    assert kept.document(PERSON)["y:suzhou/2025"] == [{"year": 180_000}, 2, 180_000]


def test_a_revision_moves_the_sums_by_the_difference() -> None:
    """From orphan with 900.00 to low-income margin with 600.00: one cell is left, the other begun, 300.00 is taken back."""
    anew = settled(
        "C1", "1000.00", {"direct": "600.00"}, category="low_income_margin", verb="adjusted", revision=1, delta="-300.00",
        district="320505", counters={"year": "600.00"},
    )  # fmt: skip
    kept = Kept().see(paid(), anew)
    assert kept.document(YEAR) == {
        "m:2025-03/low_income_margin": [1, 1, 100_000, 60_000, 0, 0, 0],
        "r:assisted": [1],
        "d:320505": [1, 1, 100_000, 60_000],
        "p": [1, 1],
    }
    assert kept.document(HOSPITALS) == {"H1": [1, 60_000, 1, 40_000, 100_000]}
    assert kept.document(LAST)["form"] == [2, 0]
    assert kept.document(PERSON)["c:H1/C1"][-1] == [0, 1], "both places in the ledger are kept"


def test_a_reversed_claim_leaves_only_its_reason() -> None:
    gone = settled("C1", "1000.00", verb="reversed", revision=1, delta="-900.00", counters={"year": "0.00"})
    kept = Kept().see(paid(), gone)
    assert kept.document(YEAR) == {"r:reversed": [1]}
    assert kept.document(HOSPITALS) == {}
    assert kept.document(PERSON)["y:suzhou/2025"] == [{"year": 0}, 0, 0]


def test_a_revision_that_was_known_changes_nothing() -> None:
    """As after offsets were set back: another record of revision 0 moves no sum, whatever it says."""
    kept = Kept().see(paid())
    before = kept.document(YEAR)
    assert kept.see(settled("C1", "5.00", {"direct": "5.00"}, category="orphan")).document(YEAR) == before


def test_a_ledger_that_does_not_go_on_where_it_stopped_is_counted() -> None:
    """A revision left out, and a delta that does not add up: 600.00 after 900.00 is -300.00, not -1.00."""
    skipped = Kept().see(
        paid(), settled("C1", "1000.00", {"direct": "900.00"}, category="orphan", verb="adjusted", revision=2, delta="0.00")
    )
    assert skipped.document(LAST)["form"] == [2, 1]
    wrong = Kept().see(
        paid(), settled("C1", "1000.00", {"direct": "600.00"}, category="orphan", verb="adjusted", revision=1, delta="-1.00")
    )
    assert wrong.document(LAST)["form"] == [2, 1]


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("320505", "320505"),
        ("320505104202", "320505"),
        (None, "-"),
        ("姑苏区张三", "other"),
        ("P1", "other"),
        ("3205", "other"),
        ("３２０５０５", "other"),
    ],
)
def test_a_district_is_a_county_by_its_code_and_anything_else_is_other(told: str | None, kept: str) -> None:
    year = Kept().see(settled("C1", "70.05", district=told)).document(YEAR)
    assert [field for field in year if field.startswith("d:")] == [f"d:{kept}"]


def test_districts_beyond_what_a_city_has_are_one_and_their_claims_move_with_it() -> None:
    claims = [settled(f"C{number}", "1.00", district=f"32{number:04d}", sequence=number) for number in range(1, DISTRICTS_MAX + 6)]
    kept = Kept().see_together(*claims)
    assert len([field for field in kept.document(YEAR) if field.startswith("d:")]) == DISTRICTS_MAX + 1
    assert kept.document(YEAR)["d:other"] == [5, 0, 500, 0]
    anew = settled("C101", "3.00", verb="adjusted", revision=1, delta="0.00", district="320001", sequence=101)
    kept.see(anew)
    assert kept.document(YEAR)["d:other"] == [4, 0, 400, 0]
    assert kept.document(YEAR)["d:320001"] == [2, 0, 400, 0], "of 1.00 and 3.00"


def test_twenty_places_of_a_claim_are_kept_and_no_more() -> None:
    revisions = [settled("C1", "1.00", verb="adjusted", revision=number, delta="0.00") for number in range(1, 25)]
    kept = Kept().see(settled("C1", "1.00"), *revisions)
    assert kept.document(PERSON)["c:H1/C1"][-1] == list(range(5, 25))
