"""What a file's counters are beyond its limits: the sums of the year, when each is counted, and the counters that benefits keep for themselves.

In: a policy file. Out: names and places. A benefit that looks at counters may begin late in a year: what of its sum it has assisted is then kept in a
counter of its own, so that no part is assisted twice and none forgotten; and so is how many times a lump sum was paid.
"""

from typing import Literal

from services.policy.benefits import Benefit, Pool, When
from services.policy.model import PolicyFile
from services.policy.parts import Label
from services.policy.whens import of_benefit, within


def asks_counters(when: When | None) -> bool:
    """Whether a condition looks at counters."""
    return any(one.limit_reached is not None or one.sum_over is not None for one in within(when))


def sums_of(file: PolicyFile) -> list[str]:
    """The pools that add up the year's burden."""
    return [name for name, pool in file.pools.items() if pool.counts == "burden"]


def place_of(file: PolicyFile, name: str) -> int:
    """Before which benefit a sum is counted: the first that reads it; after all of them where none does."""
    return next((place for place, benefit in enumerate(file.benefits) if name in read_by(benefit)), len(file.benefits))


def assisted_pool(benefit: Benefit) -> str | None:
    """The counter of what a benefit has assisted of its sum; None where it needs none."""
    looks = asks_counters(benefit.when) or asks_counters(benefit.unless)
    return f"{benefit.id}_assisted" if looks and benefit.excess and benefit.excess.per == "year" else None


def times_pool(benefit: Benefit) -> str | None:
    """The counter of how many times a benefit was paid; None where it is not limited."""
    return f"{benefit.id}_times" if benefit.times_a_year is not None else None


def kept_pools(file: PolicyFile) -> dict[str, Pool]:
    """The counters that benefits keep for themselves, as pools that only count."""
    found: dict[str, Pool] = {}
    for benefit in file.benefits:
        if name := assisted_pool(benefit):
            found[name] = _kept(benefit, "assisted", "（已计入的部分）", ": part of the sum assisted so far")
        if name := times_pool(benefit):
            found[name] = _kept(benefit, "times", "（已享受次数）", ": times paid")
    return found


def _kept(benefit: Benefit, counts: Literal["assisted", "times"], zh: str, en: str) -> Pool:
    clause = benefit.clause if isinstance(benefit.clause, str) else next(iter(benefit.clause.values()))
    label = Label(zh=benefit.label.zh + zh, en=benefit.label.en + en)
    return Pool.model_construct(label=label, clause=clause, counts=counts, visit_types=None, when=None, limit_yuan=None)


def read_by(benefit: Benefit) -> set[str]:
    """The sums that a benefit reads."""
    read = {name for when in of_benefit(benefit) for name in when.sum_over or {}}
    if benefit.excess:
        read.add(benefit.excess.sum)
    if benefit.rate and benefit.rate.of != "claim":
        read.add(benefit.rate.of)
    return read
