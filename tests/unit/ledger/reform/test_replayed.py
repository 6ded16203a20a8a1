"""The laboratory says what settlement would have said: claim by claim what `medaid replay` writes of the same events under the other policy."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from services.ledger.reform.cases import Case
from services.ledger.reform.given import today
from services.policy.tree import Reading, parse
from tests.unit.events import claim, granted
from tests.unit.ledger.reform.laboratory import (
    POLICIES,
    YEAR,
    newest,
    outcome,
    reformed,
    replayed,
    source_of,
    town,
    town_ledger,
    tried,
    written,
)

REGIONS = POLICIES.regions()
STATUSES = {"loss_takes_effect": "immediately", "grant_takes_effect": "next_month"}


def figures_of(region: str) -> dict[str, str]:
    """A figure of each kind that a city has, moved: every rate down, every limit to a fifth."""
    found: dict[str, str] = {}

    def walk(path: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                where = f"{path}.{key}"
                dated = isinstance(inner, dict) and inner and all(str(day)[:1].isdigit() for day in inner)
                if dated and "_percent" in where and "modifiers" not in where and "ratio" not in where:
                    found[where] = str(max(1, int(float(max(inner.items())[1])) - 10))
                elif dated and "_yuan" in where:
                    found[where] = str(int(max(inner.items())[1]) // 5)
                else:
                    walk(where, inner)
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, dict) and "id" in item:
                    walk(f"{path}.{item['id']}", item)

    data = parse("city", source_of(region).text).data
    for part in ("pools", "benefits"):
        walk(part, data[part])
    return found


def agree(case: Case, tmp_path: Path, persons: int, seed: int = 5) -> None:
    """Hold the laboratory against replay."""
    path = written(tmp_path / "ledger.jsonl", town_ledger(case.region, persons, seed))
    expected = newest(replayed(case.policies, town(case.region, persons, seed)), case.region)
    assert tried(case, path) == expected
    assert expected != newest(town_ledger(case.region, persons, seed), case.region), "or nothing was tried"


@pytest.mark.parametrize("region", REGIONS)
def test_under_the_policy_of_today_the_total_is_the_ledger_s_to_the_fen(region: str, tmp_path: Path) -> None:
    path = written(tmp_path / "ledger.jsonl", town_ledger(region))
    found = outcome(path, [today(POLICIES, region)]).summary["reforms"][0]
    claims = [one for one in newest(town_ledger(region), region).values() if one[0] == YEAR]
    owed = sum(int(paid.replace(".", "")) for *_, paid in claims)
    assert (found["total"]["now"], found["total"]["then"], found["total"]["difference"]) == (f"{owed // 100}.{owed % 100:02d}",) * 2 + (
        "0.00",
    )
    assert found["total"]["claims"] == len(claims)
    assert (found["persons"]["gainers"], found["persons"]["losers"], found["elsewhere"], found["changes"]) == (0, 0, 0, [])
    assert tried(today(POLICIES, region), path) == newest(town_ledger(region), region)


@pytest.mark.parametrize("region", REGIONS)
def test_under_other_figures_each_claim_is_what_replay_makes_of_it(region: str, tmp_path: Path) -> None:
    agree(reformed(region, figures_of(region)), tmp_path, 20)


@pytest.mark.parametrize("region", REGIONS)
def test_where_statuses_begin_and_end_otherwise_they_follow_from_the_events_anew(region: str, tmp_path: Path) -> None:
    entitlement = parse("city", source_of(region).text).data["entitlement"]
    plain: Mapping[str, Any] = {f"entitlement.{name}": value for name, value in STATUSES.items() if isinstance(entitlement[name], str)}
    read: dict[str, Reading] = {"grant_takes_effect": "next_month"} if isinstance(entitlement["grant_takes_effect"], dict) else {}
    case = reformed(region, plain, read)
    assert case.is_anew
    agree(case, tmp_path, 20)


def test_a_stay_across_two_years_counts_in_the_other_one(tmp_path: Path) -> None:
    """By admission instead of discharge: it leaves the year, with what it used of the limits. 85% of 1000.00 each, in two years."""
    where: dict[str, Any] = {"region": "suzhou"}
    stay = claim("2", "2025-01-03", "1000.00", **where, admission_date="2024-12-28", discharge_date="2025-01-03")
    lines = [granted("subsistence_allowance", "2024-01-01", **where), claim("1", "2025-03-02", "1000.00", **where), stay]
    ledger = replayed(POLICIES, lines)
    path, case = written(tmp_path / "ledger.jsonl", ledger), reformed("suzhou", readings={"stay_year": "admission"})
    expected = newest(replayed(case.policies, lines), "suzhou")
    assert tried(case, path) == expected
    assert {key: one[0] for key, one in expected.items()} == {"H1/1": 2025, "H1/2": 2024}
    totals = {year: outcome(path, [case], year).summary["reforms"][0]["total"] for year in (2024, 2025, None)}
    assert [(one["claims"], one["now"], one["claims_then"], one["then"]) for one in totals.values()] == [
        (0, "0.00", 1, "850.00"),
        (2, "1700.00", 1, "850.00"),
        (2, "1700.00", 2, "1700.00"),
    ]


READINGS = [
    (region, name, other if value == choice.default else choice.default)
    for region in REGIONS
    for policy in POLICIES.current[region]
    for name, choice in policy.file.readings.items()
    for value, other in [(policy.readings[name], choice.other)]
]


@pytest.mark.prove
@pytest.mark.parametrize(("region", "name", "value"), READINGS)
def test_every_reading_switched_is_what_replay_makes_of_it(region: str, name: str, value: Reading, tmp_path: Path) -> None:
    case = reformed(region, readings={name: value})
    path = written(tmp_path / "ledger.jsonl", town_ledger(region, 300))
    assert tried(case, path, jobs=2) == newest(replayed(case.policies, town(region, 300)), region)
