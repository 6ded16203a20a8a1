"""promtool, Prometheus' own tool, which tests of rules ask: Debian's package `prometheus` has it."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.metrics import DECLARED, exported

MISSING = "promtool is not installed: apt-get install prometheus"
RULES = Path(__file__).parents[3] / "deploy/prometheus/alerts.yaml"
NAMES = {name for figures in DECLARED.values() for figure in figures for name in exported(figure)} | {"up", "process_start_time_seconds"}
"""What rules and dashboards may ask for."""


def promtool(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Its answer. Skips the test where it is missing; fails it where CI=true: there it must be."""
    program = shutil.which("promtool")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING, pytrace=False)
        pytest.skip(MISSING)
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)


def alerts() -> Mapping[str, Mapping[str, Any]]:
    """The alert rules by name."""
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def expressions() -> Mapping[str, str]:
    """What each alert asks."""
    return {name: rule["expr"] for name, rule in alerts().items()}


@cache
def asked_for() -> frozenset[str]:
    """The metrics that alerts ask for."""
    return frozenset(name for text in expressions().values() for name in names_in(text))


def names_in(expression: str) -> Sequence[str]:
    """The metrics in an expression that are ours to declare, or Prometheus' own of a process."""
    return re.findall(r"\b(?:medaid|process)_\w+|\bup\b", expression)


def check_expressions(asked: Sequence[str], folder: Path) -> str:
    """What promtool finds wrong with expressions, each as a rule of its own; nothing where all can be read."""
    rules = [{"record": f"asked:{number}", "expr": expression} for number, expression in enumerate(asked)]
    path = folder / "asked.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}), "utf-8")
    done = promtool("check", "rules", path)
    return "" if done.returncode == 0 else done.stdout + done.stderr
