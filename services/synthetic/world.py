"""The city that events are made up for: what its policy says, and the hospitals, districts and days that the policy leaves open.

In: a policy and a year. Everything particular to a city is read from its policy, so that a city nobody has thought of needs no code.
Not here: persons and events (`script.py`).
"""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import get_args

from schemas.codes import Agency
from services.policy.loader import Policy
from services.policy.whens import of_file

HOSPITALS = 12
DISTRICTS = 6


@dataclass(frozen=True)
class City:
    """A city and the year that is made up.

    Attributes:
        code: Digits made of the region's code; ids of different cities differ by it.
        first, last: The days of the year on which the policy is in force; the whole year where it is on none.
        hospitals: Where people go as a rule; designated ones where the city has a list. `costly` is one more.
        conditions: Every condition that a rule of the policy asks about.
        ages: Every age limit that a rule of the policy names, in whole years.
    """

    policy: Policy
    year: int
    code: str
    first: date
    last: date
    hospitals: tuple[str, ...]
    costly: str
    districts: tuple[str, ...]
    conditions: tuple[str, ...]
    ages: tuple[int, ...]

    @property
    def region(self) -> str:
        """The region's code."""
        return self.policy.file.id

    @property
    def categories(self) -> tuple[str, ...]:
        """The city's categories in the policy's order."""
        return tuple(self.policy.file.categories)

    @property
    def settling(self) -> tuple[str, ...]:
        """Those that have a class, and so figures; all of them where none has."""
        found = tuple(name for name, category in self.policy.file.categories.items() if category.klass)
        return found or self.categories

    @property
    def changes(self) -> tuple[tuple[str, str], ...]:
        """Pairs of categories that one agency certifies, so that it may change one into the other; unlike classes first."""
        kinds = self.policy.file.categories
        pairs = [(one, other) for one in kinds for other in kinds if one != other and self._certifiers(one, other)]
        return tuple(sorted(pairs, key=lambda pair: kinds[pair[0]].klass == kinds[pair[1]].klass))

    @property
    def of_children(self) -> tuple[str, ...]:
        """Categories that are for children, as their labels say."""
        kinds = self.policy.file.categories
        return tuple(name for name, category in kinds.items() if any(word in category.label.en for word in ("child", "orphan")))

    @property
    def undesignated(self) -> str:
        """A hospital that is on no list."""
        return f"H{self.code}X"

    def like(self, kind: str) -> str:
        """The contract's kind of visit that `kind` is, or is like."""
        return self.policy.file.like(kind)

    def agency(self, *categories: str) -> str:
        """The source of events about all of `categories`."""
        return f"/agencies/{self.region}/{self._certifiers(*categories)[0]}"

    def other_agency(self, category: str) -> str:
        """An agency that may not certify `category`."""
        own = self._certifiers(category)
        return f"/agencies/{self.region}/{next((name for name in get_args(Agency) if name not in own), 'nobody')}"

    def _certifiers(self, first: str, *others: str) -> list[str]:
        """The agencies that certify all of some categories, as the first of them names them."""
        kinds = self.policy.file.categories
        return [name for name in kinds[first].certifiers if all(name in kinds[other].certifiers for other in others)]

    def day(self, rng: Random, begin_percent: int = 0, end_percent: int = 100) -> date:
        """A day between two shares of the time in force."""
        days = (self.last - self.first).days
        return self.first + timedelta(days=rng.randint(days * begin_percent // 100, days * end_percent // 100))

    def long_ago(self, rng: Random) -> date:
        """A day on which somebody certified before the year began may have been granted a status."""
        last = date(self.year - 1, 12, 31)
        first = max(self.policy.file.valid_from, date(self.year - 3, 1, 1))
        return first + timedelta(days=rng.randint(0, (last - first).days)) if first < last else self.first


def city_of(policy: Policy, year: int) -> City:
    """The city of `policy` in `year`."""
    region, decree = policy.file.id, policy.file
    code = str(int.from_bytes(hashlib.blake2b(region.encode(), digest_size=4).digest(), "big")).zfill(10)
    first, last = date(year, 1, 1), date(year, 12, 31)
    begin, end = max(first, decree.valid_from), min(last, decree.valid_to or last)
    whens = tuple(of_file(decree))
    hospitals = _hospitals(policy, code, first, last)
    conditions = {condition for when in whens for condition in (*(when.conditions or ()), *(when.without_conditions or ()))}
    conditions |= {condition for benefit in decree.benefits for condition in (benefit.rate and benefit.rate.condition_percent) or ()}
    return City(
        policy=policy,
        year=year,
        code=code,
        first=begin if begin <= end else first,
        last=end if begin <= end else last,
        hospitals=hospitals[:-1] or hospitals,
        costly=hospitals[-1],
        districts=tuple(sorted({name for when in whens for name in when.districts or ()})) or _districts(code),
        conditions=tuple(sorted(conditions)),
        ages=tuple(sorted({when.age_at_most for when in whens if when.age_at_most is not None})),
    )


def _districts(code: str) -> tuple[str, ...]:
    return tuple(f"{code[:4]}{number:02d}" for number in range(1, DISTRICTS + 1))


def _hospitals(policy: Policy, code: str, first: date, last: date) -> tuple[str, ...]:
    listed = tuple(
        sorted(name for name in policy.designated or () if policy.is_designated(name, first) and policy.is_designated(name, last))
    )
    return listed or tuple(f"H{code}{number:02d}" for number in range(1, HOSPITALS + 1))
