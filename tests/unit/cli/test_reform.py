"""`medaid reform`: what it prints and writes, what it refuses; nobody is in what it writes but under a pseudonym."""

import csv
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.unit.conftest import Medaid, Said
from tests.unit.ledger.reform.laboratory import POLICIES, replayed, source_of, written
from tests.unit.ledger.reform.test_by_hand import LINES, REGION, TRIED

PERSONS = [f"P{number}" for number in range(1, 5)]
PATCH = f"region: {REGION}\nname: more for the margin\nset:\n" + "".join(f"  {path}: {value}\n" for path, value in TRIED.items())
TOLD = "reform more for the margin: 2820.00 yuan now, 3780.00 then, +960.00 (34.04%); 1 gain, 1 lose; 0 are warned of more, 0 of less\n"


@pytest.fixture(scope="session")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The year worked by hand in tests/unit/ledger/reform/test_by_hand.py."""
    return written(tmp_path_factory.mktemp("reform") / "settled.jsonl", replayed(POLICIES, LINES))


@pytest.fixture
def run(medaid: Medaid, settled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`medaid reform` of the year into a folder of the test; a text for an argument's file is written first."""
    monkeypatch.setenv("MEDAID_PSEUDONYM_KEY", "k" * 16)

    def call(*arguments: object, text: str | bytes = PATCH) -> Said:
        file = tmp_path / "tried.yaml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        told = [file if argument == "FILE" else argument for argument in arguments]
        return medaid("reform", "--year", "2025", "--from", settled, "--out", tmp_path / "out", *told)

    return call


def summary(folder: Path) -> dict[str, Any]:
    """What the summary says."""
    found: dict[str, Any] = orjson.loads((folder / "out" / "summary.json").read_bytes())
    return found


def texts(folder: Path) -> dict[str, str]:
    """Every file of the report."""
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_patch_is_tried_and_reported(run: Any, tmp_path: Path) -> None:
    said = run("FILE")
    assert (said.status, said.out) == (0, TOLD)
    assert said.err == f"report: {tmp_path / 'out' / 'index.html'}\n"
    assert list(texts(tmp_path / "out")) == ["index.html", "index.zh.html", "persons.csv", "summary.json"]
    found = summary(tmp_path)
    assert (found["form"], found["region"], found["year"]) == (1, REGION, 2025)
    assert found["title"] == {"zh": "连云港市", "en": "Lianyungang"}
    assert [change["path"] for change in found["reforms"][0]["changes"]] == [
        "pools.deductible.limit_yuan.C",
        "benefits.direct.rate.class_percent.B",
        "benefits.direct.rate.class_percent.C",
    ]


def test_the_same_again_is_the_same(run: Any, tmp_path: Path) -> None:
    run("FILE")
    first = texts(tmp_path / "out")
    run("FILE")
    assert texts(tmp_path / "out") == first


def test_each_person_has_a_line_under_a_pseudonym(run: Any, tmp_path: Path) -> None:
    run("FILE")
    with (tmp_path / "out" / "persons.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: float(row["burden_now"]))
    assert [[row[name] for name in row if name != "person"] for row in rows] == [
        ["2025", "2", "900.00", "900.00", "720.00", "630.00", "-90.00", "180.00", "270.00", "1"],
        ["2025", "2", "5000.00", "5000.00", "2100.00", "3150.00", "1050.00", "2900.00", "1850.00", "4"],
        ["2025", "1", "30000.00", "30000.00", "0.00", "0.00", "0.00", "30000.00", "30000.00", "7"],
    ]
    assert all(re.fullmatch("[0-9a-f]{16}", row["person"]) for row in rows)


def test_nobody_is_in_the_report(run: Any, tmp_path: Path) -> None:
    """Neither a person's id nor a bill's number, which leads to him; hospitals are."""
    run("FILE")
    for text in texts(tmp_path / "out").values():
        assert [person for person in PERSONS if re.search(rf"\b{person}\b", text)] == []
        assert re.findall(r"\bH[12]/[0-9]\b", text) == []
    assert "H1" in texts(tmp_path / "out")["index.html"]


class _Addresses(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.found += [value or "" for name, value in attrs if name in ("href", "src", "action", "style")]


@pytest.mark.parametrize(
    ("file", "lang", "other", "words"),
    [("index.html", "en", "index.zh.html", "What the fund pays"), ("index.zh.html", "zh-CN", "index.html", "基金支付")],
)
def test_a_page_needs_nothing_else_and_says_what_the_summary_says(
    run: Any, tmp_path: Path, file: str, lang: str, other: str, words: str
) -> None:
    run("FILE")
    text = texts(tmp_path / "out")[file]
    page = _Addresses()
    page.feed(text)
    assert page.found == [other]
    assert page.tags.isdisjoint({"script", "link", "img", "iframe"})
    assert f'<html lang="{lang}">' in text
    for figure in (words, "2,820.00", "3,780.00", "+960.00", "34.04%", "<svg"):
        assert figure in text


def test_chinese_where_asked(run: Any, tmp_path: Path) -> None:
    said = run("FILE", "--lang", "zh")
    assert (
        said.out
        == "reform more for the margin：现在 2820.00 元，之后 3780.00 元，差额 +960.00 (34.04%)；1 人受益，1 人受损；预警升级 0 人，降级 0 人\n"
    )
    assert '<html lang="zh-CN">' in texts(tmp_path / "out")["index.html"]


def test_readings_alone_are_a_reform(run: Any, tmp_path: Path) -> None:
    said = run("--readings", f"{REGION}.outpatient_limit_scope=all_outpatient")
    assert (
        said.status,
        said.out.startswith("reform outpatient_limit_scope=all_outpatient: 2820.00 yuan now, 2820.00 then, 0.00 (0.00%)"),
    ) == (0, True)
    assert [change["path"] for change in summary(tmp_path)["reforms"][0]["changes"]] == ["pools.outpatient.visit_types"]


def test_several_files_stand_side_by_side_each_with_its_report(run: Any, tmp_path: Path) -> None:
    whole = tmp_path / "whole.yaml"
    whole.write_text(source_of(REGION).text.replace("B: {2023-01-01: 80}", "B: {2023-01-01: 70}"), "utf-8")
    said = run("FILE", whole)
    assert (
        said.out
        == TOLD + f"reform {whole}: 2820.00 yuan now, 2730.00 then, -90.00 (-3.19%); 0 gain, 1 lose; 0 are warned of more, 0 of less\n"
    )
    names = ["1-more-for-the-margin", "2-whole"]
    assert list(texts(tmp_path / "out")) == [
        *(f"{name}/{file}" for name in names for file in ("index.html", "index.zh.html", "persons.csv")),
        "index.html",
        "index.zh.html",
        "summary.json",
    ]
    page = texts(tmp_path / "out")["index.html"]
    assert [f'href="{name}/index.html"' in page for name in names] == [True, True]
    assert "+960.00" in page
    assert "-90.00" in page


def test_a_value_is_sought(run: Any, tmp_path: Path) -> None:
    """Of C's rate on 3000.00 beyond the deductible a budget of 100 yuan more buys 3.33 points: 100 / 3000."""
    path = "benefits.direct.rate.class_percent.C"
    said = run("--region", REGION, "--solve", path, "--budget", "+100")
    first, second = said.out.splitlines()
    assert first.startswith(f"reform {path} = 73.33: 2820.00 yuan now, 2919.90 then, +99.90")
    assert second == f"solve {path}: the largest value within 2,920.00 yuan is 73.33, which costs 2,919.90 yuan; 73.34 would cost 2,920.20."
    assert summary(tmp_path)["reforms"][0]["solved"]["value"] == "73.33"
    assert "<polyline" in texts(tmp_path / "out")["index.html"]


def test_the_readings_that_run_are_those_of_today(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDAID_READINGS", f"{REGION}.outpatient_limit_scope=all_outpatient")
    run("FILE")
    assert "pools.outpatient.visit_types" not in {change["path"] for change in summary(tmp_path)["reforms"][0]["changes"]}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((), "expected a FILE, --readings or --solve"),
        (("FILE", "--region", "suzhou"), "--region: expected one region for all, suzhou and lianyungang are named"),
        (("--readings", "atlantis.rounding=down"), "--region atlantis: one of changchun, lianyungang, suzhou, wuxi"),
        (("--readings", "rounding=down"), "--readings: rounding=down: city.reading=value"),
        (("FILE", "--readings", "suzhou.rounding=down"), "--readings: expected readings of lianyungang"),
        (("--region", REGION, "--solve", "status"), "--solve and --budget: expected both, or neither"),
        (("--region", REGION, "--budget", "+5%"), "--solve and --budget: expected both, or neither"),
        (("FILE", "FILE", "--solve", "a", "--budget", "+5%"), "--solve: expected one FILE at most"),
        (("--region", REGION, "--solve", "entitlement.clause", "--budget", "+5%"), "--solve entitlement.clause: expected the path of a percentage"),
        (("--region", REGION, "--solve", "pools.year.limit_yuan.D", "--budget", "5%"), "--budget 5%: expected +5% or -5%"),
        (("nowhere.yaml",), "nowhere.yaml"),
        (("FILE", "--year", "25"), "--year"),
    ],
)  # fmt: skip
def test_wrong_use_is_one_line_and_status_2(run: Any, tmp_path: Path, arguments: tuple[str, ...], word: str) -> None:
    said = run(*arguments)
    assert (said.status, said.out) == (2, "")
    assert word in said.err
    assert (said.err.startswith("medaid: "), said.err.count("\n")) == (True, 1)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (PATCH.replace("direct.rate", "dirct.rate"), "more for the margin: set: benefits.dirct.rate.class_percent.C: no dirct there; there is direct"),
        (PATCH.replace(": 90", ": 700"), "more for the margin: benefits.direct.rate.class_percent.C"),
        (f"region: {REGION}\nset: [a]\n", "tried.yaml:2: set: a mapping of paths to figures"),
        (f"region: {REGION}\nreadings: {{rounding: [a]}}\n", "tried.yaml:2: readings: a mapping of readings to their values"),
        (f"region: {REGION}\nreadings: {{roundings: down}}\n", "tried.yaml: readings: roundings: no such reading; there is "),
        ("a: [\n", "tried.yaml:"),
        (PATCH.encode("gb18030") + "# 连云港".encode("gb18030"), "tried.yaml:1: (file): UTF-8"),
        (source_of(REGION).text.replace("valid_to: null", "valid_to: never"), "tried.yaml:"),
    ],
)  # fmt: skip
def test_faults_of_a_file_are_told_with_status_3(run: Any, tmp_path: Path, text: str | bytes, told: str) -> None:
    said = run("FILE", text=text)
    assert (said.status, said.out) == (3, "")
    assert told in said.err
    assert all(line.startswith("medaid: ") for line in said.err.splitlines())
    assert not (tmp_path / "out").exists()


def test_a_file_that_holds_on_no_day_of_the_year_is_told(run: Any) -> None:
    said = run(
        "FILE",
        text=source_of(REGION).text.replace("valid_from: 2023-01-01", "valid_from: 2026-01-01").replace("2023-01-01:", "2026-01-01:"),
    )
    assert (said.status, "it holds on no day of 2025" in said.err) == (2, True)


@pytest.mark.parametrize(("variable", "value"), [("MEDAID_READINGS", "suzhou.no_such=1"), ("MEDAID_THRESHOLDS", "no/such.yaml")])
def test_what_runs_at_the_site_and_cannot_be_used_is_told(run: Any, monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    said = run("FILE")
    assert (said.status, said.err.startswith(f"medaid: {variable}: "), said.err.count("\n")) == (2, True, 1)


def test_a_ledger_that_is_none_is_told(medaid: Medaid, settled: Path, tmp_path: Path) -> None:
    scope = ("reform", "--readings", f"{REGION}.rounding=down", "--out", tmp_path / "out")
    inputs = tmp_path / "in.jsonl"
    inputs.write_bytes(b"".join(LINES))
    assert medaid(*scope, "--from", inputs).status == 3
    assert medaid(*scope, "--from", "redis").status == 2
    assert medaid(*scope, "--from", "nowhere.jsonl").status == 2
    said = medaid(*scope, "--year", "2019", "--from", settled)
    assert (said.status, said.err) == (3, f"medaid: no result of {REGION} in 2019 in {settled}\n")


def test_a_folder_that_cannot_be_written_is_told(run: Any, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file", "utf-8")
    said = run("FILE")
    assert (said.status, said.err.count("\n")) == (2, 1)
