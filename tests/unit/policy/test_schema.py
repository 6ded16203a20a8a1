"""The JSON Schema of a city's file: it takes every file that is right, readings and all, and marks what is no word of the language."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deploy import policy_schema
from services.policy import schema_words
from services.policy.library import SHIPPED
from services.policy.schema import DIALECT, document

ROOT = Path(__file__).parents[3]
FILES = [
    *sorted(SHIPPED.glob("*.yaml")),
    *(path for path in sorted((ROOT / "examples/cities").glob("*.yaml")) if "." not in path.stem),
    Path(__file__).parent / "fifth_city.yaml",
]
SCHEMA = document()
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
WORDS = {key for model in (SCHEMA, *SCHEMA["definitions"].values()) for key in model.get("properties", ())}
OWN = [
    (name,)
    for name in ("categories", "pools", "groups", "readings", "figures", "disease_lists", "class_percent", "limit_yuan", "clause", "choose")
]
"""Mappings whose keys are names of the file's own."""

NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
VALUES: Mapping[str, Any] = {"null": None, "~": None, "": None, "true": True, "false": False}


def as_an_editor_reads(path: Path) -> Any:
    """A file as YAML 1.2 has it, which editors go by: numbers are numbers, days are texts."""

    def plain(node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return {str(key.value): plain(value) for key, value in node.value}
        if isinstance(node, yaml.SequenceNode):
            return [plain(item) for item in node.value]
        if node.style is not None:
            return node.value
        return float(node.value) if NUMBER.fullmatch(node.value) else VALUES.get(node.value, node.value)

    node = yaml.compose(path.read_text("utf-8"), Loader=yaml.BaseLoader)
    assert node is not None
    return plain(node)


def faults(data: Any) -> list[str]:
    """Where the schema finds a fault, as deep as it can be told."""
    return [".".join(map(str, error.absolute_path)) for error in errors(VALIDATOR.iter_errors(data))]


def errors(found: Iterable[jsonschema.ValidationError]) -> Iterator[jsonschema.ValidationError]:
    """What is said, and of what may be one thing or another what is said of each."""
    for error in found:
        yield error
        yield from errors(error.context or ())


def mappings(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Every mapping of a file with its path."""
    if isinstance(value, dict):
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from mappings(item, (*path, key))


def test_the_schema_is_up_to_date() -> None:
    assert policy_schema.main(["--check"]) == 0
    assert json.loads(policy_schema.TARGET.read_text("utf-8"))["$schema"] == DIALECT


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_city_that_is_right_has_no_mark(path: Path) -> None:
    assert faults(as_an_editor_reads(path)) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_key_misspelt_is_marked_where_it_stands(path: Path) -> None:
    """Each mapping with each of its keys misspelt, one after the other; names that the file gives itself are no words of the language."""
    data = as_an_editor_reads(path)
    tried = 0
    for place, mapping in mappings(data):
        for key in [key for key in mapping if key in WORDS and place[-1:] not in OWN]:
            wrong = {(f"{name}x" if name == key else name): value for name, value in mapping.items()}
            marks = errors(VALIDATOR.iter_errors(alone(place, wrong)))
            assert any(f"'{key}x' was unexpected" in mark.message for mark in marks), (*place, key)
            tried += 1
    assert tried > 100


def alone(place: tuple[Any, ...], part: Any) -> Any:
    """A file that holds `part` at `place`, and nothing else but the names of readings."""
    for key in reversed(place):
        part = [part] if isinstance(key, int) else {"reading": "one", key: part} if key == "choose" else {key: part}
    return part


@pytest.mark.parametrize(
    ("edit", "where"),
    [
        ({"benefits": [{"id": "a", "kind": "direkt"}]}, "benefits.0.kind"),
        ({"pools": {"year": {"counts": "payments"}}}, "pools.year.counts"),
        ({"status": "in force"}, "status"),
        ({"valid_from": "2025-1-1"}, "valid_from"),
        ({"pools": {"year": {"limit_yuan": {"default": {"2025": 5}}}}}, "pools.year.limit_yuan"),
        ({"benefits": [{"rate": {"flat_percent": {"2025-01-01": "70%"}}}]}, "benefits.0.rate.flat_percent.2025-01-01"),
        ({"benefits": [{"rate": {"flat_percent": {"2025-01-01": "七十"}}}]}, "benefits.0.rate.flat_percent.2025-01-01"),
        ({"benefits": [{"rate": {"bands": {}}}]}, "benefits.0.rate.bands"),
        ({"benefits": [{"when": {"classes": []}}]}, "benefits.0.when.classes"),
        ({"self_pay": {"rounding": {"reading": "r", "chose": {}}}}, "self_pay.rounding"),
        ({"self_pay": {"rounding": {"reading": "r", "choose": {"a": "up"}}}}, "self_pay.rounding.choose.a"),
        ({"categories": {"a": {"deposit_waived": "yes"}}}, "categories.a.deposit_waived"),
        ({"readings": {"a": {"default": "b", "other": "c", "id": "R", "clause": "x", "why": {"reading": "a"}}}}, "readings.a.why"),
    ],
)
def test_a_wrong_value_is_marked(edit: dict[str, Any], where: str) -> None:
    assert any(place.startswith(where) for place in faults(edit))


@pytest.mark.parametrize(
    ("part", "place"),
    [
        ({"limit_yuan": {"default": {"2025-01-01": 5000}}}, "benefits.0"),
        ({"modifiers": []}, "pools.year"),
        ({"rate": {"flat_percent": {"2025-01-01": 5}}}, "pools.year"),
        ({"classes": ["one"]}, "benefits.0"),
        ({"audience": ["civil-affairs"]}, "premium_subsidy"),
    ],
)
def test_a_word_moved_to_where_it_means_nothing_is_marked(part: dict[str, Any], place: str) -> None:
    name, _, key = place.partition(".")
    edit = {name: [part] if key == "0" else {key: part} if key else part}
    assert any(place in fault for fault in faults(edit))
    assert any("unexpected" in error.message for error in VALIDATOR.iter_errors(edit))


def test_every_key_says_what_it_means_and_no_words_are_left_over() -> None:
    models = {"PolicyFile": SCHEMA, **SCHEMA["definitions"]}
    keys = {f"{name}.{key}": value for name, model in models.items() for key, value in model.get("properties", {}).items()}
    assert [name for name, value in keys.items() if not value.get("description")] == []
    assert set(schema_words.WORDS) - keys.keys() == {"reading", "choose"}
