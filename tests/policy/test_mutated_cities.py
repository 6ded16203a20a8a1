"""A mistake in a shipped city's file does not pass in silence: it is refused, or somebody sees what it changes, or it is allowed with the reason why.

The mistakes are those of `mutations/making.py`, some 9,000 in the shipped cities: some, always the same, in `make test`; a third in `make prove`, another with
each edition of the file; every one with FULL=1. What is allowed stands in `mutations/allowed.yaml`.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from services.policy.library import SHIPPED
from services.policy.loader import Policy, load_policy
from services.policy.tree import PolicyError, Reading, parse
from tests.policy.grammar.world import page
from tests.policy.mutations.making import Mutant, mutants
from tests.policy.mutations.people import People, people_of
from tests.policy.mutations.seen import seen

EXAMPLES = Path(__file__).parents[2] / "examples" / "cities"
PATHS = {path.stem: path for folder in (SHIPPED, EXAMPLES) for path in sorted(folder.glob("*.yaml")) if path.name.count(".") == 1}
SHIPPED_CITIES = [city for city, path in PATHS.items() if path.parent == SHIPPED]
SAMPLE = 200 // len(SHIPPED_CITIES)
ALLOWED = yaml.safe_load((Path(__file__).parent / "mutations" / "allowed.yaml").read_text("utf-8"))
Switched = tuple[tuple[str, Reading], ...]
FAULT = re.compile(r"[\w.-]+:\d+: [^:]+: .+")


@pytest.mark.parametrize("city", SHIPPED_CITIES)
def test_some_mistakes_do_not_pass_in_silence(city: str) -> None:
    """Always the same ones."""
    assert [*_silent(city, Random(0).sample(_mutants(city), SAMPLE))] == []


@pytest.mark.prove
@pytest.mark.parametrize("city", PATHS)
def test_no_mistake_passes_in_silence(city: str) -> None:
    """Of the examples, which have more of the language in them, an eighth of what is tried of a shipped city."""
    share = (1 if os.environ.get("FULL") == "1" else 3) * (1 if city in SHIPPED_CITIES else 8)
    found = _mutants(city)
    edition = _loaded(city, PATHS[city].read_text("utf-8")).edition
    assert [*_silent(city, Random(edition).sample(found, len(found) // share))] == []


@pytest.mark.prove
@pytest.mark.parametrize("allowed", ALLOWED, ids=lambda allowed: allowed["place"])
def test_what_is_allowed_to_pass_does(allowed: Mapping[str, str]) -> None:
    """In some city; or it need not be allowed."""
    found = ((city, mutant) for city in PATHS for mutant in _mutants(city) if _is_of(allowed, mutant))
    assert any(verdict(city, mutant) == "allowed" for city, mutant in found)


def test_a_mistake_that_passes_is_found() -> None:
    """What nobody can see of a file is called silent: a list of kinds of visit whose first stands twice, of which the page is not asked."""
    city = SHIPPED_CITIES[0]
    mutant = next(mutant for mutant in _mutants(city) if mutant.what == "in another order" and mutant.place.endswith("visit_types"))
    assert list(seen(_loaded(city, mutant.text()), _people(city))) == _original(city, ())[0]


def _silent(city: str, tried: Sequence[Mutant]) -> Iterator[str]:
    """The mistakes that pass in silence, or are refused in a way that helps nobody, and are not allowed to."""
    for mutant in tried:
        found = verdict(city, mutant)
        if found not in ("refused", "changed", "told", "allowed"):
            yield f"{mutant.what}: {mutant.place}: {found}"


def _is_of(allowed: Mapping[str, str], mutant: Mutant) -> bool:
    return bool(re.fullmatch(allowed["place"], mutant.place) and re.fullmatch(allowed["what"], mutant.what))


@cache
def _mutants(city: str) -> list[Mutant]:
    return mutants(PATHS[city].read_text("utf-8"))


@cache
def _people(city: str) -> People:
    return people_of(_loaded(city, PATHS[city].read_text("utf-8")))


def _loaded(city: str, text: str, switched: Switched = ()) -> Policy:
    """`text` in the place of the city's file, beside its list of hospitals."""
    beside = PATHS[city].with_suffix(".designated.yaml")
    return load_policy(f"{city}.yaml", text, dict(switched), beside.read_text("utf-8") if beside.exists() else None)


def verdict(city: str, mutant: Mutant) -> str:
    """What comes of a mistake under the readings that the file chooses; where nobody sees anything, and may not, under each of the others."""
    found = _verdict(city, mutant, ())
    if found != "silent":
        return found
    if any(_is_of(allowed, mutant) for allowed in ALLOWED):
        return "allowed"
    others = (_verdict(city, mutant, switched) for switched in _others(city))
    return next((other for other in others if other != "silent"), "silent")


def _verdict(city: str, mutant: Mutant, switched: Switched) -> str:
    expected, shown = _original(city, switched)
    try:
        policy = _loaded(city, mutant.text(), switched)
    except PolicyError as error:
        return "refused" if all(map(FAULT.fullmatch, str(error).splitlines())) else f"refused without file, line and key: {error}"
    if any(found != known for found, known in zip(seen(policy, _people(city)), expected, strict=True)):
        return "changed"
    return "told" if page(policy) != shown else "silent"


@cache
def _original(city: str, switched: Switched) -> tuple[list[Any], str]:
    policy = _loaded(city, PATHS[city].read_text("utf-8"), switched)
    return list(seen(policy, _people(city))), page(policy)


@cache
def _others(city: str) -> list[Switched]:
    """Each reading of the file switched to its other."""
    return [((name, one["other"]),) for name, one in parse(city, PATHS[city].read_text("utf-8")).data["readings"].items()]
