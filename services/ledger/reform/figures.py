"""The figures of a policy that somebody may want to try otherwise: each with its path, name, unit and what it is today.

In: a case. Out: figures in the file's order, and readings. Here are those that settle claims; the premium subsidy, hospital control and early warning are not.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, Literal, NamedTuple

from services.ledger.reform.cases import Case
from services.ledger.reform.patches import is_dated
from services.policy.loader import Policy
from services.policy.tree import Reading, parse

Unit = Literal["percent", "points", "yuan"]

PARTS: Final = ("figures", "self_pay", "pools", "benefits")
"""The parts of a file in which figures stand that settle."""

_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class Figure(NamedTuple):
    """A figure; most begin at one day or more.

    Attributes:
        label: Of the benefit or pool that it lies in, by language.
        rest: The path within it.
        value: As the file has it for the day that was asked for; None: no limit.
        others: The values of other days.
    """

    path: str
    label: Mapping[str, str]
    rest: str
    unit: Unit
    value: str | None
    others: Sequence[tuple[str, str | None]]


class Choice(NamedTuple):
    """A reading, what it is today, and what it may be."""

    name: str
    why: str
    value: Reading
    values: Sequence[Reading]


def unit_of(path: Sequence[str]) -> Unit | None:
    """What the figure at a path counts; None where it is none."""
    if "modifiers" in path and "percent" in path:
        return "points"
    if any(part == "percent" or part.endswith("_percent") or part == "bands" for part in path):
        return "percent"
    return "yuan" if any(part in ("yuan", "sum_over") or part.endswith("_yuan") for part in path) else None


def figures_in(case: Case, day: date) -> list[Figure]:
    """The figures of the policy that holds on `day`."""
    policy = case.policy_of(day)
    source = case.origins[policy.whole]
    data = parse(source.name, source.text).data
    return [figure for part in PARTS for figure in _walk(data.get(part), (part,), {"zh": part, "en": part}, (), day)]


def choices_in(policy: Policy) -> list[Choice]:
    """The readings of a policy; those that are a day are left out, for they may be any."""
    return [
        Choice(name, choice.why, policy.readings[name], [choice.default, choice.other])
        for name, choice in policy.file.readings.items()
        if choice.kind == "choice"
    ]


def _walk(value: Any, path: tuple[str, ...], label: Mapping[str, str], rest: tuple[str, ...], day: date) -> Iterator[Figure]:
    if is_dated(value):
        unit = unit_of(path)
        if unit is not None and all(figure is None or isinstance(figure, str) for figure in value.values()):
            begins = max((one for one in value if one <= day.isoformat()), default=min(value))
            others = [(one, figure) for one, figure in value.items() if one != begins]
            yield Figure(".".join(path), label, " ".join(rest), unit, value[begins], others)
        return
    if isinstance(value, str) and _NUMBER.fullmatch(value) and (unit := unit_of(path)) is not None:
        yield Figure(".".join(path), label, " ".join(rest), unit, value, ())
    if isinstance(value, dict) and isinstance(value.get("label"), dict):
        label, rest = value["label"], ()
    items = value.items() if isinstance(value, dict) else _named(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _walk(item, (*path, key), label, (*rest, key), day)


def _named(items: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """The items of a list, by id, else by place."""
    for place, item in enumerate(items):
        yield (str(item["id"]) if isinstance(item, dict) and "id" in item else str(place)), item
