"""The runbook as data: its commands by name, in both languages, its headings and its links."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENGLISH, CHINESE = ROOT / "deploy/RUNBOOK.md", ROOT / "deploy/RUNBOOK.zh-CN.md"
NOT_RUN = "not-run-"
"""What a block's name begins with that no test runs: it needs tools that do not come with Kafka's jars, and a loss that cannot be made to order."""

_BLOCK = re.compile(r"^( *)```sh ?([a-z-]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def blocks(path: Path) -> Sequence[tuple[str, str]]:
    """Name and commands of each block, as they stand there."""
    return [
        (name, re.sub(rf"^{indent}", "", commands, flags=re.MULTILINE))
        for indent, name, commands in _BLOCK.findall(path.read_text("utf-8"))
    ]


def recipes(path: Path = ENGLISH) -> Mapping[str, str]:
    """The commands of each block that a test runs, by its name."""
    return {name: commands for name, commands in blocks(path) if not name.startswith(NOT_RUN)}


def bare(commands: str) -> list[str]:
    """Commands without what is said about them."""
    lines = (re.sub(r"(^|\s+)# .*$", "", line) for line in commands.splitlines())
    return [line for line in lines if line]


def anchors(path: Path) -> set[str]:
    """The headings of a page, as links name them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(path.read_text("utf-8"))}


def links(path: Path) -> list[str]:
    """Where a page points to."""
    return _LINK.findall(path.read_text("utf-8"))
