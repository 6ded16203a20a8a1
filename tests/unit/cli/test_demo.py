"""`medaid demo` and what it is made of: sums that agree with the ledger, and claims that are worth explaining."""

import asyncio
import subprocess
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from itertools import repeat
from pathlib import Path
from typing import Any, get_args

import orjson

from schemas.codes import NotAssisted, WarningKind
from schemas.money import fen_from_yuan
from schemas.refusal import Reason
from services.cli.commands.demo import PERSONS, SEED
from services.embedded.replay import Replay
from services.embedded.showcase import show_city
from services.embedded.summary import THEMES, Summary
from services.policy.library import load_policies
from services.synthetic import generate
from tests.unit.conftest import Medaid
from tests.unit.events import claim, granted, line, reversed_

MEDAID = Path(sys.executable).with_name("medaid")


async def outputs(lines: list[bytes]) -> list[bytes]:
    work = Replay(load_policies())
    await work.start()
    return [output for number, text in enumerate(lines) for output in await work.feed(number, text)]


def summed(lines: list[bytes]) -> Summary:
    summary = Summary("lianyungang")
    for output in asyncio.run(outputs(lines)):
        summary.add(output)
    return summary


def test_a_summary_counts_each_claim_once_as_it_stands_in_the_end() -> None:
    """Paid, paid less, taken back; sums of deltas and of newest amounts agree."""
    found = summed([granted(), claim("1", "2025-03-02", "5000.00"), claim("2", "2025-04-02", "100.00"), reversed_("2"), b"garbage"])
    assert found.outcomes() == {"assisted": 1, "reversed": 1}
    assert found.components() == {"direct": 1}
    assert found.paid_fen == sum(one.paid_fen for one in found.claims.values()) == fen_from_yuan("2100.00")
    assert found.dead_letters == {"malformed_json": 1}
    assert len(found.persons) == 1


def test_each_theme_finds_its_claim() -> None:
    """Re-assistance; a status gained in a stay and told late; a limit used under two categories."""
    second = summed([granted("extreme_poverty"), claim("1", "2025-03-02", "300.00"), claim("2", "2025-03-02", "300000.00")])
    assert second.worth_explaining() == {"second_help": "H1/2"}
    stay = claim("1", "2025-03-02", "5000.00", admission_date="2025-03-02", discharge_date="2025-03-09")
    late = summed([stay, granted("extreme_poverty", "2025-03-05")])
    assert late.worth_explaining() == {"changed_in_stay": "H1/1"}
    visit = {"visit_type": "outpatient"}
    changed = line(
        "identity.status.changed.v1",
        "/agencies/lianyungang/civil-affairs",
        "c1",
        {
            "person_id": "P1",
            "region": "lianyungang",
            "from_category": "extreme_poverty",
            "to_category": "subsistence_allowance",
            "effective_date": "2025-04-01",
        },
    )
    shared = [
        granted("extreme_poverty"),
        changed,
        claim("1", "2025-03-02", "9000.00", **visit),
        claim("2", "2025-05-02", "9000.00", **visit),
    ]
    assert summed(shared).worth_explaining() == {"shared_limit": "H1/2"}


def test_a_year_without_such_claims_has_none() -> None:
    assert summed([granted(), claim("1", "2025-03-02", "5000.00")]).worth_explaining() == {}
    assert Summary("wuxi").worth_explaining() == {}


def test_a_city_is_shown_as_its_replay_would_be() -> None:
    """The same counts from the same lines; what is known of a claim includes its history."""
    shown = show_city("wuxi", 30, 7)
    lines = list(generate(load_policies().nearest("wuxi", date(2025, 1, 1)), 30, 7, 2025))
    events: list[dict[str, Any]] = [orjson.loads(output) for output in asyncio.run(outputs(lines))]
    assert shown.summary.events == len(lines)
    assert shown.summary.dead_letters == Counter(event["data"]["reason"] for event in events if event["type"] == "deadletter.v1")
    assert len(shown.summary.claims) == sum(event["type"] == "settlement.completed.v1" for event in events)
    assert all(known.history and known.events is not None for _, known in shown.claims.values())
    assert set(shown.claims) <= set(THEMES)


def test_everything_that_can_happen_happens_in_the_demo() -> None:
    """1,000 people and 5,000 claims a city; every reason, component kind, warning kind and refusal but an error of ours."""
    policies = load_policies()
    with ProcessPoolExecutor() as pool:
        shown = list(pool.map(show_city, policies.regions(), repeat(PERSONS), repeat(SEED)))
    summaries = [city.summary for city in shown]
    for summary in summaries:
        policy = policies.current[summary.region][-1].file
        assert len(summary.persons) >= 1_000
        assert len(summary.claims) >= 5_000
        assert set(summary.components()) == {benefit.kind for benefit in policy.benefits}
        kinds = set(get_args(WarningKind)) - (set() if policy.hospital_ratio else {"hospital_self_pay_ratio"})
        assert set(summary.warnings) == kinds
        assert set(summary.dead_letters) == set(get_args(Reason)) - {"processing_failed"}
        assert {theme for city in shown for theme in city.claims} == set(THEMES)
    assert set().union(*(summary.reasons() for summary in summaries)) == set(get_args(NotAssisted))


def test_the_demo_tells_sums_claims_and_what_is_next() -> None:
    """As a command of its own, for it starts processes; what it suggests to run next is whole and names a claim it explained."""
    said = subprocess.run([MEDAID, "demo", "--persons", "120", "--seed", "3"], capture_output=True, text=True, check=True, timeout=300)
    assert said.stderr == ""
    for word in [
        *load_policies().regions(),
        "claims",
        "paid, yuan",
        "dead letters, by reason",
        "What to run next",
        "medaid replay",
        "Result: ",
    ]:
        assert word in said.stdout
    suggested = next(text for text in said.stdout.splitlines() if text.startswith("  medaid explain "))
    assert f"\n{suggested.split()[2]}: " in said.stdout
    assert "--persons 120 --seed 3" in said.stdout


def test_a_generated_year_is_the_generators(medaid: Medaid, tmp_path: Path) -> None:
    """To a file or to standard output, byte for byte, broken lines included."""
    arguments = ["generate", "--region", "suzhou", "--persons", "10", "--seed", "4", "--year", "2024"]
    said = medaid(*arguments, "--out", tmp_path / "year.jsonl")
    assert (said.status, said.out, said.err) == (0, "", "")
    lines = generate(load_policies().nearest("suzhou", date(2024, 1, 1)), 10, 4, 2024)
    expected = b"".join(text + b"\n" for text in lines)
    assert (tmp_path / "year.jsonl").read_bytes() == expected
    assert subprocess.run([MEDAID, *arguments], capture_output=True, check=True, timeout=120).stdout == expected


def test_the_demo_of_hardly_anybody_ends_well(medaid: Medaid) -> None:
    """No hospital to leave out, perhaps no claim to explain."""
    for seed in (1, 2):
        said = medaid("demo", "--persons", 1, "--seed", seed)
        assert (said.status, said.err) == (0, "")
