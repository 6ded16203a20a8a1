"""Statements of generated cities: every table adds up to the total, which is what `medaid ledger verify` computes; changes lead from one to the next."""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.policy.library import load_policies
from services.synthetic import generate
from tests.unit.conftest import Medaid
from tests.unit.ledger.statements.year import ledger, settled

PERSONS, SEED = 40, 8
ADDING_UP = ("month", "category", "district", "hospital", "reason", "policy")


def total_of(rows: list[dict[str, Any]], column: str) -> Decimal:
    """The sum of a column, by other arithmetic than the program's."""
    return sum((Decimal(row[column]) for row in rows), Decimal())


def places(outputs: list[bytes]) -> Counter[tuple[str, int]]:
    """How many results there are of each region and year."""
    data = [json.loads(line)["data"] for line in outputs if b'"type":"settlement.' in line]
    return Counter((one["region"], one["year"]) for one in data)


@pytest.mark.parametrize("region", load_policies().regions())
def test_every_table_adds_up_to_what_the_ledger_owes(medaid: Medaid, tmp_path: Path, region: str) -> None:
    outputs = settled(*generate(load_policies().current[region][-1], PERSONS, seed=SEED))
    path, whole = ledger(tmp_path / "out.jsonl", outputs), Decimal()
    deltas = Counter[tuple[str, int]]()
    for line in outputs:
        event = json.loads(line)
        if event["type"].startswith("settlement."):
            deltas[event["data"]["region"], event["data"]["year"]] += int(Decimal(event["data"]["delta"]) * 100)
    for (city, year), results in places(outputs).items():
        found = json.loads(medaid("year", "close", "--region", city, "--year", year, "--from", path).out)
        total = found["total"]
        for table in ADDING_UP:
            assert total_of(found[table], "claims") == total["claims"]
            for column in ("self_pay", "assistance", "burden"):
                assert total_of(found[table], column) == Decimal(total[column]), (table, column)
        assert total_of(found["component"], "assistance") == Decimal(total["assistance"])
        assert Decimal(total["self_pay"]) - Decimal(total["assistance"]) == Decimal(total["burden"])
        assert Decimal(total["assistance"]) * 100 == deltas[city, year]
        assert found["ledger"]["results"] == results
        whole += Decimal(total["assistance"])
    verified = medaid("ledger", "verify", "--from", path)
    assert f"{whole:.2f} yuan paid, 0 differences" in verified.out


def test_changes_lead_from_one_statement_to_the_next(medaid: Medaid, tmp_path: Path) -> None:
    """A year closed after two thirds of its lines: what came later is the difference, in all, by month and by category."""
    region = "changchun"
    lines = list(generate(load_policies().current[region][-1], PERSONS, seed=SEED))
    outputs = settled(*lines)
    early, path = ledger(tmp_path / "early.jsonl", settled(*lines[: 2 * len(lines) // 3])), ledger(tmp_path / "out.jsonl", outputs)
    (_, year), _ = places(outputs).most_common(1)[0]
    chosen = ("--region", region, "--year", year)
    before, after = (json.loads(medaid("year", "close", *chosen, "--from", one).out) for one in (early, path))
    (tmp_path / "statement.json").write_text(json.dumps(before), "utf-8")
    said = medaid("year", "changes", *chosen, "--since", tmp_path / "statement.json", "--from", path, "--json")
    *changes, sums = map(json.loads, said.out.splitlines())
    assert said.status == 0
    assert len(changes) == after["ledger"]["results"] - before["ledger"]["results"] > 0
    assert Decimal(after["total"]["assistance"]) - Decimal(before["total"]["assistance"]) == Decimal(sums["delta"])
    for table in ("month", "category"):
        moved = Counter({row[table]: Decimal(row["assistance"]) for row in after[table]})
        moved.subtract({row[table]: Decimal(row["assistance"]) for row in before[table]})
        assert {key: delta for key, delta in moved.items() if delta} == {row[table]: Decimal(row["delta"]) for row in sums[table]}
