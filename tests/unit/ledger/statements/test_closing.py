"""`medaid year close` of a small year whose every sum is worked by hand, and of files that are no year's."""

import csv
import hashlib
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.ledger.statements.sheets import sheets
from tests.unit.conftest import Medaid, Said
from tests.unit.events import claim, granted
from tests.unit.ledger.statements.year import BEFORE, ELSEWHERE, LATE, REGION, YEAR, ledger, rewritten, settled

ROOT = Path(__file__).parents[4]
OF_YEAR = ("--region", REGION, "--year", YEAR)


def row(claims: int, persons: int, self_pay: str, assistance: str, burden: str, **of: Any) -> dict[str, Any]:
    """A row of sums."""
    return {**of, "claims": claims, "persons": persons, "self_pay": self_pay, "assistance": assistance, "burden": burden}


def closed(medaid: Medaid, path: Path) -> Said:
    """The statement of the year in a file."""
    said = medaid("year", "close", *OF_YEAR, "--from", path)
    assert said.status == 0, said.err
    return said


def test_every_sum_of_a_year_worked_by_hand(medaid: Medaid, tmp_path: Path) -> None:
    outputs = settled(*BEFORE, *ELSEWHERE, *LATE)
    said = closed(medaid, ledger(tmp_path / "out.jsonl", outputs))
    found = json.loads(said.out)
    assert found["total"] == row(4, 2, "5900.00", "5020.00", "880.00")
    assert found["month"] == [
        row(1, 1, "1500.00", "1500.00", "0.00", month="2025-03"),
        row(1, 1, "3500.00", "2800.00", "700.00", month="2025-05"),
        row(1, 1, "0.00", "0.00", "0.00", month="2025-06"),
        row(1, 1, "900.00", "720.00", "180.00", month="2025-07"),
    ]
    assert found["category"] == [
        row(2, 1, "5000.00", "4300.00", "700.00", category="extreme_poverty"),
        row(1, 1, "900.00", "720.00", "180.00", category="needy_worker"),
        row(1, 1, "0.00", "0.00", "0.00", category=None),
    ]
    assert found["component"] == [
        {"kind": "direct", "clause": "（五）1", "claims": 2, "persons": 1, "assistance": "4300.00"},
        {"kind": "direct", "clause": "（五）2", "claims": 1, "persons": 1, "assistance": "720.00"},
    ]
    assert found["district"] == [
        row(3, 2, "5900.00", "5020.00", "880.00", district="320703"),
        row(1, 1, "0.00", "0.00", "0.00", district="other"),
    ], "what a hospital wrote there, a name perhaps, is no district"
    assert found["hospital"] == [row(4, 2, "5900.00", "5020.00", "880.00", hospital_id="H1")]
    assert found["reason"] == [
        row(3, 2, "5900.00", "5020.00", "880.00", outcome="assisted", reason=None),
        row(1, 1, "0.00", "0.00", "0.00", outcome="reversed", reason=None),
    ], "a reversal's reason is its sender's text"
    (policy,) = found["policy"]
    assert policy == row(4, 2, "5900.00", "5020.00", "880.00", version=policy["version"], edition=policy["edition"], status="in_force")
    assert found["counter"] == [
        {"counter": "deductible", "person_years": 0, "limited": 0, "used": "0.00"},
        {"counter": "outpatient", "person_years": 0, "limited": 0, "used": "0.00"},
        {"counter": "reassistance", "person_years": 0, "limited": 0, "used": "0.00"},
        {"counter": "year", "person_years": 2, "limited": 0, "used": "5020.00"},
    ]
    assert found["warning"] == []
    assert said.err == (
        f"{REGION} {YEAR}: 4 claims of 2 persons, 5020.00 yuan of assistance; {found['ledger']['results']} results, "
        f"sha256 {found['ledger']['sha256']}\n"
    )
    assert not any(person in said.out for person in ('"P1', '"P2', "Zhang San", "billing_error"))


def test_the_digest_is_what_anybody_can_compute(medaid: Medaid, tmp_path: Path) -> None:
    """By nothing but JSON, SHA-256 and the text of docs/statements.md."""
    path = ledger(tmp_path / "out.jsonl", settled(*BEFORE, *ELSEWHERE, *LATE))
    proof = json.loads(closed(medaid, path).out)["ledger"]
    inner, count, end = hashlib.sha256(), 0, 0
    for number, line in enumerate(path.read_text("utf-8").splitlines()):
        event = json.loads(line)
        if event["type"].startswith("settlement.") and (event["data"]["region"], event["data"]["year"]) == (REGION, YEAR):
            inner.update(line.encode() + b"\n")
            count, end = count + 1, number + 1
    outer = hashlib.sha256(f"0 {inner.hexdigest()}\n".encode()).hexdigest()
    partitions = [{"partition": 0, "end_offset": end, "results": count, "sha256": inner.hexdigest()}]
    assert proof == {"topic": "settlement.results.v1", "results": 7, "sha256": outer, "partitions": partitions}
    assert count == 7


def test_the_recipe_in_the_docs_gives_the_digest(medaid: Medaid, tmp_path: Path) -> None:
    """As an auditor runs it."""
    path = ledger(tmp_path / "out.jsonl", settled(*BEFORE, *ELSEWHERE, *LATE))
    recipe = re.findall(r"```python\n(.*?)```", (ROOT / "docs/statements.md").read_text("utf-8"), re.DOTALL)[0]
    with path.open("rb") as lines:
        run = subprocess.run([sys.executable, "-c", recipe, REGION, str(YEAR)], stdin=lines, capture_output=True, text=True, check=True)
    (part,) = json.loads(closed(medaid, path).out)["ledger"]["partitions"]
    assert run.stdout == f"{part['results']} {part['sha256']}\n"


def test_the_same_year_gives_the_same_bytes(medaid: Medaid, tmp_path: Path) -> None:
    """Also when other years and cities went on; not when a result of its own came."""
    first = closed(medaid, ledger(tmp_path / "out.jsonl", settled(*BEFORE)))
    assert closed(medaid, tmp_path / "out.jsonl") == first
    assert closed(medaid, ledger(tmp_path / "elsewhere.jsonl", settled(*BEFORE, *ELSEWHERE))) == first
    assert closed(medaid, ledger(tmp_path / "late.jsonl", settled(*BEFORE, *LATE))) != first


def test_a_limit_that_bound_is_counted(medaid: Medaid, tmp_path: Path) -> None:
    """Two large bills: the second meets the limit of the year, 200,000 for a margin family."""
    lines = [granted(), claim("1", "2025-03-02", "250000.00"), claim("2", "2025-05-20", "250000.00"), claim("3", "2025-06-20", "10.00")]
    found = json.loads(closed(medaid, ledger(tmp_path / "out.jsonl", settled(*lines))).out)
    counters = {counter.pop("counter"): counter for counter in found["counter"]}
    assert counters["year"] == {"person_years": 1, "limited": 1, "used": "200000.00"}
    assert counters["reassistance"] == {"person_years": 1, "limited": 1, "used": "50000.00"}
    assert counters["deductible"] == {"person_years": 1, "limited": 0, "used": "2000.00"}, "a deductible binds no payment"
    open_ = {(warning["kind"], warning["level"]): warning["open"] for warning in found["warning"]}
    assert (open_["annual_limit_near", "notice"], open_["annual_limit_reached", "warning"]) == (2, 2), "one a limit"


def test_a_person_year_stands_at_a_limit_once(medaid: Medaid, tmp_path: Path) -> None:
    """However often it has bound a payment, as where a policy raised it in the year."""
    outputs = settled(granted(), claim("1", "2025-03-02", "250000.00"), claim("2", "2025-05-20", "250000.00"))
    again = rewritten(outputs, "H1/1/0", lambda data: data["components"][0].update(limited_by="year"))
    found = json.loads(closed(medaid, ledger(tmp_path / "out.jsonl", again)).out)
    assert [counter["limited"] for counter in found["counter"] if counter["counter"] == "year"] == [1]


def test_a_stay_counts_in_the_month_of_its_discharge(medaid: Medaid, tmp_path: Path) -> None:
    stay = claim("1", "2025-03-02", "1500.00", admission_date="2025-02-20", discharge_date="2025-03-02")
    found = json.loads(closed(medaid, ledger(tmp_path / "out.jsonl", settled(granted(), stay))).out)
    assert [month["month"] for month in found["month"]] == ["2025-03"]


def test_warnings_of_other_years_do_not_count(medaid: Medaid, tmp_path: Path) -> None:
    earlier = [claim("7", "2024-03-02", "250000.00"), claim("8", "2024-05-20", "250000.00")]
    outputs = settled(granted(on="2024-01-10"), *earlier, claim("1", "2025-03-02", "1500.00"))
    found = json.loads(closed(medaid, ledger(tmp_path / "out.jsonl", outputs)).out)
    assert any(b'"kind":"annual_limit_reached"' in output for output in outputs)
    assert "annual_limit_reached" not in {warning["kind"] for warning in found["warning"]}


def test_a_resolved_warning_is_not_open(medaid: Medaid, tmp_path: Path) -> None:
    outputs = settled(granted(), claim("1", "2025-03-02", "250000.00"), claim("2", "2025-05-20", "250000.00"))
    raised = next(json.loads(line) for line in outputs if b"return_to_poverty_risk" in line)
    resolved = {**raised, "type": "monitoring.warning.resolved.v1", "id": "resolved"}
    found = json.loads(closed(medaid, ledger(tmp_path / "out.jsonl", [*outputs, json.dumps(resolved).encode()])).out)
    assert "return_to_poverty_risk" not in {warning["kind"] for warning in found["warning"]}
    assert found["warnings"]["partitions"] == [{"partition": 0, "end_offset": len(outputs) + 1}]


def cells(path: Path) -> Iterator[list[str]]:
    """The rows of a sheet, as a spreadsheet reads them: by the byte-order mark."""
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    yield from csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))


def test_sheets_for_a_spreadsheet(medaid: Medaid, tmp_path: Path) -> None:
    """One a table, in Chinese and English; the JSON is what standard output would be."""
    path, folder = ledger(tmp_path / "out.jsonl", settled(*BEFORE, *LATE)), tmp_path / "closed"
    said = medaid("year", "close", *OF_YEAR, "--from", path, "--out", folder)
    assert (said.status, said.out) == (0, "")
    assert (folder / "statement.json").read_text("utf-8") == closed(medaid, path).out
    tables = ["category", "component", "counter", "district", "hospital", "ledger", "month", "policy", "reason", "total", "warning"]
    assert sorted(found.name for found in folder.iterdir()) == sorted([*(f"{table}.csv" for table in tables), "statement.json"])
    head, first, *_ = cells(folder / "category.csv")
    assert head[:3] == ["救助类别 category", "名称 name", "笔数 claims"]
    assert first == ["extreme_poverty", "特困人员", "2", "1", "5000.00", "4300.00", "700.00"]
    assert [line[0] for line in cells(folder / "month.csv")] == ["月份 month", "2025年03月", "2025年05月", "2025年06月", "2025年07月"]
    assert list(cells(folder / "component.csv"))[1] == ["direct", "（五）1", "直接救助", "2", "1", "4300.00"]
    assert [line[:3] for line in cells(folder / "reason.csv")][1:] == [["assisted", "", "已救助"], ["reversed", "", "已冲销"]]
    before = {found.name: found.read_bytes() for found in folder.iterdir()}
    assert medaid("year", "close", *OF_YEAR, "--from", path, "--out", folder).status == 0
    assert {found.name: found.read_bytes() for found in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("hospital", "cell"),
    [
        ("-1+1", "'-1+1"),
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+1", "'+1"),
        ("320500000000123456", "'320500000000123456"),
        ("007", "'007"),
        ("12e5", "'12e5"),
        ("H-7", "H-7"),
        ("320500", "320500"),
    ],
)
def test_no_name_becomes_a_formula_or_a_number(hospital: str, cell: str) -> None:
    """Whatever a ledger of before let in: ids that are formulas are refused today, but for one that begins with a minus."""
    empty = dict.fromkeys(("month", "category", "component", "district", "reason", "policy", "counter", "warning"), ())
    total = row(1, 1, "1.00", "1.00", "0.00")
    proof = {"results": 1, "sha256": "0", "partitions": [{"partition": 0, "end_offset": 1, "results": 1, "sha256": "0"}]}
    document = {"region": REGION, "year": YEAR, "total": total, **empty, "hospital": [{"hospital_id": hospital, **total}], "ledger": proof}
    content = dict(sheets(document, lambda _table, _row: None))["hospital.csv"].decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(content)))[1][0] == cell


def test_another_statement_is_left_as_it_is(medaid: Medaid, tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    first = ledger(tmp_path / "first.jsonl", settled(*BEFORE))
    assert medaid("year", "close", *OF_YEAR, "--from", first, "--out", folder).status == 0
    before = {found.name: found.read_bytes() for found in folder.iterdir()}
    second = ledger(tmp_path / "second.jsonl", settled(*BEFORE, *LATE))
    said = medaid("year", "close", *OF_YEAR, "--from", second, "--out", folder)
    assert (said.status, said.out, said.err.count("\n")) == (4, "", 1)
    assert f"--out {folder}: holds another statement" in said.err
    assert {found.name: found.read_bytes() for found in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("event_id", "field", "value", "told"),
    [
        ("H1/2/1", "delta", "1300.01", "2 differences, the first in delta of revision 1;"),
        ("H1/2/1", "assistance_amount", "2800.01", "4 differences, the first in assistance_amount of revision 1;"),
        ("H1/4/0", "person_id", "P3", "1 differences, the first in person_id;"),
        ("H1/4/0", "delta", None, "1 differences, the first in value;"),
    ],
)
def test_a_ledger_that_is_not_right_is_not_summed_up(
    medaid: Medaid, tmp_path: Path, event_id: str, field: str, value: object, told: str
) -> None:
    outputs = rewritten(settled(*BEFORE, *LATE), event_id, lambda data: data.update({field: value}))
    said = medaid("year", "close", *OF_YEAR, "--from", ledger(tmp_path / "out.jsonl", outputs))
    assert (said.status, said.out, said.err.count("\n")) == (4, "", 1)
    assert f"is not as a ledger must be: {told} `medaid ledger verify` tells all\n" in said.err


def test_a_ledger_with_a_hole_is_not_summed_up(medaid: Medaid, tmp_path: Path) -> None:
    """A claim that is gone with all its revisions leaves a hole in its person's year, which only the whole shows."""
    outputs = [output for output in settled(*BEFORE, *LATE) if b'"id":"H1/1/' not in output]
    said = medaid("year", "close", *OF_YEAR, "--from", ledger(tmp_path / "out.jsonl", outputs))
    assert (said.status, said.out) == (4, "")
    assert "1 differences, the first in sequence;" in said.err


@pytest.mark.parametrize(("region", "year"), [("suzhou", YEAR), (REGION, 2023)])
def test_a_year_without_results_has_no_statement(medaid: Medaid, tmp_path: Path, region: str, year: int) -> None:
    path = ledger(tmp_path / "out.jsonl", settled(*BEFORE))
    said = medaid("year", "close", "--region", region, "--year", year, "--from", path)
    assert (said.status, said.out, said.err) == (3, "", f"medaid: {region} {year}: no result of that region and year in {path}\n")


def test_a_folder_that_cannot_be_is_told(medaid: Medaid, tmp_path: Path) -> None:
    path = ledger(tmp_path / "out.jsonl", settled(*BEFORE))
    said = medaid("year", "close", *OF_YEAR, "--from", path, "--out", path / "closed")
    assert (said.status, said.out, said.err) == (2, "", f"medaid: --out {path / 'closed'}: cannot be written: Not a directory\n")
