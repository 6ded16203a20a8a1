"""What a planner does at the console, in both languages, before a real ledger; and the command's report, as a browser shows it. Axe finds nothing in either."""

import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from schemas.catalogue import AUDIT
from tests.e2e.conftest import Visit
from tests.e2e.site import Site
from tests.e2e.test_axe import LOOKS, told
from tests.integration.pipeline import MEDAID
from tests.unit.console.story import KEY, PERSON, REGION
from tests.unit.ledger.reform.test_by_hand import LINES, TRIED

FIGURE = "benefits.direct.rate.class_percent.C"
WORDS = {
    "zh": {"page": "政策试算", "reckon": "试算", "fund": "基金支付", "same": "没有改动任何数字或解读", "city": "城市"},
    "en": {
        "page": "Policies tried",
        "reckon": "Reckon",
        "fund": "What the fund pays",
        "same": "No figure and no reading is changed",
        "city": "City",
    },
}


def tried(page: Page, lang: str, value: str) -> None:
    """Type a figure and have it reckoned."""
    page.get_by_label(FIGURE, exact=True).fill(value)
    with page.expect_navigation():  # or the report of the run before would be taken for this one's
        page.get_by_role("button", name=WORDS[lang]["reckon"], exact=True).click()
    expect(page.locator("#total")).to_have_text(WORDS[lang]["fund"], timeout=90_000)


@pytest.mark.parametrize(("lang", "dark", "width"), LOOKS, ids=["light, wide", "dark, narrow"])
def test_a_planner_changes_a_figure_and_reads_what_it_costs(site: Site, visit: Visit, lang: str, dark: bool, width: int) -> None:
    """The numbers of `medaid reform` of the same ledger; the audit was told, nobody is on the page, and axe finds nothing on it, before and after."""
    page, words = visit("gui", lang, dark=dark, width=width), WORDS[lang]
    expect(page.locator("h1")).to_contain_text(words["page"])
    assert page.locator("header nav a").all_inner_texts() == [words["city"], words["page"]]
    page.goto(f"/reforms/{REGION}?year=2025")
    page.get_by_role("button", name=words["reckon"], exact=True).click()
    expect(page.locator(".note.bad")).to_contain_text(words["same"])
    assert told(page) == []
    tried(page, lang, "81" if lang == "zh" else "82")
    assert told(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    patch = site.pipeline._logs / f"{lang}.yaml"
    patch.write_text(f"region: {REGION}\nset: {{{FIGURE}: {81 if lang == 'zh' else 82}}}\n", "utf-8")
    command = [MEDAID, "reform", str(patch), "--year", "2025", "--out", str(site.pipeline._logs / lang)]
    said = subprocess.run(command, env=site.pipeline.environment, capture_output=True, text=True, check=False, timeout=120)
    assert said.returncode == 0, said.stderr
    found = re.search(r": ([0-9.]+) yuan now, ([0-9.]+) then", said.stdout)
    assert found is not None
    shown = page.locator("section:has(#total) dd").all_inner_texts()
    assert [float(shown[place].replace(",", "")) for place in (0, 1)] == [float(found[1]), float(found[2])]
    assert float(found[2]) > float(found[1]) > 0
    assert [word for word in (PERSON, KEY) if word in page.content()] == []
    events = [event["data"] for event in site.events(AUDIT) if event["type"] == "console.audit.policy_tried.v1"]
    assert {"operator": "local:gui", "client": "127.0.0.1", "region": REGION, "year": 2025, "changed": [FIGURE]} in events


def test_a_planner_sees_no_warning_and_no_person(site: Site, visit: Visit) -> None:
    page = visit("gui")
    for path in ("/warnings", "/health", "/letters", "/audit"):
        assert page.goto(path).status == 403  # type: ignore[union-attr]
    assert page.goto(f"/cities/{REGION}?year=2025").status == 200  # type: ignore[union-attr]
    assert page.locator("main a[href^='/warnings']").count() == 0


def test_axe_finds_nothing_in_a_report(chromium: Browser, tmp_path: Path) -> None:
    """With every explanation open; it asks nobody for anything."""
    year, ledger, patch = (tmp_path / name for name in ("year.jsonl", "settled.jsonl", "patch.yaml"))
    year.write_bytes(b"".join(LINES))
    assert (
        subprocess.run([MEDAID, "replay", str(year), "--out", str(ledger)], capture_output=True, check=False, timeout=120).returncode == 0
    )
    patch.write_text(f"region: {REGION}\nset:\n" + "".join(f"  {path}: {value}\n" for path, value in TRIED.items()), "utf-8")
    command = [MEDAID, "reform", str(patch), "--year", "2025", "--from", str(ledger), "--out", str(tmp_path / "out")]
    assert subprocess.run(command, capture_output=True, check=False, timeout=120).returncode == 0
    for file, width in (("index.html", 1280), ("index.zh.html", 360)):
        page = chromium.new_page(viewport={"width": width, "height": 900})
        asked: list[str] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto((tmp_path / "out" / file).as_uri())
        for closed in page.locator("details").all():
            closed.locator("summary").click()
        assert told(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert asked == [(tmp_path / "out" / file).as_uri()]
        page.close()
