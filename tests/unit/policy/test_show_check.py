"""`medaid policy show` prints all of a file, in both languages; `medaid policy check` places every fault."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest

from services.policy.benefits import Benefit, Rate
from services.policy.library import SHIPPED, load_policies
from services.policy.model import PolicyFile
from services.policy.parts import at
from services.policy.tree import reading_text
from services.policy.words import percent
from tests.unit.conftest import Medaid

POLICIES = load_policies()
REGIONS = POLICIES.regions()
CHECKED = POLICIES.current["suzhou"][0].file.document.checked_on


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no cell is folded."""
    monkeypatch.setattr("services.cli.commands.policy.PAGE_COLUMNS", 2_000)


def words(file: PolicyFile, lang: str) -> Iterator[str]:
    """What a page must name: every code, name, clause, figure and reading of the file."""
    yield from (file.document.number, file.document.title, file.document.clause, str(file.valid_from), str(file.document.checked_on))
    for code, category in file.categories.items():
        yield from (code, getattr(category.label, lang), *category.certifiers, category.clause, category.klass or "")
    for code, pool in file.pools.items():
        yield from (code, getattr(pool.label, lang), pool.clause)
        yield from (f"{at(figures, file.valid_from) / 100:.2f}" for figures in (pool.limit_yuan or {}).values() if figures)
    for benefit in file.benefits:
        yield from (benefit.id, getattr(benefit.label, lang), *_of_benefit(benefit, file.valid_from))
    for name, choice in file.readings.items():
        yield from (choice.id, name, reading_text(choice.default), reading_text(choice.other), choice.clause, choice.why)
    for rule in (
        file.premium_subsidy,
        file.designated,
        file.deposit_waiver,
        file.early_warning,
        file.entitlement,
        *file.bars,
        *file.reclass,
    ):
        yield rule.clause
    for diseases in file.disease_lists.values():
        yield from diseases.diseases.values() if isinstance(diseases.diseases, Mapping) else diseases.diseases


def _of_benefit(benefit: Benefit, day: date) -> Iterator[str]:
    rate = benefit.rate or Rate()
    yield from [benefit.clause] if isinstance(benefit.clause, str) else benefit.clause.values()
    yield from (f"{klass}: {percent(at(figures, day))}" for klass, figures in (rate.class_percent or {}).items())
    yield from ([percent(at(rate.flat_percent, day))] if rate.flat_percent else [])
    yield from (change.clause for change in benefit.modifiers if change.applies)
    yield from benefit.limited_by


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("region", REGIONS)
def test_everything_in_the_file_is_shown(medaid: Medaid, region: str, lang: str) -> None:
    said = medaid("policy", "show", region, "--lang", lang)
    assert (said.status, said.err) == (0, "")
    assert [word for word in words(POLICIES.current[region][0].file, lang) if word not in said.out] == []


def test_the_order_is_the_decrees(medaid: Medaid) -> None:
    """Changchun's draft: 第三条 categories, 第六条 premiums, 第八条 institutions, 第十一条 and on, 第二十六条 deposit."""
    out = medaid("policy", "show", "changchun").out
    titles = [
        "Categories",
        "Premium subsidy (第六条)",
        "Designated institutions (第八条)",
        "Limits and counters",
        "Benefits",
        "No deposit on admission",
    ]
    places = [out.index(title) for title in titles]
    assert places == sorted(places)


def test_a_draft_is_marked_and_a_decree_is_not(medaid: Medaid) -> None:
    assert "A DRAFT for comment, not in force" in medaid("policy", "show", "changchun").out
    assert "征求意见稿，未正式施行" in medaid("policy", "show", "changchun", "--lang", "zh").out
    assert "DRAFT" not in medaid("policy", "show", "suzhou").out


def test_without_a_list_of_institutions_all_pass(medaid: Medaid) -> None:
    assert "no list of designated institutions: all institutions pass" in medaid("policy", "show", "wuxi").out


def test_a_switched_reading_is_marked(medaid: Medaid) -> None:
    """What is chosen and what is the other change places."""
    out = medaid("policy", "show", "suzhou", "--readings", "suzhou.rounding=down").out
    row = next(line for line in out.splitlines() if "rounding" in line)
    assert [cell.strip() for cell in row.split("│")[2:5]] == ["rounding", "down *", "half_up"]
    assert "* not the default" in out
    assert "rounded down to 0.01 yuan" in out
    assert "* not the default" not in medaid("policy", "show", "suzhou").out


def test_a_figure_that_changes_is_shown_with_its_dates(medaid: Medaid, tmp_path: Path) -> None:
    text = (SHIPPED / "suzhou.yaml").read_text("utf-8").replace("{2023-01-01: 300000}", "{2023-01-01: 300000, 2026-01-01: 350000}")
    (tmp_path / "suzhou.yaml").write_text(text, "utf-8")
    assert "300000.00 (2023-01-01 -); 350000.00 (2026-01-01 -)" in medaid("policy", "show", "suzhou", "--policies", tmp_path).out


FAULTS = {
    "an unknown key": (r"^status: in_force$", "status: in_force\nstatsu: x", r"statsu: no such key"),
    "a rate above 100%": (
        r"full: \{2023-01-01: 100\}",
        "full: {2023-01-01: 101}",
        r"benefits\.0\.rate\.class_percent\.full\.2023-01-01: a percentage",
    ),
    "a missing clause": (r"^ *clause: 二（六）4\n", "", r"benefits\.4\.clause: is missing"),
    "a pool that is none": (
        r"limited_by: \[outpatient, year\]",
        "limited_by: [outpatient, yaer]",
        r"benefits\.\d\.limited_by: a pool of this file; yaer is none",
    ),
    "a key twice": (r"^status: in_force$", "status: in_force\nstatus: draft", r"status: a key only once"),
    "no YAML": (r"^status: in_force$", "status: [in_force", r"\(file\): YAML: "),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_has_file_line_and_key(medaid: Medaid, tmp_path: Path, fault: str) -> None:
    pattern, replacement, expected = FAULTS[fault]
    path = tmp_path / "suzhou.yaml"
    text, count = re.subn(pattern, replacement, (SHIPPED / "suzhou.yaml").read_text("utf-8"), flags=re.M)
    assert count
    path.write_text(text, "utf-8")
    said = medaid("policy", "check", path)
    assert said.status == 3
    assert re.search(rf"^medaid: {re.escape(str(path))}:\d+: {expected}", said.err, re.M)


def test_the_line_is_the_right_one_and_every_fault_is_told(medaid: Medaid, tmp_path: Path) -> None:
    path = tmp_path / "suzhou.yaml"
    text = (SHIPPED / "suzhou.yaml").read_text("utf-8")
    path.write_text(
        text.replace("status: in_force", "status: in force").replace("certified_by: trade-union", "certified_by: trade union"), "utf-8"
    )
    lines = path.read_text("utf-8").splitlines()
    said = medaid("policy", "check", path)
    told = {int(re.match(rf"medaid: {re.escape(str(path))}:(\d+): ", line)[1]) for line in said.err.splitlines()}  # type: ignore[index]
    assert told == {number for number, line in enumerate(lines, 1) if "status: in force" in line or "certified_by: trade union" in line}


def test_the_shipped_files_are_right(medaid: Medaid) -> None:
    said = medaid("policy", "check", *sorted(SHIPPED.glob("*.yaml")), "--today", str(CHECKED))
    assert (said.status, said.err) == (0, "")
    assert said.out.count("\n") == len(REGIONS)
    for (policy,) in POLICIES.current.values():
        digests = f"edition {policy.edition}, wording {policy.wording}"
        assert f"{policy.file.id}, {digests}" in said.out
        assert f"edition {policy.edition} (wording {policy.wording})" in medaid("policy", "show", policy.file.id).out


@pytest.mark.parametrize(("days", "warned"), [(366, False), (367, True)])
def test_a_check_older_than_a_year_is_warned_of_and_no_fault(medaid: Medaid, days: int, warned: bool) -> None:
    said = medaid("policy", "check", SHIPPED / "suzhou.yaml", "--today", str(CHECKED + timedelta(days=days)))
    assert said.status == 0
    assert (f"warning: {SHIPPED / 'suzhou.yaml'}: document.checked_on: {CHECKED} is more than a year ago" in said.err) is warned


def test_a_day_that_is_none_is_wrong_use(medaid: Medaid) -> None:
    assert medaid("policy", "check", SHIPPED / "suzhou.yaml", "--today", "tomorrow").status == 2
