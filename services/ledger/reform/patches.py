"""A patch of a policy file: figures set by their paths, in the file's data as it stands in YAML, before any model sees it.

In: a parsed file, and paths with what is to stand there: `benefits.inpatient.rate.class_percent.II: 75`. What has an `id` in a list is named by it, anything
else in one by its place from 0. A plain figure in the place of a dated one holds for all dates; dated ones are set beside those that the file has. Out: the
text of another file. Not here: whether that settles (`services/policy/loader.py`), what it changes (`changes.py`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

import yaml

from schemas.times import day_from_text
from services.policy.tree import Tree

_FAULT = re.compile(r"^(?P<name>.*?):\d+: (?P<path>[^:]*): (?P<expected>.*)$")


def patched(tree: Tree, settings: Mapping[str, Any]) -> tuple[dict[str, Any], Mapping[str, str]]:
    """The data of `tree` with `settings` in it; and of each path that it does not have what there is instead."""
    data: dict[str, Any] = deepcopy(tree.data)
    missing: dict[str, str] = {}
    for path, value in settings.items():
        try:
            _set(data, path.split("."), value)
        except LookupError as unknown:
            missing[path] = str(unknown.args[0])
    return data, missing


def text_of(data: Mapping[str, Any]) -> str:
    """The data as YAML, which parsed gives the same data: every scalar is the text that it was."""
    return yaml.safe_dump(dict(data), allow_unicode=True, sort_keys=False, width=1_000)


def is_day(text: Any) -> bool:
    """Whether a key is a day."""
    try:
        return isinstance(text, str) and bool(day_from_text(text))
    except ValueError:
        return False


def is_dated(value: Any) -> bool:
    """Whether `value` is a figure over time: a mapping from days."""
    return isinstance(value, Mapping) and bool(value) and all(is_day(key) for key in value)


def named_paths(data: Any, faults: str) -> str:
    """Faults of a patched file by path alone: its lines are nobody's, and who reads them names a benefit by its id, not by its place."""
    return "\n".join(_by_name(data, line) for line in faults.splitlines())


def named_path(data: Any, path: Sequence[str]) -> str:
    """A path in dots, with the ids of what has one in the place of its number."""
    return ".".join(_names(data, path))


def _set(data: Any, parts: Sequence[str], value: Any) -> None:
    """Put `value` at the path; the last part may be a day that the figure has not yet.

    Raises:
        LookupError: There is no such path; with what there is.
    """
    *way, last = parts
    for part in way:
        data = data[_key(data, part)]
    if is_dated(data) and is_day(last):
        data[last] = value
        return
    key = _key(data, last)
    data[key] = _instead(data[key], value)


def _instead(known: Any, value: Any) -> Any:
    """What stands in the place of `known`."""
    if not is_dated(known):
        return value
    if is_dated(value):
        return dict(sorted({**known, **value}.items()))
    return {min(known): value}


def _key(data: Any, part: str) -> Any:
    """The key of a mapping, or the place in a list, that `part` names.

    Raises:
        LookupError: There is none.
    """
    if isinstance(data, dict):
        if part in data:
            return part
        raise LookupError(f"no {part} there; there is {', '.join(data)}")
    if isinstance(data, list):
        names = _ids(data)
        if part in names:
            return names.index(part)
        if part.isdecimal() and int(part) < len(data):
            return int(part)
        raise LookupError(f"no {part} there; there is {', '.join(names)}")
    raise LookupError(f"nothing lies below, so there is no {part}")


def _ids(items: Sequence[Any]) -> list[str]:
    """Of each item its id, of what has none its place."""
    return [str(item["id"]) if isinstance(item, dict) and "id" in item else str(place) for place, item in enumerate(items)]


def _names(data: Any, path: Sequence[str]) -> Iterator[str]:
    for part in path:
        if isinstance(data, list) and part.isdecimal() and int(part) < len(data):
            yield _ids(data)[int(part)]
            data = data[int(part)]
        else:
            yield part
            data = data.get(part) if isinstance(data, dict) else None


def _by_name(data: Any, line: str) -> str:
    found = _FAULT.match(line)
    if found is None:
        return line
    return f"{found['name']}: {named_path(data, found['path'].split('.'))}: {found['expected']}"
