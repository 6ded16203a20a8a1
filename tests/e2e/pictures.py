"""The pictures of README: `python -m tests.e2e.pictures ADDRESS`, of a console that `make demo` opened at a terminal, into docs/console/."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from services.embedded.showroom import PASSWORD
from tests.e2e.conftest import QUIET

FOLDER = Path(__file__).parents[2] / "docs" / "console"


def warnings(page: Page) -> None:
    """The list."""
    page.goto("/warnings")


def person(page: Page) -> None:
    """Somebody near a limit, unmasked: his year in a picture, counters, claims."""
    page.goto("/warnings?kind=annual_limit_reached&state=&region=lianyungang")
    page.locator("#list-title ~ div tbody tr").first.locator("a").last.click()
    page.locator("form[action$='/unmask'] button").click()


def claim(page: Page) -> None:
    """A claim explained, and under another status."""
    person(page)
    page.locator("a[href*='/claims/']").last.click()
    page.locator("#category").select_option("extreme_poverty")
    page.locator("form[action*='/claims/'] button").click()


def city(page: Page) -> None:
    """A city's year."""
    page.goto("/cities/suzhou?year=2025")


SHOWN: dict[str, tuple[Callable[[Page], None], str, bool, int, int]] = {
    "warnings.en": (warnings, "en", False, 1200, 850),
    "warnings.zh": (warnings, "zh", False, 1200, 850),
    "person.en": (person, "en", False, 1200, 900),
    "claim.zh": (claim, "zh", False, 1200, 900),
    "city.zh": (city, "zh", True, 1200, 900),
    "narrow.zh": (warnings, "zh", True, 390, 800),
}
"""Name to what is shown, language, dark, width and height."""


def take(address: str) -> None:
    """Take all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), headless=True, args=QUIET)
        for name, (show, lang, dark, width, height) in SHOWN.items():
            context = browser.new_context(
                base_url=address,
                locale="zh-CN" if lang == "zh" else "en-GB",
                color_scheme="dark" if dark else "light",
                viewport={"width": width, "height": height},
            )
            page = context.new_page()
            page.goto("/login")
            page.locator("#name").fill("operator")
            page.locator("#password").fill(PASSWORD)
            page.locator("main form button").click()
            show(page)
            page.screenshot(path=FOLDER / f"{name}.png")
            context.close()
        browser.close()


if __name__ == "__main__":
    take(sys.argv[1].rstrip("/"))
