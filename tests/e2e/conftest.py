"""A real browser before the real services on a real Kafka and Redis: one site that all tests of a worker share, with a user for each role."""

import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from schemas.console import Role
from services.console.web.users import entry
from tests.e2e.site import PASSWORD, Site
from tests.integration.pipeline import Pipeline
from tests.unit.console.story import day

USERS: dict[str, Role] = {"kan": "viewer", "li": "operator", "sun": "auditor", "gui": "planner"}
SERVICES = ("identity-1", "settlement-1", "monitoring-1", "console-1")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]
DATABASE = 15
"""Of the shared Redis; whoever else is in it has another prefix."""

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium; without it tests skip, unless CI=true. Open, it has a loop running, which tests of other folders cannot bear."""
    program = shutil.which("chromium")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no chromium on this machine", pytrace=False)
        pytest.skip("no chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, headless=True, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(kafka_bootstrap: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The four services at work, after the day of the story."""
    folder = tmp_path_factory.mktemp("site")
    users = folder / "users"
    users.write_text("".join(entry(name, [role], PASSWORD) + "\n" for name, role in USERS.items()), "utf-8")
    prefix = f"t{uuid.uuid4().hex[:12]}."
    redis = urlsplit(redis_url)._replace(path=f"/{DATABASE}").geturl()
    settings = {"MEDAID_CONSOLE_USERS": str(users), "MEDAID_CONSOLE_SECRET": "e" * 32}
    pipeline = Pipeline(kafka_bootstrap, redis, prefix, folder, **settings)
    try:
        pipeline.create_topics()
        for name in SERVICES:
            pipeline.start(name)
        until_s = time.monotonic() + 60
        while not (told := pipeline.told("console served", "console-1")) or len(pipeline.told("lane taken")) < 16:
            assert time.monotonic() < until_s, pipeline.log("console-1")
            time.sleep(0.2)
        made = Site(f"http://127.0.0.1:{told[0]['port']}", kafka_bootstrap, prefix, pipeline)
        made.publish(*day())
        yield made
        assert pipeline.stop() == dict.fromkeys(SERVICES, 0)
    finally:
        pipeline.abandon()


@pytest.fixture
def visit(chromium: Browser, site: Site) -> Iterator[Visit]:
    """Open a page as somebody: `visit("li", lang="zh", dark=True, width=390)`; nothing that a page asks for may lie elsewhere."""
    contexts: list[BrowserContext] = []
    strays: list[str] = []

    def open_page(name: str = "", lang: str = "en", *, dark: bool = False, width: int = 1280) -> Page:
        context = chromium.new_context(
            base_url=site.address,
            locale="zh-CN" if lang == "zh" else "en-GB",
            color_scheme="dark" if dark else "light",
            viewport={"width": width, "height": 900},
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("request", lambda request: None if request.url.startswith(site.address) else strays.append(request.url))
        page.on(
            "console",
            lambda message: strays.append(message.text) if message.type == "error" and "status of 4" not in message.text else None,
        )
        if name:
            site.log_in(page, name)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert strays == [], "asked for elsewhere, or complained of by the browser"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a test may write."""
    return tmp_path
