"""`docs/policy-language.md` says the truth: every example on it is settled to the fen, and every word of the language stands on it.

A block that begins with `# policy` is laid over the smallest city of the page, key by key; the block `# example` after it holds cases in the form of the
tables, and `# designated` a list of hospitals.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

import pytest
import yaml

from services.embedded.worked import settle
from services.embedded.worked_difference import differences
from services.policy.library import load_policies
from services.policy.loader import Policy
from services.policy.model import Designated, PolicyFile
from services.policy.parts import Part
from services.policy.schema import KEPT

PAGE = Path(__file__).parents[2] / "docs/policy-language.md"
BLOCK = re.compile(r"^```yaml\n# (policy|designated|example)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Example(NamedTuple):
    """One case of the page and the file that it is settled under."""

    number: int
    policy: Mapping[str, Any]
    designated: str | None
    case: dict[str, Any]


def examples() -> Iterator[Example]:
    """Every case, in the page's order."""
    smallest: dict[str, Any] = {}
    policy: dict[str, Any] = {}
    designated: str | None = None
    for number, (kind, text) in enumerate(BLOCK.findall(PAGE.read_text("utf-8"))):
        if kind == "policy":
            policy = {**smallest, **read(text)}
            smallest = smallest or policy
        elif kind == "designated":
            designated = text
        else:
            yield from (Example(number, policy, designated, case) for case in read(text))
            designated = None


def read(text: str) -> Any:
    """A block, every scalar as it is written; `null`, `true` and `false` are values."""
    return _values(yaml.load(text, Loader=yaml.BaseLoader))


def _values(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _values(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_values(item) for item in value]
    return {"null": None, "true": True, "false": False}.get(value, value)


EXAMPLES = list(examples())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.number}-{example.case['case']}")
def test_an_example_comes_out_as_the_page_says(example: Example, tmp_path: Path) -> None:
    policies = laid_out(example, tmp_path)
    found = list(differences(settle(policies, "xinhe", example.case), example.case))
    assert found == []
    assert example.case.get("claims") or example.case.get("subsidies")


def laid_out(example: Example, folder: Path) -> Any:
    """The example's file as a site has it."""
    (folder / "xinhe.yaml").write_text(yaml.safe_dump(dict(example.policy), allow_unicode=True, sort_keys=False), "utf-8")
    if example.designated:
        (folder / "xinhe.designated.yaml").write_text(example.designated, "utf-8")
    return load_policies(folder, {"xinhe": example.case.get("readings") or {}})


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> list[Part]:
    """Everything of every file of the page, and of its lists of hospitals."""
    found: list[Part] = []
    for example in EXAMPLES:
        policies = laid_out(example, tmp_path_factory.mktemp("page"))
        policy: Policy = policies.current["xinhe"][0]
        listed = Designated.model_validate({"hospitals": read(example.designated)}) if example.designated else None
        found += [*parts_of(policy.file), *(parts_of(listed) if listed else ())]
    return found


def parts_of(value: object) -> Iterator[Part]:
    """A part and all that is in it."""
    if isinstance(value, Part):
        yield value
        for name in type(value).model_fields:
            yield from parts_of(getattr(value, name))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from parts_of(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from parts_of(item)


def models(annotation: Any, found: set[type[Part]]) -> set[type[Part]]:
    """Every kind of part that an annotation can hold."""
    if isinstance(annotation, type) and issubclass(annotation, Part) and annotation not in found:
        found.add(annotation)
        for field in annotation.model_fields.values():
            models(field.annotation, found)
    for argument in get_args(annotation):
        models(argument, found)
    return found


MODELS = sorted(models(PolicyFile, set()) | models(Designated, set()), key=lambda model: model.__name__)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_word_of_the_language_is_shown(model: type[Part], page: list[Part]) -> None:
    shown = {name for part in page if type(part) is model for name in part.model_fields_set}
    assert set(model.model_fields) - shown == set()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_choice_is_named(model: type[Part]) -> None:
    text = PAGE.read_text("utf-8")
    choices = {choice for field in model.model_fields.values() for choice in literals(field.annotation)} - KEPT
    assert {choice for choice in choices if not re.search(rf"(?<![a-z_-]){re.escape(choice)}(?![a-z_-])", text)} == set()


def literals(annotation: Any) -> Iterator[str]:
    """The words that a field may hold, where they are a closed list."""
    if get_origin(annotation) is Literal:
        yield from (choice for choice in get_args(annotation) if isinstance(choice, str))
    elif not (isinstance(annotation, type) and issubclass(annotation, Part)):
        for argument in get_args(annotation):
            yield from literals(argument)


def test_the_page_has_an_example_for_each_of_its_files() -> None:
    kinds = [kind for kind, _ in BLOCK.findall(PAGE.read_text("utf-8"))]
    assert kinds.count("policy") == kinds.count("example") > 20
    assert len(re.findall(r"^```yaml$", PAGE.read_text("utf-8"), re.MULTILINE)) == len(kinds)
