"""What no linter knows of: sizes, unfinished marks, cities and figures in code, clocks and files in pure modules. Absolute, and each check is tried."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CODE = sorted(path for folder in ("schemas", "services", "deploy") for path in (ROOT / folder).rglob("*.py"))
CITIES = sorted((ROOT / "services/policy/cities").glob("*.yaml"))
MODULE_LINES_MAX = 200
FUNCTION_LINES_MAX = 50
MARKS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError|pragma: no cover")
REGISTRIES = "pypi|pythonhosted|npmjs|maven|debian|crates|golang"
PATHS = "|".join(f"/{folder}/" for folder in ("root", "work", "tmp/bash_jobs"))
HOSTS = re.compile(rf"https?:/{{2}}[a-z0-9.-]*({REGISTRIES})[a-z0-9.-]*|{PATHS}")
PURE = ("services/policy", "services/*/domain*", "services/*/handlers*")
IMPURE = re.compile(r"\bopen\(|date\.today\(|datetime\.now\(|\.utcnow\(|time\.time\(|\brandom\.")
FILES_ALLOWED = {"services/policy/library.py"}
"""The one pure module that reads files: the shipped policies."""


def is_pure(path: Path) -> bool:
    """Whether a module is of the pure core."""
    name = path.relative_to(ROOT)
    return any(name.match(pattern) or any(parent.match(pattern) for parent in name.parents) for pattern in PURE)


def too_long(source: str) -> Iterator[str]:
    """Modules and functions that outgrew their limit."""
    lines = source.count("\n")
    if lines > MODULE_LINES_MAX:
        yield f"{lines} lines"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                yield f"{node.name}: {length} lines"


@cache
def names_of_cities() -> set[str]:
    """Each city's code and Chinese name."""
    names = set()
    for path in CITIES:
        head = yaml.safe_load(path.read_text("utf-8"))
        names |= {head["id"], head["title"]["zh"].removesuffix("市")}
    return names


@cache
def figures_of_cities() -> set[int]:
    """Every amount in yuan of the policies that nothing else would be likely to be, as yuan and as fen."""
    text = "".join(path.read_text("utf-8") for path in CITIES)
    yuan = {int(figure) for figure in re.findall(r"\d{4}-\d\d-\d\d: (\d{4,})", text)}
    return {
        amount
        for figure in yuan
        for amount in (figure, figure * 100)
        if amount not in (1_000, 2_000, 5_000, 10_000, 50_000, 100_000, 200_000)
    }


def city_words(source: str, amounts_matter: bool = True) -> Iterator[str]:
    """City names in code, docstrings and comments left out, and figures of the policies (in `runtime` and `deploy` numbers are milliseconds and bytes)."""
    cities, figures = names_of_cities(), figures_of_cities()
    tree = ast.parse(source)
    docstrings = {id(node.body[0].value) for node in ast.walk(tree) if hasattr(node, "body") and is_docstring(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            if isinstance(node.value, str) and any(city in node.value for city in cities):
                yield node.value
            if isinstance(node.value, int) and node.value in figures and amounts_matter:
                yield str(node.value)


def is_docstring(node: ast.AST) -> bool:
    """Whether a body opens with a text."""
    body = getattr(node, "body", None)
    return isinstance(body, list) and bool(body) and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_small_finished_and_knows_no_city(path: Path) -> None:
    """At most 200 lines, functions at most 50, nothing left undone, no city and no figure of a decree."""
    source = path.read_text("utf-8")
    assert list(too_long(source)) == []
    assert MARKS.findall(source) == []
    assert HOSTS.findall(source) == []
    assert list(city_words(source, amounts_matter=not re.search(r"/(runtime|deploy)/", str(path)))) == []
    if is_pure(path) and str(path.relative_to(ROOT)) not in FILES_ALLOWED:
        assert IMPURE.findall(source) == []


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_is(path: Path) -> None:
    """Every module opens with a docstring, unless it is empty."""
    source = path.read_text("utf-8")
    assert not source.strip() or ast.get_docstring(ast.parse(source))


def test_each_check_can_fail() -> None:
    """A bad snippet of each kind is found."""
    city = next(iter(sorted(names_of_cities())))
    assert list(too_long("x = 1\n" * 201)) == ["201 lines"]
    assert list(too_long("def f():\n" + "    x = 1\n" * 50)) == ["f: 51 lines"]
    assert MARKS.search("# TODO later")
    assert HOSTS.search("https:" + "//pypi" + ".org/simple")
    assert IMPURE.search("today = date.today()")
    assert list(city_words(f"region = '{city}'")) == [city]
    assert list(city_words("limit_fen = 300000")) == ["300000"]
    assert list(city_words("limit_fen = 30000000")) == ["30000000"]
    assert list(city_words(f'"""{city}"""\nx = 1')) == []
    assert is_pure(ROOT / "services/settlement/handlers/claims.py")
    assert not is_pure(ROOT / "services/settlement/app.py")
