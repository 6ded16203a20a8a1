"""The mistakes that `make mutants` makes, and that it tells which of them no test notices."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.making import mutants_of

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("return a < b", {"a < b -> a <= b"}),
        ("return a is None or not b", {"a is None or not b -> a is None and (not b)", "a is None -> a is not None", "not b -> b"}),
        ("return min(a, b) + 1", {"min(a, b) -> max(a, b)", "min(a, b) + 1 -> min(a, b) - 1", "1 -> 2"}),
        ("raise ValueError", {"raise ValueError -> nothing"}),
        ("if a:\n        a.append(True)", {"if a -> if False", "a.append(True) -> nothing", "True -> False"}),
    ],
)
def test_each_mistake_is_made_once(line: str, expected: set[str]) -> None:
    made = list(mutants_of("x.py", f'def f(a, b):\n    """Not code: 1 < 2."""\n    {line}\n'))
    assert {f"{mutant.was} -> {mutant.becomes}" for mutant in made} == expected
    assert all(mutant.code("x.py") for mutant in made)


def test_a_mutant_is_named_by_its_function_and_not_by_its_line() -> None:
    source = "class A:\n    def f(self, a):\n        return [b > 1 for b in a]\n"
    names = {mutant.name for mutant in mutants_of("x.py", source)}
    assert names == {"x.py A.f: b > 1 -> b >= 1", "x.py A.f: 1 -> 2"}
    assert names == {mutant.name for mutant in mutants_of("x.py", f"\n\n{source}")}


def test_mutants_that_are_alike_have_names_of_their_own() -> None:
    """So that one of them on the list hides no other."""
    names = [mutant.name for mutant in mutants_of("x.py", "def f(a):\n    return a[0] or a[1][0]\n\ndef g(a):\n    return a[0]\n")]
    assert sorted(name for name in names if "0 -> 1" in name) == ["x.py f: 0 -> 1", "x.py f: 0 -> 1 (2)", "x.py g: 0 -> 1"]


def test_what_no_test_notices_is_told(tmp_path: Path) -> None:
    """A test that only begins an inbox notices little; the inbox's own notice most."""
    blind = tmp_path / "test_blind.py"
    blind.write_text("from services.runtime.inbox import Inbox\n\ndef test_blind():\n    Inbox(('a',), 3).begin({'a': 0})\n")
    plugin = ["-p", "no:cacheprovider", "-p", "tests.mutants.plugin", "--mutants", "40", "--mutated", "services/runtime/inbox.py"]
    command = [sys.executable, "-m", "pytest", "-q", *plugin]
    unseen = subprocess.run([*command, str(blind)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert unseen.returncode == 1, unseen.stdout + unseen.stderr
    assert "services/runtime/inbox.py Inbox.put: " in unseen.stdout
    seen = subprocess.run(
        [*command, "tests/unit/runtime/test_inbox.py"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert seen.stdout.count("\n| `") < unseen.stdout.count("\n| `") / 2, seen.stdout
