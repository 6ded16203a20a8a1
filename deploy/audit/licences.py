"""Which licences what we ship may have: each component of a CycloneDX bill of materials is held against `licences.yaml`.

In: the bill's components, and the list. Out: a line for each component that has none, one that is not on the list, or one whose name says too
little. Not here: making the bill (`__main__.py`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

LIST = Path(__file__).with_name("licences.yaml")
_WORD = re.compile(r"[()]|[^\s()]+")


def read_list(text: str) -> tuple[frozenset[str], Mapping[str, Mapping[str, str]]]:
    """The SPDX identifiers that are allowed, and by package what we read ourselves where its own metadata say too little."""
    told = yaml.safe_load(text)
    return frozenset(told["allowed"]), told["read"]


def complaints(components: Sequence[Mapping[str, Any]], allowed: frozenset[str], read: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """A line for each component that must not be shipped as it stands, and for each reading that nothing needs any more."""
    unused = set(read)
    for component in components:
        name, declared = str(component["name"]), licences_of(component)
        if all(is_allowed(licence, allowed) for licence in declared) and declared:
            continue
        ours = read.get(name)
        unused.discard(name)
        said = "; ".join(declared) or "nothing"
        if ours is None or ours["says"] != said:
            yield f"{name} {component['version']}: its licence is not on the list; its metadata say: {said}"
        elif not ours.get("accepted") and not is_allowed(ours["is"], allowed):
            yield f"{name} {component['version']}: {ours['is']}, as {LIST.name} has it, is not on the list"
    yield from (f"{name}: {LIST.name} has a reading of it that nothing needs" for name in sorted(unused))


def licences_of(component: Mapping[str, Any]) -> list[str]:
    """The licences that a component declares: SPDX identifiers and expressions, or names as they stand, of texts the first line."""
    told = []
    for entry in component.get("licenses", []):
        one = entry.get("license", {})
        text = str(entry.get("expression") or one.get("id") or one.get("name") or "").strip()
        told += text.splitlines()[:1]
    return sorted(set(told))


def is_allowed(expression: str, allowed: frozenset[str]) -> bool:
    """Whether an SPDX expression can be met by allowed licences alone: of `OR` one, of `AND` all; `WITH` an exception it is another licence."""
    words = _WORD.findall(re.sub(r"\s+WITH\s+", "-WITH-", expression))
    verdict = _any_of(words, allowed)
    return verdict and not words


def _any_of(words: list[str], allowed: frozenset[str]) -> bool:
    verdict = _all_of(words, allowed)
    while words[:1] == ["OR"]:
        words.pop(0)
        verdict = _all_of(words, allowed) or verdict
    return verdict


def _all_of(words: list[str], allowed: frozenset[str]) -> bool:
    verdict = _one(words, allowed)
    while words[:1] == ["AND"]:
        words.pop(0)
        verdict = _one(words, allowed) and verdict
    return verdict


def _one(words: list[str], allowed: frozenset[str]) -> bool:
    if not words:
        return False
    word = words.pop(0)
    if word != "(":
        return word in allowed
    verdict = _any_of(words, allowed)
    return bool(words) and words.pop(0) == ")" and verdict
