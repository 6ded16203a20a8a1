"""YAML as text with places: every scalar stays the text that stands in the file, every key knows its line.

In: the text of a file that people write. Out: plain dicts, lists and texts (only `null`, `true` and `false` become values), and the line of each path.
Not here: what such a file may hold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError

Path = tuple[str | int, ...]
Value = str | bool | None
VALUES: Mapping[str, Value] = {"null": None, "~": None, "": None, "true": True, "false": False}
"""Plain texts that are values."""

WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "no such key",
    "string_type": "a text",
    "list_type": "a list",
    "tuple_type": "a list",
    "mapping_type": "a mapping",
    "too_short": "at least one; nothing is said by leaving the key out",
    "bool_parsing": "true or false",
    "int_parsing": "a whole number",
    "model_type": "a mapping",
}
"""What is said of a fault instead of pydantic's own words."""

DEPTH_MAX = 50
"""So deep may a file be nested."""

PLACES_MAX = 200_000
"""So many keys and values may a file have; aliases of aliases soon make more of a few lines than any machine holds."""


class FileError(Exception):
    """A file that cannot be used: `<file>:<line>: <key>: <what was expected>`, one line a fault."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A parsed file: its data, and the line (from 1) at which each path stands."""

    name: str
    data: dict[str, Any]
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """Where `path` stands, or what is known that holds it."""
        known = next((path[:end] for end in range(len(path), -1, -1) if path[:end] in self.lines), ())
        return self.lines.get(known, 1)

    def value(self, path: Path) -> Any:
        """What stands at `path`; None where nothing does."""
        found: Any = self.data
        for step in path:
            if isinstance(found, dict):
                found = found.get(str(step))
            elif isinstance(found, list) and isinstance(step, int) and step < len(found):
                found = found[step]
            else:
                return None
        return found

    def fault(self, path: Path, expected: str) -> str:
        """One fault in words, placed at the nearest line known."""
        return f"{self.name}:{self.line(path)}: {'.'.join(map(str, path)) or '(file)'}: {expected}"

    def faults(self, error: ValidationError) -> Sequence[tuple[Path, str]]:
        """What a model says of the data: for each fault its path and what was expected there."""
        return [
            (
                tuple(part for part in fault["loc"] if not (isinstance(part, str) and "[" in part)),
                WORDS.get(fault["type"]) or fault["msg"].removeprefix("Value error, ").replace("Input should be", "one of"),
            )
            for fault in error.errors(include_url=False)
        ]


def parse(name: str, text: str) -> Tree:
    """Parse `text`; `name` stands in the faults.

    Raises:
        FileError: Not YAML, keys that are no texts or stand twice, or no mapping at the top.
    """
    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FileError(f"{name}:{line}: (file): YAML: {error.problem}") from None
    except yaml.YAMLError:
        raise FileError(f"{name}:1: (file): YAML: a character that is none") from None
    reading = _Reading({}, {}, set())
    data = reading.value(node, ()) if node is not None else None
    if reading.faults:
        told = (f"{name}:{line}: {'.'.join(map(str, path)) or '(file)'}: {expected}" for (line, path), expected in reading.faults.items())
        raise FileError("\n".join(told))
    if not isinstance(data, dict):
        raise FileError(f"{name}:1: (file): a mapping")
    return Tree(name, data, reading.lines)


@dataclass(frozen=True, slots=True)
class _Reading:
    """A file on its way from nodes to values: the line of each path, what is wrong where, and the nodes that are being read."""

    lines: dict[Path, int]
    faults: dict[tuple[int, Path], str]
    open: set[int]

    def value(self, node: yaml.Node, path: Path) -> Any:
        """What a node stands for; None where it is at fault."""
        line = self.lines[path] = node.start_mark.line + 1
        if id(node) in self.open:
            self.faults[line, path] = "no alias of what it stands in: it would have no end"
        elif len(path) > DEPTH_MAX or len(self.lines) > PLACES_MAX:
            self.faults[line, path[:1]] = f"at most {DEPTH_MAX} levels, and {PLACES_MAX} keys and values with all aliases written out"
        elif isinstance(node, yaml.CollectionNode):
            self.open.add(id(node))
            found = self._mapping(node, path) if isinstance(node, yaml.MappingNode) else self._list(node, path)
            self.open.remove(id(node))
            return found
        elif isinstance(node, yaml.ScalarNode):
            return VALUES.get(node.value, node.value) if node.style is None else node.value
        return None

    def _list(self, node: yaml.CollectionNode, path: Path) -> list[Any]:
        return [self.value(item, (*path, place)) for place, item in enumerate(node.value)]

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, line = key_node.value, key_node.start_mark.line + 1
            if not isinstance(key, str):
                self.faults[line, path] = "a text for a key"
            elif key in mapping:
                self.faults[line, (*path, key)] = "a key only once"
            else:
                mapping[key] = self.value(value_node, (*path, key))
                self.lines[*path, key] = line
        return mapping
