"""A policy file as text with places (`schemas/tree.py`), and its readings resolved.

In: the text of a policy file. Out: its data and the line of each path. Readings are resolved here, so that the model never sees an alternative:
`{reading: NAME}` becomes that reading's value, `{reading: NAME, choose: {VALUE: ...}}` what stands under it.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from schemas import tree as files
from schemas.tree import VALUES, FileError, Path, Tree

__all__ = ["Path", "PolicyError", "Reading", "Tree", "faults_in", "parse", "reading_text", "reading_value", "resolve"]

Reading = str | bool | None


class PolicyError(FileError):
    """A policy file that cannot be used."""


def parse(name: str, text: str) -> Tree:
    """Parse `text`; `name` stands in the faults.

    Raises:
        PolicyError: Not YAML, a key twice, or no mapping at the top.
    """
    try:
        return files.parse(name, text)
    except FileError as error:
        raise PolicyError(str(error)) from None


def faults_in(tree: Tree, error: ValidationError) -> str:
    """What a model says of the tree's data, a line a fault."""
    return "\n".join(tree.fault(path, expected) for path, expected in tree.faults(error))


def resolve(tree: Tree, readings: Mapping[str, Reading]) -> dict[str, Any]:
    """The tree's data with every alternative replaced by what `readings` choose.

    Raises:
        PolicyError: A reading that is not declared, a word beside one, a value without its alternative, or an alternative without its value.
    """

    def walk(value: Any, path: Path) -> Any:
        if isinstance(value, list):
            return [walk(item, (*path, place)) for place, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if "reading" not in value or path[:1] == ("readings",):
            return {key: walk(item, (*path, key)) for key, item in value.items()}
        name = value["reading"]
        if not isinstance(name, str) or name not in readings:
            raise PolicyError(tree.fault((*path, "reading"), "the name of a reading declared under readings"))
        for key in value.keys() - {"reading", "choose"}:
            raise PolicyError(tree.fault((*path, key), "no such key beside `reading`, only `choose`"))
        if "choose" not in value:
            return readings[name]
        chosen = reading_text(readings[name])
        _check_alternatives(tree, name, value["choose"], (*path, "choose"))
        if chosen not in value["choose"]:
            raise PolicyError(tree.fault((*path, "choose"), f"an alternative for {name} = {chosen}"))
        return walk(value["choose"][chosen], (*path, "choose", chosen))

    data: dict[str, Any] = walk(tree.data, ())
    return data


def _check_alternatives(tree: Tree, name: str, alternatives: Any, path: Path) -> None:
    """Each value of a reading has its alternative, also the one that is not chosen now; of a day that is asked for there may be others.

    Raises:
        PolicyError: One is missing, or stands for no value.
    """
    declared = tree.data["readings"][name]
    values = [reading_text(declared[word]) for word in ("default", "other")]
    if not isinstance(alternatives, dict):
        raise PolicyError(tree.fault(path, f"an alternative for each of {' and '.join(values)}"))
    for value in values:
        if value not in alternatives:
            raise PolicyError(tree.fault(path, f"an alternative for {name} = {value}"))
    for value in alternatives:
        if value not in values and declared.get("kind") != "date":
            raise PolicyError(tree.fault((*path, value), f"{' or '.join(values)}, which are the values of {name}"))


def reading_text(value: Reading) -> str:
    """A reading's value as it stands in a file: `null`, `true`, `false`, or its text."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else value


def reading_value(text: str) -> Reading:
    """The value that `text` stands for in a file: the inverse of `reading_text`."""
    return VALUES.get(text, text)
