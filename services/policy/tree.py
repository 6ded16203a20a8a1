"""A policy file as text with places (`schemas/tree.py`), and its readings resolved.

In: the text of a policy file. Out: its data and the line of each path. Readings are resolved here, so that the model never sees an alternative:
`{reading: NAME}` becomes that reading's value, `{reading: NAME, choose: {VALUE: ...}}` what stands under it.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from schemas import tree as files
from schemas.tree import VALUES, FileError, Path, Tree

__all__ = ["Path", "PolicyError", "Reading", "ReadingError", "Tree", "faults_in", "parse", "reading_text", "reading_value", "resolve"]

Reading = str | bool | None


class PolicyError(FileError):
    """A policy file that cannot be used."""


class ReadingError(PolicyError):
    """A reading that was switched is none of the file's, or to a value that it does not have: the fault of whoever switched it."""


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
        PolicyError: Readings that are not declared, values without their alternative, words beside a choice that nothing would read.
    """
    faults: list[str] = []

    def walk(value: Any, path: Path) -> Any:
        if isinstance(value, list):
            return [walk(item, (*path, place)) for place, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if "reading" not in value or path[:1] == ("readings",):
            return {key: walk(item, (*path, key)) for key, item in value.items()}
        name, choices = value["reading"], value.get("choose")
        faults.extend(
            tree.fault((*path, key), "no such key beside reading and choose") for key in value if key not in ("reading", "choose")
        )
        if not isinstance(name, str) or name not in readings:
            faults.append(tree.fault((*path, "reading"), "the name of a reading declared under readings"))
            return None
        if "choose" not in value:
            return readings[name]
        wanted = {reading_text(choice) for choice in (tree.value(("readings", name, "default")), tree.value(("readings", name, "other")))}
        text = reading_text(readings[name])
        if not isinstance(choices, dict) or text not in choices or wanted - choices.keys():
            faults.append(tree.fault((*path, "choose"), f"an alternative for each of {name} = {', '.join(sorted(wanted | {text}))}"))
            return None
        for extra in choices.keys() - wanted - {text}:
            faults.append(tree.fault((*path, "choose", extra), f"an alternative of {name}, which is {' or '.join(sorted(wanted))}"))
        return walk(choices[text], (*path, "choose", text))

    data: dict[str, Any] = walk(tree.data, ())
    if faults:
        raise PolicyError("\n".join(faults))
    return data


def reading_text(value: Reading) -> str:
    """A reading's value as it stands in a file: `null`, `true`, `false`, or its text."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else value


def reading_value(text: str) -> Reading:
    """The value that `text` stands for in a file: the inverse of `reading_text`."""
    return VALUES.get(text, text)
