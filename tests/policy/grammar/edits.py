"""A policy file put together: a town's text, and what is put into it at dotted paths.

In: the tables of this folder. Out: texts of policy files, and the files loaded. Scalars stay the texts that stand in the tables.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.policy.loader import Policy, load_policy
from services.policy.tree import PolicyError

HERE = Path(__file__).parent
BEGINS, LATER = "2023-01-01", "2025-01-01"
"""From when on the town's figures hold; from when on a second one does: claims are of 2025."""

GONE = "(gone)"
"""Put in the place of a key it takes the key out."""

VALUES = {"null": None, "true": True, "false": False}
HOSPITALS = "H1: {from: 2020-01-01}\nH2: {from: 2020-01-01, grade: primary}\nH3: {from: 2020-01-01, grade: tertiary}\n"
FAULT = re.compile(r"town\.yaml:(?P<line>\d+): (?P<path>[^:]+): .+")


def table(name: str) -> Any:
    """A table of this folder."""
    return _values(yaml.load((HERE / name).read_text("utf-8"), Loader=_Texts))


class _Texts(yaml.SafeLoader):
    """Scalars as texts, `<<` as what it holds."""


_Texts.yaml_implicit_resolvers = {"<": [("tag:yaml.org,2002:merge", re.compile("^<<$"))]}


def _values(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _values(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_values(item) for item in value]
    return VALUES.get(value, value)


def edited(data: Mapping[str, Any], *edits: Mapping[str, Any]) -> dict[str, Any]:
    """`data` with each edit applied, in order: `benefits.1.when` names the key of the second benefit."""
    changed = deepcopy(dict(data))
    for edit in edits:
        for path, value in edit.items():
            *steps, last = path.split(".")
            place: Any = changed
            for step in steps:
                place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
            _put(place, last, deepcopy(value))
    return changed


def _put(place: Any, key: str, value: Any) -> None:
    if isinstance(place, list):
        place[int(key) : int(key) + 1] = [value]
    elif value == GONE:
        place.pop(key, None)
    else:
        place[key] = value


def text_of(data: Mapping[str, Any]) -> str:
    """The file as it would be written."""
    return yaml.dump(dict(data), Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False, width=10_000)


def loaded(data: Mapping[str, Any], switched: Mapping[str, Any] | None = None, hospitals: str | None = None) -> Policy | str:
    """The policy, or the path of the first fault, which must be told with file, line and key, and the line must be one that holds the key or its owner."""
    return _loaded(text_of(data), tuple((switched or {}).items()), hospitals)


@cache
def _loaded(text: str, switched: tuple[tuple[str, Any], ...], hospitals: str | None) -> Policy | str:
    try:
        return load_policy("town.yaml", text, dict(switched), hospitals)
    except PolicyError as error:
        faults = str(error)
    told = [FAULT.fullmatch(line) for line in faults.splitlines()]
    assert all(told), faults
    first = next(match for match in told if match)
    line = text.splitlines()[int(first["line"]) - 1]
    steps = first["path"].split(".")
    assert steps[-1].isdecimal() or any(step in line for step in steps), f"{faults}\n{line}"
    return first["path"]


def later(figures: Any, before: Any) -> Any:
    """`figures` with each over time beginning later, and until then what stands in its place in `before`."""
    if isinstance(figures, list):
        return [later(item, other) for item, other in zip(figures, before, strict=True)]
    if not isinstance(figures, dict):
        return figures
    if BEGINS in figures:
        return {BEGINS: before[BEGINS], LATER: figures[BEGINS]}
    return {key: later(item, before[key]) if key in before else item for key, item in figures.items()}


def shared(put: Mapping[str, Any]) -> dict[str, Any]:
    """`put` with each figure over time as a tenth of another, which is put into the file too."""
    figures: dict[str, Any] = {}

    def tenth(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        if BEGINS not in value:
            return {key: tenth(item) for key, item in value.items()}
        name = f"tenfold_{value[BEGINS]}"
        figures[name] = {"label": {"zh": name, "en": name}, "clause": "四", "yuan": {BEGINS: str(Decimal(value[BEGINS]) * 10)}}
        return {BEGINS: {"percent_of": name, "percent": "10"}}

    return {**tenth(put), "figures": figures}


def marked(data: Mapping[str, Any], steps: Sequence[str]) -> tuple[dict[str, Any], str]:
    """The file with another text, or day, in the first place that `steps` lead to; and that text."""
    changed = deepcopy(dict(data))
    place = next(_holders(changed, steps))
    old = place[steps[-1]]
    mark = "1999-09-09" if re.fullmatch(r"\d{4}-\d\d-\d\d", str(old)) else "K42"
    place[steps[-1]] = [mark] if isinstance(old, list) else mark
    return changed, mark


def _holders(value: Any, steps: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The mappings that have the last of `steps`, reached by those before it, whatever stands between them."""
    if isinstance(value, list):
        for item in value:
            yield from _holders(item, steps)
    elif isinstance(value, dict):
        if steps[0] not in value:
            for item in value.values():
                yield from _holders(item, steps)
        elif len(steps) == 1:
            yield value
        else:
            yield from _holders(value[steps[0]], steps[1:])
