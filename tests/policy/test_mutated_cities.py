"""A mistake in a shipped city's file does not pass in silence: it is refused, or somebody sees what it changes, or it is allowed with the reason why.

The mistakes are those of `mutations/making.py`: every one in `make prove`, some, always the same, in `make test`. What is allowed stands in
`mutations/allowed.yaml`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from services.policy.library import SHIPPED
from services.policy.loader import load_policy
from services.policy.tree import PolicyError, Reading, parse
from tests.policy.grammar.world import page
from tests.policy.mutations.making import Mutant, mutants
from tests.policy.mutations.seen import people_of, seen

FILES = {path.stem: path.read_text("utf-8") for path in sorted(SHIPPED.glob("*.yaml")) if not path.name.endswith(".designated.yaml")}
SAMPLE = 200 // len(FILES)
ALLOWED = yaml.safe_load((Path(__file__).parent / "mutations" / "allowed.yaml").read_text("utf-8"))
FAULT = re.compile(r"[\w.-]+:\d+: [^:]+: .+")


@pytest.mark.parametrize("city", FILES)
def test_some_mistakes_do_not_pass_in_silence(city: str) -> None:
    """Always the same ones."""
    assert [*_silent(city, Random(0).sample(_mutants(city), SAMPLE))] == []


@pytest.mark.prove
@pytest.mark.parametrize("city", FILES)
def test_no_mistake_passes_in_silence(city: str) -> None:
    """All of them: some 9,000."""
    assert [*_silent(city, _mutants(city))] == []


@pytest.mark.prove
@pytest.mark.parametrize("allowed", ALLOWED, ids=lambda allowed: allowed["place"])
def test_what_is_allowed_to_pass_does(allowed: Mapping[str, str]) -> None:
    """In some city; or it need not be allowed."""
    found = ((city, mutant) for city in FILES for mutant in _mutants(city) if _is_of(allowed, mutant))
    assert any(verdict(city, mutant) == "silent" for city, mutant in found)


def test_a_mistake_that_passes_is_found() -> None:
    """What nobody can see of a file is called silent: a list of kinds of visit whose first stands twice, of which the page is not asked."""
    city = next(iter(FILES))
    mutant = next(mutant for mutant in _mutants(city) if mutant.what == "in another order" and mutant.place.endswith("visit_types"))
    policy = load_policy(f"{city}.yaml", mutant.text())
    assert list(seen(policy, people_of(city))) == _original(city, ())[0]


def _silent(city: str, tried: Sequence[Mutant]) -> Iterator[str]:
    """The mistakes that pass in silence, or are refused in a way that helps nobody, and are not allowed to."""
    for mutant in tried:
        found = "allowed" if any(_is_of(one, mutant) for one in ALLOWED) else verdict(city, mutant)
        if found not in ("allowed", "refused", "changed", "told"):
            yield f"{mutant.what}: {mutant.place}: {found}"


def _is_of(allowed: Mapping[str, str], mutant: Mutant) -> bool:
    return bool(re.fullmatch(allowed["place"], mutant.place) and re.fullmatch(allowed["what"], mutant.what))


@cache
def _mutants(city: str) -> list[Mutant]:
    return mutants(FILES[city])


def verdict(city: str, mutant: Mutant) -> str:
    """What comes of a mistake under the readings that the file chooses; where nobody sees anything, then under each of the others."""
    found = _verdict(city, mutant, ())
    others = (_verdict(city, mutant, switched) for switched in _others(city))
    return next((other for other in others if other != "silent"), found) if found == "silent" else found


def _verdict(city: str, mutant: Mutant, switched: tuple[tuple[str, Reading], ...]) -> str:
    expected, shown = _original(city, switched)
    try:
        policy = load_policy(f"{city}.yaml", mutant.text(), dict(switched))
    except PolicyError as error:
        return "refused" if all(map(FAULT.fullmatch, str(error).splitlines())) else f"refused without file, line and key: {error}"
    if any(found != known for found, known in zip(seen(policy, people_of(city)), expected, strict=True)):
        return "changed"
    return "told" if page(policy) != shown else "silent"


@cache
def _original(city: str, switched: tuple[tuple[str, Reading], ...]) -> tuple[list[Any], str]:
    policy = load_policy(f"{city}.yaml", FILES[city], dict(switched))
    return list(seen(policy, people_of(city))), page(policy)


@cache
def _others(city: str) -> list[tuple[tuple[str, Reading], ...]]:
    """Each reading of the file switched to its other."""
    return [((name, one["other"]),) for name, one in parse(city, FILES[city]).data["readings"].items()]
