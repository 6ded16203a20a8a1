"""A pytest plugin that runs the tests once, notes which of them enter which function, and then runs those again for each mutant of it, in a forked child.

`pytest -p tests.mutants.plugin --mutants 300 TESTS`. A child swaps the code of the function, wherever it is referred to, and of closures that live; so what ran
when modules were loaded is not tested again: only modules whose functions are called by the tests themselves are mutated (`MUTATED`).
Ends with 1 where a mutant that docs/mutants.md does not list was not noticed.
"""

import functools
import gc
import os
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import pytest

from tests.mutants.making import Mutant, mutants_of

ROOT = Path(__file__).parents[2]
LISTED = ROOT / "docs" / "mutants.md"
MUTATED = (
    "services/identity/handlers.py", "services/identity/domain/*.py", "services/policy/adjudicate.py", "services/policy/course.py",
    "services/policy/engine.py", "services/policy/entitlement.py", "services/policy/facts.py", "services/policy/standing.py",
    "services/policy/timeline.py", "services/runtime/alone.py", "services/runtime/deadletters.py", "services/runtime/deciding.py",
    "services/runtime/folding.py", "services/runtime/fronts.py", "services/runtime/healing.py", "services/runtime/inbox.py",
    "services/runtime/keeper.py", "services/runtime/lanes.py", "services/runtime/losses.py", "services/runtime/pace.py",
    "services/runtime/reroute.py", "services/runtime/retrying.py", "services/runtime/rulings.py", "services/runtime/strays.py",
    "services/settlement/domain.py", "services/settlement/adapters/following.py", "services/settlement/handlers/*.py",
)  # fmt: skip
CHILDREN = 2
TESTS_MAX, SECONDS_MAX = 400, 20
"""Of the tests that enter a function, so many, of each module the quickest first, and so many seconds: then it was not noticed. A child that hangs was."""

Key = tuple[str, str, int]
"""A function: file, qualified name, first line."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mutants", type=int, default=0, help="how many mutants, drawn by their names; 0: all")
    parser.addoption("--mutated", action="append", help="files to mutate instead of the core and the lanes")


def pytest_runtestloop(session: pytest.Session) -> bool:
    files = session.config.getoption("--mutated") or [str(path.relative_to(ROOT)) for glob in MUTATED for path in sorted(ROOT.glob(glob))]
    entered = _entered(session, {str(ROOT / name) for name in files})
    if session.testsfailed:
        raise session.Failed("the tests fail without a mutant")
    found = _drawn(
        [mutant for name in files for mutant in mutants_of(name, (ROOT / name).read_text("utf-8"))], session.config.getoption("--mutants")
    )
    listed = LISTED.read_text("utf-8") if LISTED.is_file() else ""
    survivors = [mutant for mutant, noticed in _tried(session, found, entered) if not noticed]
    unlisted = [mutant for mutant in survivors if f"`{mutant.name}`" not in listed]
    print(
        f"\n{len(found)} mutants, {len(found) - len(survivors)} noticed, {len(survivors)} not, of which {len(unlisted)} are not in {LISTED.relative_to(ROOT)}"
    )
    for mutant in unlisted:
        print(f"| `{mutant.name}` | |")
    session.testsfailed = len(unlisted)
    return True


def _drawn(mutants: Sequence[Mutant], count: int) -> Sequence[Mutant]:
    """So many of them, by a hash of their names: a mutant is drawn whatever else changes."""
    return sorted(mutants, key=lambda mutant: sha256(mutant.name.encode()).digest())[: count or None]


def _entered(session: pytest.Session, files: set[str]) -> dict[Key, list[tuple[float, int]]]:
    """Run every test once; for each function the tests that enter it, by their place, with their seconds."""
    entered: dict[Key, list[tuple[float, int]]] = defaultdict(list)
    for number, item in enumerate(session.items):
        seen: set[CodeType] = set()

        def note(frame: FrameType, event: str, _: Any, seen: set[CodeType] = seen) -> None:
            if event == "call" and frame.f_code.co_filename in files:
                seen.add(frame.f_code)

        begun_s = time.perf_counter()
        sys.setprofile(note)
        try:
            item.config.hook.pytest_runtest_protocol(
                item=item, nextitem=session.items[number + 1] if number + 1 < len(session.items) else None
            )
        finally:
            sys.setprofile(None)
        for code in seen:
            entered[code.co_filename, code.co_qualname, code.co_firstlineno].append((time.perf_counter() - begun_s, number))
    return entered


def _tried(
    session: pytest.Session, mutants: Sequence[Mutant], entered: dict[Key, list[tuple[float, int]]]
) -> Iterator[tuple[Mutant, bool]]:
    """Each mutant with whether a test noticed it, `CHILDREN` at a time."""
    running: dict[int, Mutant] = {}
    waiting = list(mutants)
    while waiting or running:
        while waiting and len(running) < CHILDREN:
            mutant = waiting.pop(0)
            sys.stdout.flush()
            child = os.fork()
            if child == 0:
                _try(session, mutant, entered)
            running[child] = mutant
        child, status = os.wait()
        yield running.pop(child), status != 0


def _try(session: pytest.Session, mutant: Mutant, entered: dict[Key, list[tuple[float, int]]]) -> None:
    """In the child: put the mutant in, run what enters its function, and end with whether a test failed."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nothing, stream)
    signal.signal(signal.SIGALRM, lambda *_: os._exit(2))
    chosen = _in_turn(session, _put_in(mutant, entered))[:TESTS_MAX]
    signal.alarm(min(2 * SECONDS_MAX, 5 + int(5 * sum(seconds for seconds, _ in chosen))))
    numbers = [number for _, number in chosen]
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    session.config.pluginmanager.unregister(reporter)
    session.config.pluginmanager.register(_Ends())
    until_s = time.monotonic() + SECONDS_MAX
    for place, number in enumerate(numbers):
        item = session.items[number]
        following = session.items[numbers[place + 1]] if place + 1 < len(numbers) else None
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if time.monotonic() > until_s:
            break
    os._exit(0)


def _in_turn(session: pytest.Session, tests: Sequence[tuple[float, int]]) -> list[tuple[float, int]]:
    """One test of each module after the other, the quickest first: who notices is seldom where most tests are."""
    taken: Counter[Path] = Counter()
    turns: list[tuple[int, float, int]] = []
    for seconds, number in sorted(tests):
        taken[session.items[number].path] += 1
        turns.append((taken[session.items[number].path], seconds, number))
    return [(seconds, number) for _, seconds, number in sorted(turns)]


class _Ends:
    """Ends the child at the first test that fails."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            os._exit(1)


def _put_in(mutant: Mutant, entered: dict[Key, list[tuple[float, int]]]) -> list[tuple[float, int]]:
    """Swap the code of every function that lives, and forget what was remembered; returns the tests that enter it."""
    filename = str(ROOT / mutant.path)
    after = {(code.co_qualname, code.co_firstlineno): code for code in _codes(mutant.code(filename))}
    tests: dict[int, float] = {}
    for known in gc.get_objects():
        if isinstance(known, FunctionType) and known.__code__.co_filename == filename:
            code = after.get((known.__code__.co_qualname, known.__code__.co_firstlineno))
            if code is not None and code.co_freevars == known.__code__.co_freevars:
                known.__code__ = code
        elif isinstance(known, functools._lru_cache_wrapper) and known.__module__.split(".")[0] in ("services", "schemas", "tests"):
            known.cache_clear()
    for (name, function, _), found in entered.items():
        if name == filename and f"{function}.".startswith(f"{mutant.function}."):
            tests.update({number: seconds for seconds, number in found})
    return [(seconds, number) for number, seconds in tests.items()]


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
