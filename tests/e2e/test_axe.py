"""Every page as those meet it who cannot see it well, or hold a mouse: axe finds nothing, light and dark, wide and narrow; nothing is wider than the screen."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from schemas.catalogue import CLAIMS
from tests.e2e.conftest import Visit
from tests.e2e.site import Site
from tests.unit.console.story import KEY, PERSON, REGION

NARROW, WIDE = 360, 1280
LOOKS = [("en", False, WIDE), ("zh", True, NARROW)]
PAGES = ["/login", "/warnings?state=", "warning", "person", "unmasked", "claim", f"/cities/{REGION}?year=2025", f"/cities/{REGION}/policy",
         "/health", f"/letters?topic={CLAIMS}&reason=invalid_amounts", "letter", "/nowhere"]  # fmt: skip


def come_to(page: Page, site: Site, where: str) -> None:
    """Open a page: an address, or the way that a person takes to it."""
    match where:
        case "warning":
            page.goto("/warnings?state=")
            page.locator("#list-title ~ div tbody a").first.click()
        case "person" | "unmasked" | "claim":
            site.find(page, PERSON)
            if where != "person":
                page.locator("form[action$='/unmask'] button").click()
                expect(page.locator("h1")).to_contain_text(PERSON)
                for closed in page.locator("details").all():
                    closed.locator("summary").click()
            if where == "claim":
                page.get_by_role("link", name=KEY).click()
                page.locator("#category").select_option("extreme_poverty")
                page.locator("form[action*='/claims/'] button").click()
        case "letter":
            page.goto(f"/letters?topic={CLAIMS}&reason=invalid_amounts")
            page.locator("tbody a").first.click()
            page.locator("form[action$='/unmask'] button").click()
        case _:
            page.goto(where)
    expect(page.locator("h1")).to_be_visible()


def told(page: Page) -> list[str]:
    """What axe finds: the rule, and where."""
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
    return [f"{one['id']}: {node['html'][:120]}" for one in found.response["violations"] for node in one["nodes"]]


@pytest.mark.parametrize(("lang", "dark", "width"), LOOKS, ids=["light, wide", "dark, narrow"])
@pytest.mark.parametrize("where", PAGES)
def test_axe_finds_nothing(site: Site, visit: Visit, where: str, lang: str, dark: bool, width: int) -> None:
    page = visit("" if where == "/login" else "li", lang, dark=dark, width=width)
    come_to(page, site, where)
    assert told(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "only tables scroll sideways, in their own frames"


def test_axe_finds_what_is_wrong(visit: Visit) -> None:
    """Else the test above could not fail."""
    page = visit()
    page.goto("/login")
    page.evaluate("document.querySelector('label').remove()")
    assert any(line.startswith("label") for line in told(page))


def test_the_first_key_skips_to_the_content(visit: Visit) -> None:
    page = visit("kan")
    page.goto("/warnings")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_every_field_and_button_is_reached_by_tab(visit: Visit) -> None:
    page = visit("li")
    page.goto("/warnings")
    wanted = page.locator("a, button, input:not([type=hidden]), select, textarea").count()
    seen = set()
    for _ in range(wanted + 5):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("[...document.querySelectorAll('a, button, input, select, textarea')].indexOf(document.activeElement)"))
    assert len(seen - {-1}) >= wanted
