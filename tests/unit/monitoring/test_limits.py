"""年度限额: near at 80 percent, reached at the limit, by the class of the category last settled by."""

import pytest

from tests.unit.monitoring.world import Watching, result, told


def pools(watching: Watching) -> dict[str, tuple[str, str]]:
    return {name: found for name, found in watching.standing.items() if "limit" in name}


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        ("239999.99", {}),
        ("240000.00", {"near": "notice"}),  # 300000 x 80%
        ("299999.99", {"near": "notice"}),
        ("300000.00", {"near": "notice", "reached": "warning"}),  # near stays open under reached
    ],
)
def test_a_pool_is_near_at_80_percent_and_reached_at_its_limit(used: str, expected: dict[str, str]) -> None:
    watching = Watching()
    watching.see(result("C1", used, used, category="extreme_poverty", counters={"year": used, "outpatient": "0.00"}))
    assert pools(watching) == {f"annual_limit_{name}/suzhou/P1/2025/year": (level, used) for name, level in expected.items()}


def test_each_pool_has_warnings_of_its_own_with_its_clause() -> None:
    watching = Watching()
    counters = {"year": "245000.00", "outpatient": "10000.00"}
    said = watching.see(result("C1", "100.00", "100.00", category="orphan", counters=counters, visit_type="outpatient"))
    assert sorted(pools(watching)) == [
        "annual_limit_near/suzhou/P1/2025/outpatient",
        "annual_limit_near/suzhou/P1/2025/year",
        "annual_limit_reached/suzhou/P1/2025/outpatient",
    ]
    assert {data["clause"] for data in said} == {"二（六）2"}
    assert [data["threshold"]["value"] for data in said] == ["8000.00", "240000.00", "10000.00"]


@pytest.mark.parametrize(("category", "limit"), [("subsistence_allowance", "30000.00"), ("low_income_margin", "10000.00")])
def test_the_class_tells_the_limit(category: str, limit: str) -> None:
    watching = Watching()
    counters = {"year": limit}
    watching.see(result("C1", limit, limit, category=category, counters=counters, region="changchun"))
    assert pools(watching)["annual_limit_reached/changchun/P1/2025/year"] == ("warning", limit)
    watching.see(
        result("C2", "1.00", category=category, sequence=2, region="changchun", counters={"year": "7999.99"}, visit_type="outpatient")
    )
    assert pools(watching) == {}


def test_the_claim_accepted_last_tells_the_class_whatever_was_told_last() -> None:
    watching = Watching()
    used = {"year": "12000.00"}
    watching.see(result("C1", "12000.00", "12000.00", category="subsistence_allowance", counters=used, region="changchun"))
    assert pools(watching) == {}  # class II: 30000
    later = {"sequence": 2, "region": "changchun", "visit_type": "outpatient_special", "counters": used}
    watching.see(result("C2", "10.00", category="low_income_margin", **later))
    assert "annual_limit_reached/changchun/P1/2025/year" in pools(watching)  # class III: 10000
    again = {"revision": 1, "verb": "adjusted", "delta": "0.00", "region": "changchun", "counters": used}
    watching.see(result("C1", "12000.00", "12000.00", category="extreme_poverty", **again))
    assert "annual_limit_reached/changchun/P1/2025/year" in pools(watching)
    watching.see(result("C2", "10.00", category="low_income_margin", **{**later, "revision": 1, "verb": "reversed"}))
    assert pools(watching) == {}  # of the standing claims C1 is the last


def test_a_used_up_deductible_is_no_limit_reached() -> None:
    watching = Watching()
    watching.see(result("C1", "2000.00", category="low_income_margin", counters={"deductible": "2000.00"}, region="lianyungang"))
    assert watching.standing == {}


def test_reached_is_resolved_when_a_reversal_gives_the_limit_back() -> None:
    watching = Watching()
    watching.see(result("C1", "1.00", "1.00", category="orphan", counters={"year": "300000.00"}))
    said = watching.see(result("C2", "1.00", sequence=2, revision=1, verb="reversed", counters={"year": "250000.00"}))
    assert told(said) == [("raised", "annual_limit_near", "notice", 1), ("resolved", "annual_limit_reached", "warning", 1)]
    assert watching.standing == {"annual_limit_near/suzhou/P1/2025/year": ("notice", "250000.00")}


def test_without_a_category_settled_by_there_is_no_limit_to_reach() -> None:
    watching = Watching()
    watching.see(result("C1", "1.00", counters={"year": "300000.00"}))
    assert watching.standing == {}
