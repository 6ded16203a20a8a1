"""A site's folder at the command line: checked whole, taken by every command, and tested by examples that were calculated by hand."""

import re
from pathlib import Path

import pytest

from services.policy.library import SHIPPED
from tests.unit.conftest import Medaid

FIFTH, FIFTH_TEXT = "north-haven_5", (Path(__file__).parents[1] / "policy" / "fifth_city.yaml").read_text("utf-8")
WUXI = (SHIPPED / "wuxi.yaml").read_text("utf-8")
TABLE = """city: wuxi
cases:
  - case: 低保对象住院
    clauses: [（五）1]
    status:
      - {granted: subsistence_allowance, on: 2024-01-10}
    claims:
      - {discharge_date: 2024-03-02, visit_type: inpatient, self_pay: 1000.00, assistance_amount: 850.00, because: 1000 x 85%}
    counters: {year: 850.00}
  - case: 起付标准，不救助
    claims:
      - {service_date: 2024-03-02, visit_type: outpatient, self_pay: 10.00, assistance_amount: 0.00, reason: no_entitlement, because: no status}
"""


def site(folder: Path, **files: str) -> Path:
    """A folder with a right file of 无锡 and a right table of it, or otherwise."""
    for name, text in {"wuxi": WUXI, "wuxi.cases": TABLE, **files}.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return folder


def test_examples_that_come_out_are_told_case_by_case(medaid: Medaid, tmp_path: Path) -> None:
    said = medaid("policy", "test", site(tmp_path))
    assert (said.status, said.err) == (0, "2 cases of wuxi: all came out\n")
    assert said.out == "ok   wuxi 1: 低保对象住院\nok   wuxi 2: 起付标准，不救助\n"


def test_a_difference_is_told_with_what_was_expected_and_what_came_out(medaid: Medaid, tmp_path: Path) -> None:
    table = TABLE.replace("reason: no_entitlement", "reason: no_self_pay").replace("counters: {year", "counters: {outpatient")
    said = medaid("policy", "test", site(tmp_path, **{"wuxi.cases": table}))
    assert said.status == 4
    assert said.err == "medaid: 2 of 2 cases differ\n"
    first, counter, second, reason = said.out.splitlines()
    assert (first, second) == ("FAIL wuxi 1: 低保对象住院", "FAIL wuxi 2: 起付标准，不救助")
    assert counter.startswith("     counters 2024: outpatient: expected ")
    assert counter.endswith("expected 850.00, came out 0.00")
    assert reason == "     claim 1: reason: expected no_self_pay, came out no_entitlement (no status)"


def test_what_is_refused_is_a_difference(medaid: Medaid, tmp_path: Path) -> None:
    table = TABLE.replace("granted: subsistence_allowance", "granted: subsistence")
    said = medaid("policy", "test", site(tmp_path, **{"wuxi.cases": table}))
    assert said.status == 4
    assert "     events: expected all accepted, came out refused: unknown_category, data.category: " in said.out


def test_the_examples_of_the_page_are_right(medaid: Medaid, tmp_path: Path) -> None:
    """docs/site-policies.md: a region's thresholds, and a table."""
    page = (Path(__file__).parents[3] / "docs/site-policies.md").read_text("utf-8")
    thresholds, table = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "fifth.yaml").write_text(FIFTH_TEXT, "utf-8")
    (tmp_path / f"{FIFTH}.thresholds.yaml").write_text(thresholds, "utf-8")
    (tmp_path / f"{FIFTH}.cases.yaml").write_text(table, "utf-8")
    said = medaid("policy", "check", tmp_path)
    assert (said.status, said.err) == (0, "")
    said = medaid("policy", "test", tmp_path)
    assert (said.status, said.err) == (0, f"1 cases of {FIFTH}: all came out\n"), said.out


FAULTS = {
    "a word": ("assistance_amount: 0.00", "assisted: 0.00", ":12: cases.1.claims.0.assistance_amount: is missing"),
    "a fact": ("visit_type: outpatient", "visit_type: outpatient, wether: fine", ":12: cases.1.claims.0: facts of a claim; wether is none"),
    "an amount": ("self_pay: 10.00", "self_pay: ten", ":12: cases.1.claims.0.self_pay: yuan, such as 1500.00"),
    "a reason": ("reason: no_entitlement", "reason: no_reason", ":12: cases.1.claims.0: a reason of the contract: "),
    "a day": ("on: 2024-01-10", "on: 10.1.2024", ":6: cases.0.status.0.on: a day, such as 2025-03-31"),
    "two things in one row": ("on: 2024-01-10", "on: 2024-01-10, revoked: orphan", ":6: cases.0.status.0: one of granted, revoked"),
    "a void of nothing": ("{granted: subsistence_allowance, on: 2024-01-10}", "{voided: 7}", ":5: cases.0.status: the number of a row"),
    "a counter": ("counters: {year", "counters: {yaer", ":9: cases.0.counters: counters of wuxi: "),
    "another city": ("city: wuxi", "city: atlantis", ":1: city: a region that has a policy file: "),
    "no YAML": ("clauses: [", "clauses: {", "(file): YAML: "),
    "a reading": ("    clauses: [（五）1]\n", "    readings: {nothing: x}\n", ":4: cases.0.readings: "),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_faulty_table_is_refused_with_file_line_and_key(medaid: Medaid, tmp_path: Path, what: str) -> None:
    old, new, fault = FAULTS[what]
    assert TABLE.count(old) == 1
    said = medaid("policy", "test", site(tmp_path, **{"wuxi.cases": TABLE.replace(old, new)}))
    assert (said.status, said.out) == (3, "")
    assert said.err.startswith(f"medaid: {tmp_path}/wuxi.cases.yaml:")
    assert fault in said.err


def test_a_folder_without_a_table_proves_nothing(medaid: Medaid, tmp_path: Path) -> None:
    (tmp_path / "fifth.yaml").write_text(FIFTH_TEXT, "utf-8")
    said = medaid("policy", "test", tmp_path)
    assert said.status == 3
    assert f"warning: {FIFTH}: no table" in said.err
    said = medaid("policy", "test", site(tmp_path), "--region", "suzhou")
    assert (said.status, said.out) == (3, "")


def test_faulty_policies_are_told_all_at_once_as_the_files_fault(medaid: Medaid, tmp_path: Path) -> None:
    """By every command alike, whatever readings are switched; nothing is settled by the shipped file."""
    site(tmp_path, wuxi="id: wuxi\n", x=FIFTH_TEXT.replace("status: draft", "status: draught").replace("subsidy: full", "subsidy: ful"))
    events = tmp_path / "events.jsonl"
    events.write_text("")
    for command in (
        ("policy", "test", tmp_path),
        ("policy", "check", tmp_path),
        ("policy", "check", "--policies", tmp_path),
        ("policy", "show", "suzhou", "--policies", tmp_path),
        ("replay", events, "--policies", tmp_path, "--readings", "wuxi.tilt_limit=within_annual"),
        ("generate", "--region", "suzhou", "--persons", "1", "--seed", "1", "--policies", tmp_path),
    ):
        said = medaid(*command)
        assert (said.status, said.out) == (3, "")
        assert sorted(line.split(":")[1].rsplit("/", 1)[-1] for line in said.err.splitlines()) == ["wuxi.yaml", "x.yaml", "x.yaml"]
        assert "--readings" not in said.err


def test_a_whole_folder_is_checked(medaid: Medaid, tmp_path: Path) -> None:
    """Files that overlap, earlier ones, a reading's other, thresholds; what the default thresholds do not know of is a warning."""
    site(tmp_path, fifth=FIFTH_TEXT)
    said = medaid("policy", "check", tmp_path)
    assert said.status == 0
    assert f"{tmp_path}/fifth.yaml: {FIFTH}, edition " in said.out
    assert f"medaid: warning: {FIFTH}: the default thresholds of early warning name at_risk_rural, " in said.err
    (tmp_path / "earlier").mkdir()
    (tmp_path / "earlier" / "old.yaml").write_text("id: wuxi\n", "utf-8")
    (tmp_path / "again.yaml").write_text(WUXI, "utf-8")
    (tmp_path / "thresholds.yaml").write_text("[]", "utf-8")
    other = FIFTH_TEXT.replace("choose: {counted: true, ignored: false}", "choose: {counted: true, ignoring: false}")
    (tmp_path / "fifth.yaml").write_text(other, "utf-8")
    said = medaid("policy", "check", tmp_path)
    assert said.status == 3
    for part in (
        f"{tmp_path}/earlier/old.yaml:1: readings: ",
        "no other file of wuxi holds",
        f"{tmp_path}/thresholds.yaml:1: (file): a mapping",
        "an alternative for storm_surcharge = ignored; so it is with storm_surcharge=ignored",
    ):
        assert part in said.err, part


def test_a_city_of_the_sites_own_is_generated_settled_and_shown(medaid: Medaid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the option or the variable alike."""
    site(tmp_path, fifth=FIFTH_TEXT)
    year = tmp_path / "year.jsonl"
    assert medaid("generate", "--region", FIFTH, "--persons", "10", "--seed", "1", "--out", year, "--policies", tmp_path).status == 0
    unknown = medaid("replay", year)
    monkeypatch.setenv("MEDAID_POLICIES", str(tmp_path))
    known = medaid("replay", year)
    assert "settlement.completed.v1" in known.out
    assert "settlement.completed.v1" not in unknown.out
    assert FIFTH in medaid("policy", "show", FIFTH).out
    monkeypatch.setenv("MEDAID_POLICIES", str(tmp_path / "nowhere"))
    said = medaid("replay", year)
    assert (said.status, said.err.count("\n")) == (2, 1)
    assert "nowhere" in said.err
