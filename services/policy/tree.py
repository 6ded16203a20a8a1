"""YAML as text with places: every scalar stays the text that stands in the file, every key knows its line.

In: the text of a policy file. Out: plain dicts, lists and texts (only `null`, `true` and `false` become values), and the line of each path. Readings are
resolved here, so that the model never sees an alternative: `{reading: NAME}` becomes that reading's value, `{reading: NAME, choose: {VALUE: ...}}` what
stands under it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

Path = tuple[str | int, ...]
Reading = str | bool | None
VALUES: Mapping[str, Reading] = {"null": None, "~": None, "": None, "true": True, "false": False}
"""Plain texts that are values."""


class PolicyError(Exception):
    """A policy file that cannot be used: `<file>:<line>: <key>: <what was expected>`, one line a fault."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A parsed file: its data, and the line (from 1) at which each path stands."""

    name: str
    data: dict[str, Any]
    lines: Mapping[Path, int]

    def fault(self, path: Path, expected: str) -> str:
        """One fault in words, placed at the nearest line known."""
        known = next((path[:end] for end in range(len(path), -1, -1) if path[:end] in self.lines), ())
        return f"{self.name}:{self.lines.get(known, 1)}: {'.'.join(map(str, path)) or '(file)'}: {expected}"


def parse(name: str, text: str) -> Tree:
    """Parse `text`; `name` stands in the faults.

    Raises:
        PolicyError: Not YAML, a key twice, or no mapping at the top.
    """
    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PolicyError(f"{name}:{line}: (file): YAML: {error.problem}") from None
    lines: dict[Path, int] = {}
    data = _convert(name, node, (), lines) if node is not None else None
    if not isinstance(data, dict):
        raise PolicyError(f"{name}:1: (file): a mapping")
    return Tree(name, data, lines)


def _convert(name: str, node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if key in mapping:
                raise PolicyError(f"{name}:{key_node.start_mark.line + 1}: {'.'.join(map(str, (*path, key)))}: a key only once")
            mapping[key] = _convert(name, value_node, (*path, key), lines)
            lines[(*path, key)] = key_node.start_mark.line + 1
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_convert(name, item, (*path, place), lines) for place, item in enumerate(node.value)]
    if not isinstance(node, yaml.ScalarNode):
        raise PolicyError(f"{name}:{node.start_mark.line + 1}: {'.'.join(map(str, path))}: a text, a list or a mapping")
    return VALUES.get(node.value, node.value) if node.style is None else node.value


def resolve(tree: Tree, readings: Mapping[str, Reading]) -> dict[str, Any]:
    """The tree's data with every alternative replaced by what `readings` choose.

    Raises:
        PolicyError: A reading that is not declared, or a value without its alternative.
    """

    def walk(value: Any, path: Path) -> Any:
        if isinstance(value, list):
            return [walk(item, (*path, place)) for place, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if "reading" not in value or path[:1] == ("readings",):
            return {key: walk(item, (*path, key)) for key, item in value.items()}
        name = value["reading"]
        if name not in readings:
            raise PolicyError(tree.fault((*path, "reading"), "the name of a reading declared under readings"))
        if "choose" not in value:
            return readings[name]
        text = reading_text(readings[name])
        if text not in value["choose"]:
            raise PolicyError(tree.fault((*path, "choose"), f"an alternative for {name} = {text}"))
        return walk(value["choose"][text], (*path, "choose", text))

    data: dict[str, Any] = walk(tree.data, ())
    return data


def reading_text(value: Reading) -> str:
    """A reading's value as it stands in a file: `null`, `true`, `false`, or its text."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else value


def reading_value(text: str) -> Reading:
    """The value that `text` stands for in a file: the inverse of `reading_text`."""
    return VALUES.get(text, text)
