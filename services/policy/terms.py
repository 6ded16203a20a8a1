"""A policy's figures of one day: plain integers and functions, so that settling a claim stays in the microseconds.

Not here: how they are made of a policy file (`compiling.py`), what becomes of a claim under them (`engine.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.policy.benefits import SimpleBase
from services.policy.conditions import Condition
from services.policy.course import Limit, RateChange, Turn
from services.policy.facts import Predicate

Bands = tuple[tuple[int, int], ...]
"""From which amount on, fen, which rate holds, basis points; ascending."""


@dataclass(frozen=True, slots=True)
class ExcessBase:
    """The part of a year's sum above a threshold as it arises, or a claim's own part. `kept`: the counter of what of it has been assisted."""

    sum: str
    over_fen: int
    per_claim: bool
    kept: str | None


@dataclass(frozen=True, slots=True)
class Term:
    """One benefit as one class meets it on one kind of visit.

    Attributes:
        place: In the file's order.
        over_fen: S must be above it; None: nothing is asked.
        turn: What is asked of the counters; `barred`: what of them takes the benefit away.
        deducts: Whether it has a deductible of either kind.
        rate_bp: Its rate, where neither conditions nor modifiers can change it.
        banded_by: The sum on which its bands lie; None: on the claim's own base.
        fixed_fen: The lump sum; None: it has a rate.
        is_choosy: Whether a limit is one for some claims only.
    """

    id: str
    place: int
    kind: str
    clause: str
    applies: Predicate
    over_fen: int | None
    turn: Turn | None
    barred: Turn | None
    base: SimpleBase | ExcessBase | None
    deductible: Limit | None
    visit_deductible_fen: int | None
    deducts: bool
    class_bp: int | None
    condition_bp: tuple[tuple[str, int], ...]
    flat_bp: int | None
    take: str
    rate_bp: int | None
    bands: Bands
    banded_by: str | None
    fixed_fen: int | None
    times: Limit | None
    changes: tuple[RateChange, ...]
    limits: tuple[Limit, ...]
    is_choosy: bool
    group: str | None
    replaced_by: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sum:
    """A burden of the year: counted before the benefit at `place`, of the claims for which `holds`, and which benefit `of` applies to if it names one."""

    name: str
    place: int
    holds: Predicate
    of: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What one class can meet on one kind of visit. `bars` and `terms` in the file's order, `sums` by their places.

    Attributes:
        is_split: Whether a part of the self-pay, that above the basic insurance's cap, may be assisted by itself.
    """

    bars: tuple[tuple[str, Condition], ...]
    terms: tuple[Term, ...]
    sums: tuple[Sum, ...]
    is_split: bool


NO_PLAN = Plan((), (), (), False)
"""Of a kind of visit that only another file of the region knows: no rule of this one covers it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """All figures of one version."""

    version: date
    plans: Mapping[tuple[str, str], Plan]
    reclass: tuple[tuple[str, str, Predicate], ...]
    first_of_group: frozenset[str]
    uninsured_bp: int | None
    package: bool
    round_down: bool
    fee_visits: frozenset[str]


def basic_rate(term: Term, condition_bp: int | None) -> int:
    """The rate that counts before modifiers, of a claim whose conditions give it `condition_bp`; from 0 to 100%."""
    rates = {"class": term.class_bp, "condition": condition_bp, "flat": term.flat_bp}
    chosen_bp = rates.get(term.take) if term.take != "highest" else None
    return max(bp for bp in rates.values() if bp is not None) if chosen_bp is None else chosen_bp
