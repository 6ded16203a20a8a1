"""The pages of deploy/: links lead somewhere, and the runbook's two languages carry the same commands."""

from pathlib import Path

import pytest

from services.console.service import ConsoleService
from services.identity.app import IdentityService
from services.monitoring.app import MonitoringService
from services.settlement.app import SettlementService
from tests.runbook import CHINESE, ENGLISH, ROOT, anchors, bare, blocks, links

PAGES = sorted(path for path in (ROOT / "deploy").rglob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_a_file_and_its_heading(page: Path) -> None:
    assert [link for link in links(page) if not leads_somewhere(page, link)] == []


def leads_somewhere(page: Path, link: str) -> bool:
    """Whether what a link names is there."""
    if link.startswith(("https://", "http://")):
        return True
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    return target.exists() and (not anchor or anchor in anchors(target))


def test_both_languages_carry_the_same_commands_in_the_same_order() -> None:
    english, chinese = blocks(ENGLISH), blocks(CHINESE)
    assert [name for name, _ in english] == [name for name, _ in chinese]
    assert [bare(commands) for _, commands in english] == [bare(commands) for _, commands in chinese]
    names = [name for name, _ in english]
    assert "" not in names, "each block has a name, so that a test runs it"
    assert len(names) == len(set(names))


def test_both_languages_have_the_same_entries() -> None:
    headings = (
        [page.read_text("utf-8").count("\n## ") for page in (ENGLISH, CHINESE)],
        [page.read_text("utf-8").count("\n### ") for page in (ENGLISH, CHINESE)],
    )
    assert all(english == chinese for english, chinese in headings)


def test_what_a_program_calls_by_its_heading_is_there() -> None:
    """Lines of log point to these (`services/runtime/fronts.py`, `strays.py`)."""
    assert {"a-record-that-is-not-ours", "the-front-of-a-topic-is-gone"} <= anchors(ENGLISH)


def test_the_changelog_says_what_formats_an_upgrade_finds() -> None:
    heads, _, *versions = [
        line.strip("| ").split(" | ") for line in (ROOT / "CHANGELOG.md").read_text("utf-8").splitlines() if line.startswith("|")
    ]
    this = dict(zip(heads, versions[0], strict=True))
    for service in (IdentityService, SettlementService, MonitoringService, ConsoleService):
        assert this[service.name] == f"format {service.format}", "CHANGELOG.md, What an upgrade changes"
    assert this["to be done"]
