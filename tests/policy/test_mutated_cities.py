"""A mistake in a shipped city's file does not pass in silence: it is refused, or somebody sees what it changes, or it is allowed with the reason why.

Every mistake of `mutations/making.py` in every city, in `make prove`; some of them, always the same, in `make test`.
"""

import re
from functools import cache
from random import Random
from typing import Any

import pytest

from services.policy.library import SHIPPED
from services.policy.loader import Policy, load_policy
from services.policy.tree import PolicyError
from tests.policy.mutations.making import Mutant, mutants
from tests.policy.mutations.seen import page, people_of, seen

FILES = {path.stem: path.read_text("utf-8") for path in sorted(SHIPPED.glob("*.yaml")) if not path.name.endswith(".designated.yaml")}
SAMPLE = 200 // len(FILES)
FAULT = re.compile(r"[\w.-]+:\d+: [^:]+: .+")


def verdict(city: str, mutant: Mutant) -> str:
    """What comes of a mistake."""
    original, expected, shown = _original(city)
    try:
        policy = load_policy(f"{city}.yaml", mutant.text())
    except PolicyError as error:
        assert all(FAULT.fullmatch(line) for line in str(error).splitlines()), error
        return "refused"
    if any(found != known for found, known in zip(seen(policy, people_of(city)), expected, strict=True)):
        return "changed"
    return "told" if page(policy) != shown else "silent"


@cache
def _original(city: str) -> tuple[Policy, list[Any], str]:
    policy = load_policy(f"{city}.yaml", FILES[city])
    return policy, list(seen(policy, people_of(city))), page(policy)
