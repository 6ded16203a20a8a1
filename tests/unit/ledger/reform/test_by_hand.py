"""A small year reckoned by hand: every table, the tenths of burden, warnings, limits, the largest change explained.

连云港（五）3, class C: 70% of what is beyond the year's deductible of 2000; class B 80%, no deductible. Tried: C 90%, B 70%, a deductible of 1500.

| claim | month | who | self-pay | now | then | more |
|---|---|---|---|---|---|---|
| H1/1 | 2025-03 | P1, C | 1500.00 | 0.00 (below the deductible) | 0.00 (below the deductible) | 0.00 |
| H1/2 | 2025-05 | P1, C | 3500.00 | 3000 x 70% = 2100.00 | 3500 x 90% = 3150.00 | +1050.00 |
| H2/3 | 2025-07 | P2, B | 900.00 | 720.00 | 630.00 | -90.00 |
| H2/4 | 2025-08 | P2, B | 100.00 | reversed | reversed | 0.00 |
| H1/5 | 2025-09 | P3, no status | 30000.00 | 0.00 | 0.00 | 0.00 |
"""

from pathlib import Path
from typing import Any

import pytest

from schemas.catalogue import RESULT_TYPES
from services.ledger.errors import Declined
from tests.unit.events import claim, granted, reversed_
from tests.unit.ledger.reform.laboratory import POLICIES, alias, outcome, reformed, replayed, written

REGION = "lianyungang"
TRIED = {
    "benefits.direct.rate.class_percent.C": "90",
    "benefits.direct.rate.class_percent.B": "70",
    "pools.deductible.limit_yuan.C": "1500",
}
LINES = [
    granted(),
    granted("needy_worker", "2024-02-01", "g3", person_id="P2").replace(b"civil-affairs", b"trade-union"),
    claim("1", "2025-03-02", "1500.00", district="320703"),
    claim("2", "2025-05-20", "3500.00", district="320703"),
    claim("3", "2025-07-01", "900.00", person_id="P2", hospital_id="H2", district="320706").replace(b"/hospitals/H1", b"/hospitals/H2"),
    claim("4", "2025-08-01", "100.00", person_id="P2"),
    reversed_("4").replace(b"P1", b"P2"),
    claim("5", "2025-09-01", "30000.00", person_id="P3", visit_type="outpatient"),
    claim("6", "2024-12-30", "700.00", person_id="P3"),
    granted("subsistence_allowance", event_id="s1", person_id="P4", region="suzhou"),
    claim("7", "2025-08-01", "700.00", region="suzhou", person_id="P4"),
]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The year, settled as shipped."""
    return written(tmp_path_factory.mktemp("hand") / "ledger.jsonl", replayed(POLICIES, LINES))


@pytest.fixture(scope="module")
def found(ledger: Path) -> dict[str, Any]:
    """What is told of it."""
    told: dict[str, Any] = outcome(ledger, [reformed(REGION, TRIED)], pseudonym=alias).summary["reforms"][0]
    return told


def rows(found: dict[str, Any], table: str) -> dict[str | None, tuple[int, str, str, str]]:
    """Claims, now, then, difference."""
    return {row[table]: (row["claims"], row["now"], row["then"], row["difference"]) for row in found[table]}


def test_the_total(found: dict[str, Any]) -> None:
    assert found["total"] == {
        "person_years": 3,
        "claims": 5,
        "claims_then": 5,
        "self_pay": "35900.00",
        "self_pay_then": "35900.00",
        "now": "2820.00",
        "then": "3780.00",
        "difference": "960.00",
        "percent": "34.04",
        "burden": "33080.00",
        "burden_then": "32120.00",
    }
    assert found["persons"] == {"gainers": 1, "gained": "1050.00", "losers": 1, "lost": "-90.00", "same": 1}


def test_each_table(found: dict[str, Any]) -> None:
    assert rows(found, "month") == {
        "2025-03": (1, "0.00", "0.00", "0.00"),
        "2025-05": (1, "2100.00", "3150.00", "1050.00"),
        "2025-07": (1, "720.00", "630.00", "-90.00"),
        "2025-08": (1, "0.00", "0.00", "0.00"),
        "2025-09": (1, "0.00", "0.00", "0.00"),
    }
    assert rows(found, "visit_type") == {"inpatient": (4, "2820.00", "3780.00", "960.00"), "outpatient": (1, "0.00", "0.00", "0.00")}
    assert rows(found, "category") == {
        "low_income_margin": (2, "2100.00", "3150.00", "1050.00"),
        "needy_worker": (1, "720.00", "630.00", "-90.00"),
        None: (2, "0.00", "0.00", "0.00"),
    }
    assert rows(found, "component") == {"direct": (2, "2820.00", "3780.00", "960.00")}
    assert rows(found, "district") == {
        "320703": (2, "2100.00", "3150.00", "1050.00"),
        "320706": (1, "720.00", "630.00", "-90.00"),
        None: (2, "0.00", "0.00", "0.00"),
    }
    assert rows(found, "hospital") == {"H1": (4, "2100.00", "3150.00", "1050.00"), "H2": (1, "720.00", "630.00", "-90.00")}
    assert {row["reason"]: (row["claims"], row["claims_then"]) for row in found["reason"]} == {
        "assisted": (2, 2),
        "below_deductible": (1, 1),
        "no_entitlement": (1, 1),
        "reversed": (1, 1),
    }


def test_tenths_of_burden(found: dict[str, Any]) -> None:
    """P2 has 180.00 of burden, P1 2900.00, P3 30000.00; of three the tenths are the first, fourth and seventh."""
    assert [
        (
            row["decile"],
            row["person_years"],
            row["burden_from"],
            row["gainers"],
            row["gained"],
            row["losers"],
            row["lost"],
            row["difference"],
        )
        for row in found["decile"]
    ] == [
        (1, 1, "180.00", 0, "0.00", 1, "-90.00", "-90.00"),
        (4, 1, "2900.00", 1, "1050.00", 0, "0.00", "1050.00"),
        (7, 1, "30000.00", 0, "0.00", 0, "0.00", "0.00"),
    ]


def test_counters(found: dict[str, Any]) -> None:
    """The deductible is used by P1 alone, and full: 2000 of 2000 now, 1500 of 1500 then."""
    by_name = {row["counter"]: row for row in found["counter"]}
    deductible = by_name["deductible"]
    assert [deductible[name] for name in ("used", "used_then", "met", "met_then", "sum", "sum_then")] == [1, 1, 1, 1, "2000.00", "1500.00"]
    assert [by_name["year"][name] for name in ("used", "met", "bound", "sum", "sum_then")] == [2, 0, 0, "2820.00", "3780.00"]


def test_warnings_are_crossed_either_way(ledger: Path) -> None:
    """P3's 30000.00 are beyond 26000 either way; P1, of a family at the margin (8000 of 10000 is a notice), only where he gets nothing of 12000."""
    more = written(ledger.with_name("more.jsonl"), replayed(POLICIES, [granted(), claim("1", "2025-03-02", "12000.00"), *LINES[7:8]]))
    less = outcome(more, [reformed(REGION, {"benefits.direct.rate.class_percent.C": "10"})]).summary["reforms"][0]
    assert less["warning"] == [
        {"now": "none", "then": "warning", "person_years": 1},
        {"now": "warning", "then": "warning", "person_years": 1},
    ]
    assert less["crossed"] == {"up": 1, "down": 0}


def test_the_largest_changes_are_explained_side_by_side_under_pseudonyms(found: dict[str, Any]) -> None:
    first, second = found["largest"]
    assert (first["difference"], second["difference"]) == ("1050.00", "-90.00")
    assert (first["person"], first["claim"]) == (alias("P1"), f"H1/{alias('H1/2')}")
    now, then = ("\n".join(text for _, text in lines) for lines in first["en"])
    assert "2100.00 yuan of assistance" in now
    assert "70%" in now
    assert "3150.00 yuan of assistance" in then
    assert "90%" in then
    assert "救助 3150.00 元" in "\n".join(text for _, text in first["zh"][1])
    assert "P1" not in str(first)


def test_without_a_name_for_anybody_there_is_nobody(ledger: Path) -> None:
    """As the console asks."""
    found = outcome(ledger, [reformed(REGION, TRIED)])
    assert found.summary["reforms"][0]["largest"] == []
    assert list(found.persons) == []


def test_several_processes_come_to_the_same(ledger: Path, found: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.ledger.reform.sources.ALONE_BYTES", 0)
    assert outcome(ledger, [reformed(REGION, TRIED)], jobs=3, pseudonym=alias).summary["reforms"][0] == found


def test_several_policies_at_once_come_to_what_each_comes_to_alone(ledger: Path, found: dict[str, Any]) -> None:
    both = outcome(ledger, [reformed(REGION), reformed(REGION, TRIED)], pseudonym=alias).summary["reforms"]
    assert both[1] == found
    assert both[0]["total"]["difference"] == "0.00"


def test_all_years_are_person_years(ledger: Path) -> None:
    total = outcome(ledger, [reformed(REGION, TRIED)], None).summary["reforms"][0]["total"]
    assert (total["person_years"], total["claims"]) == (4, 6)


def test_a_ledger_with_a_claim_missing_is_not_reckoned(ledger: Path) -> None:
    lines = ledger.read_bytes().splitlines()
    first = next(line for line in lines if line.startswith(b'{"specversion":"1.0","id":"H1/1/0"'))
    broken = written(ledger.with_name("broken.jsonl"), [line for line in lines if line is not first])
    with pytest.raises(Declined, match="claims of a person-year are missing"):
        outcome(broken, [reformed(REGION, TRIED)])


def test_a_record_that_is_not_as_it_was_written_is_told_by_its_place(ledger: Path) -> None:
    spoiled = written(ledger.with_name("spoiled.jsonl"), [ledger.read_bytes().replace(b'"components":', b'"compo":').rstrip()])
    at = next(
        at for at in _starts(spoiled) if any(f'"type":"{kind}"'.encode() in spoiled.read_bytes()[at : at + 300] for kind in RESULT_TYPES)
    )
    with pytest.raises(Declined, match=f"the event at byte {at} is not as it was written"):
        outcome(spoiled, [reformed(REGION, TRIED)])


def test_a_year_that_is_not_there_is_told(ledger: Path) -> None:
    with pytest.raises(Declined, match=f"no result of {REGION} in 2019"):
        outcome(ledger, [reformed(REGION, TRIED)], 2019)


def _starts(path: Path) -> list[int]:
    """Where each line begins."""
    starts = [0]
    for line in path.read_bytes().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts
